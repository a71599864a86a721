import { describe, expect, test } from "bun:test";
import { reportApprovals } from "../../../lib/approvals/report.ts";
import { takeApprovalsSnapshot } from "../../../lib/approvals/snapshot.ts";
import { writeBase } from "../../../lib/approvals/record.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { MissingApprovalsError } from "../../../lib/gateway/approvals-calls.ts";
import type { Gateway } from "../../../lib/gateway/connection.ts";
import { type LiveApprovals, approvalsOf, createApprovalsGateway } from "../../support/approvals.ts";
import { createScratch } from "../../support/fakes.ts";
import { createVolume } from "../../support/volume.ts";

interface World {
  /** Git's file; undefined for none. */
  git?: string;
  /** What was last applied. */
  base?: string;
  agents?: LiveApprovals["agents"];
  gateway?: Gateway | ManagerError;
  selfHeal?: boolean;
  isEmpty?: boolean;
}

async function report({ git, base, agents = {}, gateway, selfHeal = false, isEmpty = false }: World) {
  await using scratch = await createScratch();
  const volume = await createVolume(scratch.in("config.d"));
  await volume.publish({
    ...(isEmpty ? {} : { "openclaw.json": "{}" }),
    ...(git !== undefined && { "exec-approvals.json": git }),
  });
  const places = { pvcConfig: scratch.in("openclaw.json"), checksumDir: scratch.in("sums") };
  if (base !== undefined) await writeBase(places, Buffer.from(base));
  const snapshot = await takeApprovalsSnapshot({
    settings: { configDir: volume.path, prune: "owned", ...places },
    selfHeal,
    gateway: gateway ?? createApprovalsGateway(agents),
    nowMs: 1,
  });
  const made = reportApprovals(snapshot, "/etc/config.d");
  const { source, place, ownership, applied } = await made.check();
  const checks = [...source, ...place, ...ownership, ...applied];
  return { status: made.status(), diff: made.diff(), checks, states: checks.map(({ state }) => state).join(" ") };
}

const GIT = approvalsOf(["/a", "/b"], { ask: "off" });
const entry = (pattern: string) => ({ pattern, id: pattern });
const EQUAL = { main: { ask: "off", allowlist: [entry("/a"), entry("/b"), entry("/mine")] } };

describe("a report", () => {
  test("of nothing at all is unused, with no check", async () => {
    for (const isEmpty of [true, false]) {
      const { status, diff, checks } = await report({ isEmpty });
      expect(status).toMatchObject({ json: { state: "in-sync", problems: [], declared: 0 }, isUnused: true });
      expect([diff.heading, diff.changes, diff.isBroken, checks]).toEqual([undefined, 0, false, []]);
    }
  });

  test("of equal ones counts what is not in Git, and shows it", async () => {
    const { status, diff, states } = await report({ git: GIT, base: GIT, agents: EQUAL });
    expect(status.json).toEqual({ state: "in-sync", declared: 3, notInGit: 1, problems: [] });
    expect(status.detail).toBe("3 declared, 1 not in Git");
    const notInGit = ['agents.main.allowlist "/mine"'];
    expect(diff).toMatchObject({ json: { add: [], change: [], remove: [], notInGit, problems: [] }, changes: 0 });
    expect(diff.entries.map(({ mark, text }) => `${mark} ${text}`)).toEqual([`= ${notInGit[0]}`]);
    expect(states).toBe("ok ok ok");
  });

  test("of a change in Git lists what a sync does, with marks", async () => {
    const { status, diff, states, checks } = await report({
      git: approvalsOf(["/b", "/password=hush"], { ask: "always" }),
      base: GIT,
      agents: EQUAL,
    });
    expect(status.json.state).toBe("pending");
    expect(diff.json).toMatchObject({
      add: [expect.stringMatching(/^agents\.main\.allowlist "\/password=(?!hush)/)],
      change: ["agents.main.ask"],
      remove: ['agents.main.allowlist "/a"'],
    });
    expect([diff.changes, diff.counts.planned]).toEqual([1, ["3 exec approvals to change"]]);
    expect(diff.entries.map(({ mark }) => mark).join("")).toBe("~-+=");
    expect(states).toBe("ok ok warning");
    expect(checks.at(-1)?.hint).toBe("config-manager sync --only approvals");
  });

  test("of a file that Git has dropped takes its rules out", async () => {
    const { status, diff } = await report({ base: GIT, agents: EQUAL });
    expect(status).toMatchObject({ json: { state: "pending", declared: 0 }, isUnused: false });
    expect(diff.json.remove).toEqual(["agents.main.ask", 'agents.main.allowlist "/a"', 'agents.main.allowlist "/b"']);
  });

  test("of drift names it; with --self-heal it is a change", async () => {
    const world = { git: GIT, base: GIT, agents: { main: { ask: "always", allowlist: [entry("/a")] } } };
    const { status, diff, states } = await report(world);
    expect(status.json).toMatchObject({
      state: "drifted",
      problems: [
        "agents.main.ask: something else has changed it",
        "agents.main.allowlist (+1): something else has changed it",
      ],
    });
    expect([diff.changes, diff.notes.length, diff.isBroken, states]).toEqual([0, 1, false, "ok ok failed"]);
    const healed = await report({ ...world, selfHeal: true });
    expect([healed.status.json.state, healed.diff.changes, healed.diff.notes]).toEqual(["pending", 1, []]);
  });

  test("of a wrong file has its problems", async () => {
    const { status, diff, states, checks } = await report({ git: '{"version": 3}' });
    const problems = ["version: is another version; only 1 is known"];
    expect(status.json).toMatchObject({ state: "rejected", problems });
    expect([diff.isBroken, diff.json.problems, states]).toEqual([true, problems, "failed skipped skipped"]);
    expect(checks[0]?.hint).toBe("config-manager validate /etc/config.d/exec-approvals.json");
  });

  test("of a gateway that is away, or has no such calls, says so", async () => {
    const away = await report({ git: GIT, gateway: new ManagerError("unreachable", "nobody there") });
    expect(away.status.json).toMatchObject({ state: "unknown", problems: ["nobody there"] });
    expect([away.diff.isBroken, away.states]).toEqual([true, "ok skipped skipped"]);
    const old = await report({
      git: GIT,
      gateway: new MissingApprovalsError("refused", "the gateway has no such call"),
    });
    expect(old.status.json).toMatchObject({
      state: "rejected",
      problems: ["they cannot be applied: the gateway has no such call"],
    });
    expect(old.states).toBe("ok failed skipped");
  });

  test("of an empty ConfigMap that had them is no plan to take them out", async () => {
    const { status, diff, states } = await report({ base: GIT, isEmpty: true, agents: EQUAL });
    expect(status.json.state).toBe("unknown");
    expect([diff.changes, states]).toEqual([0, "warning skipped skipped"]);
  });
});
