import { describe, expect, test } from "bun:test";
import { toDiff, toDiffJson } from "../../../lib/commands/diff.ts";
import type { PathChange } from "../../../lib/config/reload.ts";
import { renderDiff } from "../../../lib/commands/diff-text.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { describeTerminal } from "../../../lib/commands/terminal.ts";
import { createScratch, define, liveJob, ourJob } from "../../support/fakes.ts";
import { STEADY, type World, snapshot } from "../../support/snapshot.ts";

const NEWER = '{"gateway":{"mode":"local","port":1},"messages":{}}';
/** What Git declares is in place. */
const DECLARED: World = { ...STEADY, config: NEWER, live: NEWER, applied: NEWER };
/** Something else has changed two values that Git declares. */
const EDITED: World = { ...DECLARED, live: '{"gateway":{"mode":"local","port":2},"messages":1}' };
/** Something else has added two paths that Git does not declare. */
const EXTENDED: World = { ...STEADY, live: NEWER };
/** OpenClaw has given a key of Git's another name at its start. */
const MIGRATED: World = {
  ...STEADY,
  config: '{"gateway":{"mode":"local"},"routing":{"allowFrom":["+49"]}}',
  applied: '{"gateway":{"mode":"local"},"routing":{"allowFrom":["+49"]}}',
  accepted: '{"gateway":{"mode":"local"},"channels":{"allowFrom":["+49"]}}',
  live: '{"gateway":{"mode":"local"},"channels":{"allowFrom":["+49"]}}',
};
const AWAY = new ManagerError("unreachable", "nobody there");

/** The shape of `diff --json`, as programs read it. */
interface DiffJson {
  workspace: object;
  config: {
    action: "none" | "update" | "reject";
    paths: PathChange[];
    problems: string[];
    mode?: "verbatim" | "merged";
    notInGit?: string[];
  };
  cron: Record<"add" | "remove" | "adopt" | "problems", string[]> & {
    update: { name: string; fields: string[] }[];
    unchanged: number;
    unmanaged: number;
  };
  secrets: Record<"add" | "update" | "remove" | "problems", string[]> & { unchanged: number };
  approvals: Record<"add" | "change" | "remove" | "notInGit" | "problems", string[]>;
  changes: number;
}

async function diffOf(
  world: World,
  screen: Parameters<typeof describeTerminal>[0] = {},
): Promise<{ diff: DiffJson; isBroken: boolean; text: string }> {
  await using scratch = await createScratch();
  const diff = toDiff(await snapshot(scratch, world));
  const json: unknown = toDiffJson(diff);
  return {
    diff: json as DiffJson,
    isBroken: diff.isBroken,
    text: renderDiff(diff, describeTerminal(screen)).replaceAll(scratch.path, "/mnt"),
  };
}

describe("toDiffJson()", () => {
  test("has no changes if observed equals desired", async () => {
    const { diff } = await diffOf(STEADY);
    expect(diff).toEqual({
      config: { action: "none", paths: [], problems: [], mode: "verbatim" },
      cron: { add: [], update: [], remove: [], adopt: [], unchanged: 1, unmanaged: 0, problems: [] },
      secrets: { add: [], update: [], remove: [], unchanged: 0, problems: [] },
      workspace: { write: [], remove: [], drifted: [], left: [], unchanged: 0, problems: [] },
      approvals: { add: [], change: [], remove: [], notInGit: [], problems: [] },
      changes: 0,
    });
  });

  test("lists what a sync would add, update, adopt and remove", async () => {
    const definitions = ["new", "edited", "by-hand", "same"].map((name) => define({ name }));
    const jobs = [
      ourJob(define({ name: "edited", timeout: 5 }), { id: "1" }),
      liveJob({ id: "2", name: "by-hand" }),
      ourJob(define({ name: "same" }), { id: "3" }),
      ourJob(define({ name: "gone" }), { id: "4" }),
      liveJob({ id: "5", name: "somebody's" }),
    ];
    const { diff } = await diffOf({ ...STEADY, definitions: JSON.stringify(definitions), jobs });
    expect(diff.cron).toEqual({
      add: ["new"],
      update: [{ name: "edited", fields: ["payload.timeoutSeconds"] }],
      remove: ["gone"],
      adopt: ["by-hand"],
      unchanged: 1,
      unmanaged: 1,
      problems: [],
    });
    expect(diff.changes).toBe(4);
  });

  test("lists what each path of a new config does to the gateway, and counts one change", async () => {
    const { diff } = await diffOf({ ...STEADY, config: NEWER });
    expect(diff.config).toEqual({
      action: "update",
      paths: [
        { path: "gateway.port", reload: "restart" },
        { path: "messages", reload: "hot" },
      ],
      problems: [],
      mode: "verbatim",
    });
    expect(diff.changes).toBe(1);
  });

  test("does not count a change that a sync would refuse, and says why", async () => {
    const { diff } = await diffOf({ ...STEADY, config: '{"gateway":{}}' });
    expect(diff.config).toEqual({
      action: "reject",
      paths: [],
      problems: ["gateway.mode is missing; the live file has it, and OpenClaw does not start without"],
    });
    expect(diff.changes).toBe(0);
  });

  test("shows drift, which a sync reverts only with selfHeal", async () => {
    const { diff } = await diffOf(EDITED);
    expect(diff.config).toMatchObject({
      action: "none",
      mode: "merged",
      problems: [expect.stringContaining("by something else: gateway.port, messages")],
    });
    expect(diff.config.paths.map(({ path }) => path)).toEqual(["gateway.port", "messages"]);
    expect(diff.changes).toBe(0);
    expect((await diffOf({ ...EDITED, selfHeal: true })).diff).toMatchObject({
      config: { action: "update", mode: "verbatim", problems: [] },
      changes: 1,
    });
  });

  test("lists what Git does not declare as not in Git: it is no drift, and stays with selfHeal, too", async () => {
    for (const selfHeal of [false, true]) {
      const { diff, isBroken } = await diffOf({ ...EXTENDED, selfHeal });
      expect(diff.config).toEqual({
        action: "none",
        paths: [],
        problems: [],
        mode: "merged",
        notInGit: ["gateway.port", "messages"],
      });
      expect({ changes: diff.changes, isBroken }).toEqual({ changes: 0, isBroken: false });
    }
  });

  test("lists both of a key that OpenClaw has migrated", async () => {
    const { diff } = await diffOf(MIGRATED);
    const notInGit = ["channels.allowFrom", "routing.allowFrom"];
    expect(diff.config).toEqual({ action: "none", paths: [], problems: [], mode: "merged", notInGit });
  });

  test("plans only Git's change on a live file that something else has changed", async () => {
    const { diff } = await diffOf({ ...EXTENDED, config: '{"gateway":{"mode":"local"},"logging":{}}' });
    expect(diff.config).toEqual({
      action: "update",
      paths: [{ path: "logging", reload: "hot" }],
      problems: [],
      mode: "merged",
      notInGit: ["gateway.port", "messages"],
    });
  });

  test("says that the gateway reads another file, and what to set", async () => {
    const { diff, isBroken } = await diffOf({ ...STEADY, view: { path: "/nowhere/openclaw.json" } });
    expect(diff.config.problems).toEqual([expect.stringMatching(/^the gateway reads \/nowhere\/openclaw\.json, not /)]);
    expect(diff.config.problems[0]).toContain("OPENCLAW_CONFIG_PATH");
    expect({ changes: diff.changes, isBroken }).toEqual({ changes: 0, isBroken: true });
  });

  test("counts unmanaged jobs even if the definitions are wrong", async () => {
    const { diff } = await diffOf({ ...STEADY, definitions: "[", jobs: [ourJob(define()), liveJob({ id: "2" })] });
    expect(diff.cron).toMatchObject({ unmanaged: 1, problems: ["cron-jobs.json: invalid end of input at 1:2"] });
  });

  test("still reports the config if no gateway answers", async () => {
    const { diff } = await diffOf({ ...STEADY, config: NEWER, error: AWAY });
    expect(diff.config.action).toBe("update");
    expect(diff.cron).toMatchObject({ add: [], unchanged: 0, problems: ["nobody there"] });
  });
});

describe("isBroken()", () => {
  const isSo = async (change: World) => (await diffOf({ ...STEADY, ...change })).isBroken;

  test("is true for an error of the desired state or the gateway", async () => {
    expect(await isSo({ config: "{" })).toBe(true);
    expect(await isSo({ view: { isValid: false } })).toBe(true);
    expect(await isSo({ definitions: "[" })).toBe(true);
    expect(await isSo({ error: AWAY })).toBe(true);
    const cannot = { definitions: JSON.stringify([define({ failureAlert: { after: 3 } })]), gateway: { features: {} } };
    expect(await isSo(cannot)).toBe(true);
    const jobs = Array.from({ length: 10 }, (_, id) => ourJob(define({ name: `${id}` }), { id: `${id}` }));
    expect(await isSo({ definitions: "[]", jobs })).toBe(true);
  });

  test("is false for a change, for drift, and for a missing ConfigMap", async () => {
    expect(await isSo({})).toBe(false);
    expect(await isSo({ config: NEWER, jobs: [] })).toBe(false);
    expect(await isSo(EDITED)).toBe(false);
    expect(await isSo(EXTENDED)).toBe(false);
    expect(await isSo({ missing: ["config.d", "cron.d"] })).toBe(false);
  });
});

describe("renderDiff()", () => {
  test("prints one line if there are no changes", async () => {
    expect((await diffOf(STEADY)).text).toBe("No changes. 1 unchanged, 0 not ours.\n");
  });

  test("notes a moment that has passed", async () => {
    const job = define({ schedule: { kind: "at", at: "2020-01-01T09:00+09:00" } });
    const { text, isBroken, diff } = await diffOf({ ...STEADY, definitions: JSON.stringify([job]), jobs: [] });
    expect(text).toBe(
      "Cron jobs: ws://127.0.0.1:18789\n  backup: its moment 2020-01-01T00:00:00.000Z has passed; it is not added\n\nNo changes. 0 unchanged, 0 not ours.\n",
    );
    expect([isBroken, diff.changes, diff.cron.problems]).toEqual([false, 0, []]);
  });

  test("notes what may not mean what it says, and counts it as no problem", async () => {
    const job = define({ tz: "BST" });
    const { text, isBroken } = await diffOf({ ...STEADY, definitions: JSON.stringify([job]), jobs: [ourJob(job)] });
    expect(text).toBe(
      "Cron jobs: ws://127.0.0.1:18789\n  cron-jobs.json: backup: tz: means Asia/Dhaka here; write that, or the zone that you mean, such as Europe/London\n\nNo changes. 1 unchanged, 0 not ours.\n",
    );
    expect(isBroken).toBeFalse();
  });

  test("marks drift, and says what a sync does about it", async () => {
    const { text } = await diffOf(EDITED);
    expect(text).toContain("Config: /mnt/openclaw.json\n  ! /mnt/openclaw.json was changed by something else:");
    expect(text).toContain("--self-heal puts it back");
    expect(text).not.toContain("~ messages");
  });

  test("shows what is not in Git, and still has no changes", async () => {
    expect((await diffOf(EXTENDED)).text).toBe(
      [
        "Config: /mnt/openclaw.json",
        "  = gateway.port (not in Git)",
        "  = messages (not in Git)",
        "",
        "No changes. 1 unchanged, 0 not ours.",
        "",
      ].join("\n"),
    );
  });

  test("names the command that prints what OpenClaw has migrated, only where it has", async () => {
    const advice = "  OpenClaw has migrated keys that Git still has; in Git: config-manager export config\n";
    expect((await diffOf(MIGRATED)).text).toContain(advice);
    expect((await diffOf(EXTENDED)).text).not.toContain("export config");
  });

  test("says that the first config is new", async () => {
    const { live: _, applied: __, ...first } = STEADY;
    expect((await diffOf({ ...first, config: "{}" })).text).toContain("Config: /mnt/openclaw.json is new\n");
  });

  test("cuts long values to the screen, around where they differ", async () => {
    const message = (end: string) =>
      define({ message: `${"Please do look after everything there is. ".repeat(5)}${end}` });
    const world = { ...STEADY, definitions: JSON.stringify([message("Now!")]), jobs: [ourJob(message("Later."))] };
    const { text } = await diffOf(world, { isTTY: true, columns: 60 });
    const lines = text.split("\n").filter((line) => line.includes("there is."));
    expect(lines).toEqual([
      '      payload.message  - …g there is. Later."',
      '                       + …g there is. Now!"',
    ]);
  });

  test("prints a name on one line, whatever it contains", async () => {
    const name = "a\n+ add evil\u001b[2J";
    const { text } = await diffOf({ ...STEADY, definitions: JSON.stringify([define({ name })]), jobs: [] });
    expect(text).toContain("  + add a\\n+ add evil\\u001b[2J\n");
  });

  test("warns of a command that becomes an agent turn, and of namesakes that are left alone", async () => {
    const old = { version: "dev", protocol: 3, features: {} };
    const twins = ["1", "2"].map((id) => liveJob({ id, createdAtMs: Number(id) }));
    expect((await diffOf({ ...STEADY, jobs: [], gateway: old })).text).toContain(
      "+ add backup  as an agent turn, which costs model tokens",
    );
    expect((await diffOf({ ...STEADY, jobs: twins })).text).toContain("= adopt backup  not touching its namesakes 2");
  });

  test("says which of two duplicates is removed", async () => {
    const twins = ["1", "2"].map((id) => ourJob(define(), { id, createdAtMs: Number(id) }));
    expect((await diffOf({ ...STEADY, jobs: twins })).text).toContain(
      "- remove backup  an older one of the same name is ours",
    );
  });
});
