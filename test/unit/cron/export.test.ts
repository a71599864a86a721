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
    "a moment that stays": define({
      message: "x",
      schedule: { kind: "at", at: "2027-01-31T09:00:00.000Z" },
      deleteAfterRun: false,
    }),
    "a program that ends once": define({
      message: "x",
      schedule: { kind: "on-exit", command: "make" },
      deleteAfterRun: true,
    }),
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
    expect(exportJobs(others, OPTIONS)).toEqual({ definitions: [], namesakes: [], trimmed: [], skipped: [] });
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

  const turn = (fields: object = {}) => ({ payload: { kind: "agentTurn", message: "x", ...fields } });
  const event = (fields: object) => ({ sessionTarget: "main", payload: { kind: "systemEvent", text: "x", ...fields } });
  const announce = { mode: "announce", channel: "telegram", to: "1" };

  // As 2026.2.9 and 2026.9.6 list jobs of stores that people have had for long.
  const LEFTOVERS: Record<string, [fields: Record<string, unknown>, trimmed: string[], exported: object]> = {
    "a field of a payload": [turn({ prompt: "y" }), ["payload.prompt"], { message: "x" }],
    "fields of a payload that a job has on top": [
      turn({
        session: "main",
        sessionKey: "k",
        agentId: "other",
        description: "y",
        enabled: false,
        name: "z",
        env: {},
      }),
      ["session", "sessionKey", "agentId", "description", "enabled", "name", "env"].map((field) => `payload.${field}`),
      { message: "x" },
    ],
    "an agent turn's fields in a system event": [
      event({ message: "y", model: "a/b", deliver: false, timeoutSeconds: 5 }),
      ["payload.message", "payload.model", "payload.deliver", "payload.timeoutSeconds"],
      { systemEvent: "x" },
    ],
    "another spelling of a time zone": [
      { ...turn(), schedule: { kind: "cron", expr: "0 3 * * *", cron: "0 3 * * *", timezone: "Asia/Tokyo" } },
      ["schedule.cron", "schedule.timezone"],
      { message: "x", schedule: "0 3 * * *" },
    ],
    "a time zone of an interval": [
      { ...turn(), schedule: { kind: "every", everyMs: 60_000, anchorMs: 5, every: "1m", tz: "UTC" } },
      ["schedule.every", "schedule.tz"],
      { message: "x", schedule: { kind: "every", everyMs: 60_000, anchorMs: 5 } },
    ],
    "a time zone of a moment": [
      { ...turn(), schedule: { kind: "at", at: "2036-12-07T09:00:00.000Z", tz: "Asia/Tokyo" } },
      ["schedule.tz"],
      { message: "x", schedule: { kind: "at", at: "2036-12-07T09:00:00.000Z" }, deleteAfterRun: undefined },
    ],
    "fields of a delivery": [
      {
        ...turn(),
        delivery: { ...announce, enabled: true, provider: "telegram" },
      },
      ["delivery.enabled", "delivery.provider"],
      { message: "x", delivery: announce },
    ],
    "deleteAfterRun of a job that repeats": [{ ...turn(), deleteAfterRun: true }, ["deleteAfterRun"], { message: "x" }],
    "fields on top, which nothing tells from OpenClaw's own": [
      { ...turn(), notify: true, tags: ["a"], runCount: 3, owner: { agentId: "main" } },
      [],
      { message: "x" },
    ],
    "no wakeMode": [{ ...turn(), wakeMode: undefined }, [], { message: "x", wake: "next-heartbeat" }],
    "no sessionTarget": [{ ...turn(), sessionTarget: undefined }, [], { message: "x" }],
    nulls: [{ ...turn({ model: null, thinking: null, timeoutSeconds: null }), agentId: null }, [], { message: "x" }],
  };

  test.each(Object.entries(LEFTOVERS))(
    "exports a job with %s without it, says so, and a sync changes nothing",
    (_, row) => {
      const [fields, trimmed, expected] = row;
      const isOnce = (fields.schedule as { kind?: string } | undefined)?.kind === "at";
      const live = liveJob({ ...(isOnce ? { deleteAfterRun: true } : {}), ...fields });
      const result = exportJobs([live], OPTIONS);
      const definition = JSON.parse(JSON.stringify({ name: "backup", schedule: "0 3 * * *", ...expected }));
      expect(result).toEqual({
        definitions: [definition],
        namesakes: [],
        trimmed: trimmed.length > 0 ? [{ name: "backup", fields: trimmed }] : [],
        skipped: [],
      });
      const parsed = parseDefinition(definition);
      if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
      const plan = planCron([parsed.definition], [live], { ...OPTIONS, prune: "owned", allowMassRemoval: false });
      // A job without a session has to be given one: 2026.2.9 takes no other update of it.
      const filled = fields.sessionTarget === undefined && "sessionTarget" in fields ? ["sessionTarget"] : [];
      expect(plan.actions).toMatchObject([{ kind: "adopt", fields: ["description", ...filled] }]);
    },
  );

  test.each([
    ["channel", "telegram", { mode: "announce" }],
    ["provider", "telegram", { mode: "announce", to: "1" }],
    ["to", "1", { mode: "announce", channel: "telegram" }],
    ["bestEffortDeliver", true, announce],
    ["deliver", true, undefined],
    ["externalContentSource", "email", announce],
  ])("does not export a job with %s in its agent turn where OpenClaw reads it", (field, value, delivery) => {
    const live = liveJob({ ...turn({ [field]: value, prompt: "y" }), delivery });
    expect(exportJobs([live], OPTIONS)).toMatchObject({
      definitions: [],
      trimmed: [],
      skipped: [{ name: "backup", reason: `OpenClaw reads payload.${field}, which a definition cannot have` }],
    });
  });

  test.each([
    ["channel", "telegram", announce],
    ["to", "2", announce],
    ["bestEffortDeliver", true, { ...announce, bestEffort: false }],
    ["deliver", true, announce],
    ["channel", "telegram", { mode: "none" }],
  ])("exports it where the delivery says the same: %s", (field, value, delivery) => {
    const live = liveJob({ ...turn({ [field]: value }), delivery });
    expect(exportJobs([live], OPTIONS)).toMatchObject({
      trimmed: [{ name: "backup", fields: [`payload.${field}`] }],
      skipped: [],
    });
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
    expect(describeCaveats({ definitions, namesakes: [], trimmed: [], skipped: [] })).toEqual([
      warning("a"),
      warning("b"),
    ]);
  });

  test("returns each as it is; the output escapes a name", () => {
    const lines = describeCaveats({
      definitions: [],
      namesakes: [{ name: "a\nb", id: "1" }],
      trimmed: [{ name: "d", fields: ["payload.prompt", "schedule.tz"] }],
      skipped: [{ name: "c", id: "2", reason: "schedule: unknown" }],
    });
    expect(lines).toEqual([
      "exported without what has no effect: d: payload.prompt, schedule.tz",
      "not exported: a\nb, 1: another job has the same name",
      "not exported: c, 2: schedule: unknown",
    ]);
  });
});
