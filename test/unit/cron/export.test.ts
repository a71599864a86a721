import { describe, expect, test } from "bun:test";
import type { Definition } from "../../../lib/definition/definition.ts";
import { parseDefinition } from "../../../lib/definition/definition.ts";
import { describeCaveats, exportJobs } from "../../../lib/cron/export.ts";
import type { LiveJob } from "../../../lib/gateway/job.ts";
import type { Json } from "../../../lib/json.ts";
import { planCron } from "../../../lib/cron/plan.ts";
import { NEW, ODD_NAMES, OLD, OWNER, define, liveJob, ourJob } from "../../support/fakes.ts";

const OPTIONS = { owner: OWNER, features: NEW, nowMs: Date.parse("2026-11-22T12:00:00Z") };

const exported = (...live: LiveJob[]) => exportJobs(live, OPTIONS).definitions;

describe("exportJobs()", () => {
  // Each in its shortest form.
  const DECLARED: Record<string, Definition> = {
    "a shell line": define(),
    "a list of arguments": define({ command: ["printf", "%s", "a b"] }),
    "a command with options": define({ command: "x", cwd: "/srv", env: { A: "1" }, input: "in", timeout: 5 }),
    "a shell line with a PATH": define({ command: "x", env: { PATH: "/opt/bin:/bin" } }),
    "a shell line with a PATH that is tried again": define({ command: "x", env: { PATH: "/opt/bin" }, retry: 2 }),
    "a login shell with a PATH": define({ command: ["sh", "-lc", "x"], env: { PATH: "/opt/bin" } }),
    "a shell with no PATH": define({ command: ["sh", "-c", "x"], env: { A: "1" } }),
    "a command that is tried again": define({ command: 'it\'s "x" $Y', retry: 3 }),
    "arguments that are tried again": define({ command: ["a", "b c"], retry: 1 }),
    "an agent turn": define({ message: "x" }),
    "an agent turn with options": define({ message: "x", model: "a/b", thinking: "low", tools: ["read"], timeout: 5 }),
    "a system event": define({ systemEvent: "x" }),
    "a script": define({ payload: { kind: "script", script: "return {};", timeoutSeconds: 60, toolBudget: 5 } }),
    "a time zone": define({ message: "x", tz: "Asia/Tokyo" }),
    "no stagger": define({ message: "x", schedule: { kind: "cron", expr: "0 * * * *", staggerMs: 0 } }),
    "seven fields": define({ message: "x", schedule: { kind: "cron", expr: "0 0 7 * * * 2030" } }),
    "an interval": define({ message: "x", schedule: { kind: "every", everyMs: 60_000, anchorMs: 5 } }),
    "a moment": define({ message: "x", schedule: { kind: "at", at: "2027-01-31T09:00:00.000Z" } }),
    "a delivery": define({ message: "x", delivery: { mode: "announce", channel: "telegram", to: "1" } }),
    "a webhook": define({ systemEvent: "x", delivery: { mode: "webhook", to: "https://example.com" } }),
    "another session": define({ message: "x", session: "session:notes" }),
    "everything else": define({
      message: "x",
      description: "Nightly",
      displayName: "Backup",
      enabled: false,
      agent: "ops",
      sessionKey: "agent:ops:x",
      wake: "next-heartbeat",
      deleteAfterRun: true,
      failureAlert: { after: 3 },
      pacing: { min: "1h" },
    }),
  };

  test.each(Object.entries(DECLARED))("returns %s as it was declared", (_, definition) => {
    expect(exported(ourJob(definition))).toEqual([definition]);
  });

  test("drops the gateway's defaults, and keeps what a person set", () => {
    const filled = liveJob({
      schedule: { kind: "cron", expr: "0 * * * *", staggerMs: 300_000 },
      payload: { kind: "agentTurn", message: "x", toolsAllow: ["*"], toolsAllowIsDefault: true },
      scheduledToolPolicy: { version: 1, mode: "trusted" },
    });
    expect(exported(filled)).toEqual([{ name: "backup", schedule: "0 * * * *", message: "x" }]);
    const said = liveJob({ schedule: { kind: "cron", expr: "5 * * * *", staggerMs: 300_000 } });
    expect(exported(said)).toMatchObject([{ schedule: { kind: "cron", expr: "5 * * * *", staggerMs: 300_000 } }]);
  });

  test("never shows the mark", () => {
    const live = ourJob(define({ message: "x" }), {}, OLD);
    expect(live.description).toContain("managed-by");
    expect(exported(live)).toEqual([define({ message: "x" })]);
  });

  test("omits the jobs of other owners", () => {
    const others = [
      liveJob({ declarationKey: "heartbeat:main" }),
      liveJob({ id: "2", declarationKey: "other:backup" }),
      liveJob({ id: "3", description: "x [managed-by=other]" }),
    ];
    expect(exportJobs(others, OPTIONS)).toEqual({ definitions: [], namesakes: [], skipped: [] });
  });

  test("exports the job that a sync would use for a name, and lists the others", () => {
    const old = liveJob({ id: "old", createdAtMs: 1 });
    const young = liveJob({ id: "young", createdAtMs: 2 });
    const own = ourJob(define({ command: "own.sh" }), { id: "own", createdAtMs: 3 });
    expect(exportJobs([young, old], OPTIONS)).toMatchObject({
      definitions: [{ command: "backup.sh" }],
      namesakes: [{ name: "backup", id: "young" }],
    });
    expect(exportJobs([young, old, own], OPTIONS)).toMatchObject({
      definitions: [{ command: "own.sh" }],
      namesakes: [{ id: "old" }, { id: "young" }],
    });
  });

  test.each<[string, Record<string, Json>, string]>([
    ["a payload of the gateway's own", { payload: { kind: "heartbeat" } }, "payload"],
    ["a session that a file cannot have", { sessionTarget: "current" }, "session"],
    ["a schedule of a later release", { schedule: { kind: "moon" } }, "schedule"],
  ])("lists %s, which no definition can express", (_, fields, reason) => {
    const { definitions, skipped } = exportJobs(
      [liveJob({ payload: { kind: "agentTurn", message: "x" }, ...fields })],
      OPTIONS,
    );
    expect(definitions).toEqual([]);
    expect(skipped).toMatchObject([{ name: "backup", id: "id-1", reason: expect.stringContaining(reason) }]);
  });

  test("keeps names unchanged", () => {
    const live = Object.values(ODD_NAMES).map((name, index) =>
      liveJob({ id: `id-${index}`, name, createdAtMs: index }),
    );
    expect(exported(...live).map(({ name }) => name)).toEqual(Object.values(ODD_NAMES));
  });

  test("is adopted by a sync and left unchanged", () => {
    const live = Object.values(DECLARED).map((definition, index) => {
      const spec = ourJob({ ...definition, name: `job ${index}` });
      const { declarationKey: _, ...unclaimed } = spec;
      return liveJob({ ...unclaimed, id: `id-${index}` });
    });
    const definitions = exported(...live).map((definition) => {
      const parsed = parseDefinition(definition);
      if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
      return parsed.definition;
    });
    const { actions } = planCron(definitions, live, { ...OPTIONS, prune: "owned", allowMassRemoval: false });
    expect(actions).toHaveLength(live.length);
    for (const action of actions) expect(action).toMatchObject({ kind: "adopt", fields: ["description"] });
  });
});

describe("describeCaveats()", () => {
  test("warns of possible secrets, by the job's name and never by the value", () => {
    const env = { TOKEN: "hush" };
    const definitions = [
      { name: "a", env },
      { name: "b", payload: { kind: "command", argv: ["x"], env } },
      { name: "c" },
    ];
    const warning = (name: string) => `written down with its env: ${name}; take secrets out before it goes into Git`;
    expect(describeCaveats({ definitions, namesakes: [], skipped: [] })).toEqual([warning("a"), warning("b")]);
  });

  test("returns each as it is; the output escapes a name", () => {
    const lines = describeCaveats({
      definitions: [],
      namesakes: [{ name: "a\nb", id: "1" }],
      skipped: [{ name: "c", id: "2", reason: "schedule: unknown" }],
    });
    expect(lines).toEqual([
      "not exported: a\nb, 1: another job has the same name",
      "not exported: c, 2: schedule: unknown",
    ]);
  });
});
