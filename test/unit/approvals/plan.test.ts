import { describe, expect, test } from "bun:test";
import { checkApprovals } from "../../../lib/approvals/check.ts";
import { formatChanges } from "../../../lib/approvals/changes.ts";
import { type Keyed, toKeyed } from "../../../lib/approvals/document.ts";
import { type ApprovalsPlan, planApprovals } from "../../../lib/approvals/plan.ts";
import type { JsonObject } from "../../../lib/json.ts";

type Agents = Record<string, JsonObject>;
const git = (agents: Agents, defaults: JsonObject = {}): Keyed => {
  const checked = checkApprovals(Buffer.from(JSON.stringify({ version: 1, defaults, agents })));
  if (checked.kind === "invalid") throw new Error(JSON.stringify(checked.problems));
  return checked.keyed;
};
const live = (agents: Agents, defaults: JsonObject = {}): JsonObject => ({
  version: 1,
  socket: { path: "/s" },
  defaults,
  agents,
});
const rules = (...patterns: string[]) => patterns.map((pattern) => ({ pattern }));
const stamped = (...patterns: string[]) =>
  patterns.map((pattern) => ({ pattern, id: `id of ${pattern}`, lastUsedAt: 5 }));

/** Plans, and what is live afterwards. */
function apply(
  file: JsonObject,
  desired: Keyed,
  base?: Keyed,
  more: Partial<Parameters<typeof planApprovals>[0]> = {},
) {
  const observed = toKeyed(file);
  const isApplied = base !== undefined && JSON.stringify(base) === JSON.stringify(desired);
  const plan = planApprovals({
    desired,
    base,
    isApplied,
    observed,
    prune: "owned",
    isHealing: false,
    nowMs: 9,
    ...more,
  });
  return { plan, after: plan.next ?? file };
}
const agentsOf = ({ agents }: JsonObject) => agents as Agents;
const told = ({ changes }: ApprovalsPlan) => formatChanges(changes);

describe("a plan", () => {
  test("adds what Git declares to a fresh gateway, and the second one is empty", () => {
    const desired = git({ main: { security: "allowlist", allowlist: rules("/a", "/b") } }, { ask: "on-miss" });
    const { plan, after } = apply(live({}), desired);
    expect(told(plan)).toEqual(["defaults.ask", "agents.main.security", "agents.main.allowlist (+2)"]);
    expect(after).toEqual({
      version: 1,
      defaults: { ask: "on-miss" },
      agents: { main: { security: "allowlist", allowlist: rules("/a", "/b") } },
    });
    const second = apply(
      live({ main: { security: "allowlist", allowlist: stamped("/a", "/b") } }, { ask: "on-miss" }),
      desired,
      desired,
    );
    expect(second.plan).toEqual({ next: undefined, changes: [], drift: [], notInGit: [] });
  });

  test("sends no socket, and keeps what the gateway has stamped and what it alone knows", () => {
    const file = { ...live({ main: { allowlist: stamped("/a"), later: { x: 1 } } }), further: [1] };
    const { after } = apply(file, git({ main: { allowlist: rules("/b"), ask: "off" } }));
    expect(after).toEqual({
      version: 1,
      defaults: {},
      further: [1],
      agents: { main: { allowlist: [...stamped("/a"), { pattern: "/b" }], later: { x: 1 }, ask: "off" } },
    });
  });

  test("takes out what Git dropped, whole, and leaves what people granted", () => {
    const base = git({ main: { security: "full", allowlist: rules("/a", "/b") }, other: { ask: "off" } });
    const file = live({ main: { security: "full", allowlist: stamped("/a", "/mine", "/b") }, other: { ask: "off" } });
    const { plan, after } = apply(file, git({ main: { allowlist: rules("/b") } }), base);
    expect(told(plan)).toEqual(["agents.main.security", "agents.main.allowlist (-1)", "agents.other.ask"]);
    expect(agentsOf(after)).toEqual({ main: { allowlist: stamped("/mine", "/b") } });
    expect(plan.notInGit).toEqual([{ path: "agents.main.allowlist", kind: "added", entry: "/mine" }]);
  });

  test("takes out the whole of a file that Git dropped, and leaves no empty agent behind", () => {
    const base = git(
      { main: { allowlist: rules("/a") }, other: { allowlist: rules("/a"), ask: "off" } },
      { ask: "off" },
    );
    const file = live(
      { main: { allowlist: stamped("/a") }, other: { allowlist: stamped("/a", "/mine"), ask: "off" }, none: {} },
      { ask: "off" },
    );
    expect(agentsOf(apply(file, {}, base).after)).toEqual({ other: { allowlist: stamped("/mine") }, none: {} });
  });

  test("takes nothing out where the base is not known, or with prune none", () => {
    const base = git({ main: { allowlist: rules("/a") } });
    const desired = git({ main: { allowlist: rules("/b") } });
    const file = live({ main: { allowlist: stamped("/a") } });
    const both = [...stamped("/a"), ...rules("/b")];
    expect(agentsOf(apply(file, desired).after)).toEqual({ main: { allowlist: both } });
    expect(agentsOf(apply(file, desired, base, { prune: "none" }).after)).toEqual({ main: { allowlist: both } });
    expect(apply(file, {}, base, { prune: "none" }).plan.next).toBeUndefined();
  });

  test("tells rules of one pattern apart by their arguments", () => {
    const entries = [{ pattern: "/a", argPattern: "^x$" }, { pattern: "/a" }];
    const base = git({ main: { allowlist: entries } });
    const file = live({
      main: {
        allowlist: [
          { pattern: "/a", argPattern: "^x$", id: "0" },
          { pattern: "/a", id: "1" },
        ],
      },
    });
    const { after } = apply(file, git({ main: { allowlist: rules("/a") } }), base);
    expect(agentsOf(after)).toEqual({ main: { allowlist: [{ pattern: "/a", id: "1" }] } });
  });

  test("keeps a dropped rule that a person has made an allow-always of", () => {
    const base = git({ main: { allowlist: rules("/a") } });
    const granted = { pattern: "/a", id: "1", source: "allow-always", lastUsedAt: 7 };
    const file = live({ main: { allowlist: [granted] } });
    expect(apply(file, {}, base).plan.next).toBeUndefined();
    const declared = git({ main: { allowlist: [{ pattern: "/a", source: "allow-always" }] } });
    expect(agentsOf(apply(file, {}, declared).after)).toEqual({});
  });

  test("takes a dropped rule out each time that it stands there", () => {
    const base = git({ main: { allowlist: rules("/a") } });
    const file = live({
      main: { allowlist: [...stamped("/a"), ...stamped("/mine"), ...rules("/a"), ...rules("/mine")] },
    });
    expect(agentsOf(apply(file, {}, base).after)).toEqual({
      main: { allowlist: [...stamped("/mine"), ...rules("/mine")] },
    });
    expect(apply(file, base, base).plan).toMatchObject({ changes: [], drift: [] });
  });

  test("declares MCP grants, with a date for a new one", () => {
    const grant = { server: "s", tool: "t" };
    const base = git({ main: { mcpTools: [grant] } });
    const { plan, after } = apply(live({}), base);
    expect(told(plan)).toEqual(["agents.main.mcpTools (+1)"]);
    expect(agentsOf(after)).toEqual({ main: { mcpTools: [{ addedAt: 9, ...grant, source: "allow-always" }] } });
    const used = live({ main: { mcpTools: [{ ...grant, source: "allow-always", addedAt: 5, lastUsedAt: 6 }] } });
    expect(apply(used, base, base).plan).toMatchObject({ changes: [], drift: [] });
    expect(agentsOf(apply(used, {}, base).after)).toEqual({});
  });

  test("leaves drift until Git changes the same path, and puts it back to heal", () => {
    const base = git({ main: { security: "deny", allowlist: rules("/a", "/b") } });
    const file = live({ main: { security: "full", allowlist: stamped("/b") } });
    const { plan } = apply(file, base, base);
    expect(plan.next).toBeUndefined();
    expect(formatChanges(plan.drift)).toEqual(["agents.main.security", "agents.main.allowlist (+1)"]);

    const next = git({ main: { security: "deny", ask: "off", allowlist: rules("/a", "/b", "/c") } });
    const later = apply(file, next, base);
    expect(told(later.plan)).toEqual(["agents.main.ask", "agents.main.allowlist (+1)"]);
    expect(formatChanges(later.plan.drift)).toEqual(["agents.main.security", "agents.main.allowlist (+1)"]);

    const healed = apply(file, base, base, { isHealing: true });
    expect(agentsOf(healed.after)).toEqual({
      main: { security: "deny", allowlist: [...stamped("/b"), ...rules("/a")] },
    });
    expect(healed.plan.drift).toEqual([]);
  });

  test("after a killed pass takes out what that may have applied, and sets all that Git declares", () => {
    const base = git({ main: { ask: "off", allowlist: rules("/a") } });
    const pending = git({ main: { ask: "always", allowlist: rules("/a", "/b") } });
    const file = live({ main: { ask: "always", allowlist: stamped("/b", "/mine") } });
    const { after } = apply(file, base, base, { pending });
    expect(agentsOf(after)).toEqual({ main: { ask: "off", allowlist: [...stamped("/mine"), ...rules("/a")] } });
    expect(agentsOf(apply(file, {}, undefined, { pending }).after)).toEqual({ main: { allowlist: stamped("/mine") } });
    expect(agentsOf(apply(file, {}, undefined, { pending, prune: "none" }).after)).toEqual(agentsOf(file));
  });

  test("leaves entries alone that make no sense", () => {
    const odd = [1, null, "text", { id: "no pattern" }, { pattern: 5 }];
    const file = live({ main: { allowlist: odd }, odd: 5 as never });
    const { after } = apply(file, git({ main: { allowlist: rules("/a") } }));
    expect(after.agents).toEqual({ main: { allowlist: [...odd, ...rules("/a")] }, odd: 5 });
  });
});

/** A small generator with a seed, so that a failure can be repeated. */
function createRandom(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

test("any history of Git and people: the second plan is empty, no grant is lost, what Git dropped is gone", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = createRandom(seed);
    const pick = (names: readonly string[]) => names.filter(() => random(2) === 0);
    let file = live({});
    let base: Keyed | undefined;
    const granted = new Set<string>();
    let before = new Set<string>();
    for (let round = 0; round < 6; round++) {
      const agents = Object.fromEntries(
        ["main", "other"].map((id) => [
          id,
          { allowlist: rules(...pick(["/a", "/b", "/c", "/d"])), ...(random(2) ? { ask: "off" } : {}) },
        ]),
      );
      const desired = git(agents, random(2) ? { security: "deny" } : {});
      const { after } = apply(file, desired, base);
      const has = (id: string, pattern: string) => {
        const list = agentsOf(after)[id]?.allowlist as { pattern: string }[] | undefined;
        return list?.some((entry) => entry.pattern === pattern) ?? false;
      };
      expect(apply(after, desired, desired).plan).toMatchObject({ changes: [], drift: [] });
      expect(apply(after, desired).plan.changes).toEqual([]);
      for (const key of granted) expect([key, has(...(key.split(" ") as [string, string]))]).toEqual([key, true]);
      const now = new Set(
        Object.entries(agents).flatMap(([id, { allowlist }]) => allowlist.map(({ pattern }) => `${id} ${pattern}`)),
      );
      for (const key of before.difference(now))
        expect([key, has(...(key.split(" ") as [string, string]))]).toEqual([key, false]);
      [file, base, before] = [structuredClone(after), desired, now];
      const id = ["main", "other", "third"][random(3)] ?? "";
      const grant = `/granted/${seed}/${round}`;
      const mine = (file.agents as Agents)[id] ?? {};
      (file.agents as Agents)[id] = {
        ...mine,
        allowlist: [...((mine.allowlist as []) ?? []), { pattern: grant, id: grant }] as never,
      };
      granted.add(`${id} ${grant}`);
    }
  }
});
