import { describe, expect, test } from "bun:test";
import type { Definition } from "../../../lib/definition/definition.ts";
import type { Features } from "../../../lib/gateway/features.ts";
import { listFieldChanges } from "../../../lib/cron/field-changes.ts";
import type { LiveJob } from "../../../lib/gateway/job.ts";
import { planCron } from "../../../lib/cron/plan.ts";
import { NEW, OLD, OWNER, define, liveJob, ourJob } from "../../support/fakes.ts";

/** What a sync changes in a job, as `field: before → after`. */
function changesOf(definition: Definition, live?: LiveJob, features: Features = NEW): string[] {
  const options = { owner: OWNER, features, prune: "owned", allowMassRemoval: false, nowMs: 0 } as const;
  const [action] = planCron([definition], live ? [live] : [], options).actions;
  if (!action) return [];
  return listFieldChanges(action, live, OWNER).map(({ field, before, after }) => `${field}: ${before} → ${after}`);
}

describe("listFieldChanges()", () => {
  test("lists what a new job declares, without defaults", () => {
    expect(changesOf(define({ timeout: 60, tz: "Asia/Tokyo" }))).toEqual([
      'schedule.expr: undefined → "0 3 * * *"',
      'schedule.tz: undefined → "Asia/Tokyo"',
      'payload.argv: undefined → "backup.sh"',
      "payload.timeoutSeconds: undefined → 60",
    ]);
    expect(
      changesOf(define({ delivery: { mode: "announce" }, session: "session:ops", wake: "next-heartbeat" })),
    ).toEqual([
      'schedule.expr: undefined → "0 3 * * *"',
      'payload.argv: undefined → "backup.sh"',
      'sessionTarget: undefined → "session:ops"',
      'wakeMode: undefined → "next-heartbeat"',
      'delivery.mode: undefined → "announce"',
    ]);
  });

  test("lists old and new value, field by field", () => {
    const before = define({ env: { A: "1", B: "2" }, timeout: 60, description: "Nightly" });
    const after = define({ env: { A: "1", C: "3" }, schedule: "0 4 * * *", retry: 2 });
    expect(changesOf(after, ourJob(before))).toEqual([
      'description: "Nightly" → undefined',
      'schedule.expr: "0 3 * * *" → "0 4 * * *"',
      'payload.argv: "backup.sh" → "backup.sh" (retry 2)',
      "payload.env.B: *** → undefined",
      "payload.env.C: undefined → ***",
      "payload.timeoutSeconds: 60 → undefined",
    ]);
  });

  test("shows that a secret changes, and neither value", () => {
    expect(changesOf(define({ env: { A: "new" } }), ourJob(define({ env: { A: "old" } })))).toEqual([
      "payload.env.A: undefined → *** (another value, not shown)",
    ]);
    const hook = (token: string) => define({ delivery: { mode: "webhook", to: `https://host/?token=${token}` } });
    expect(changesOf(hook("new"), ourJob(hook("old")))).toEqual([
      "delivery.to: undefined → *** (another value, not shown)",
    ]);
  });

  test("masks the variables of a command that an old gateway runs as an agent turn", () => {
    const job = (value: string) => define({ env: { PLAIN: value, ODD: "it's" } });
    const changes = changesOf(job("new"), ourJob(job("old"), {}, OLD), OLD);
    expect(changes).toEqual(["payload.message: undefined → *** (another value, not shown)"]);
    const changed = changesOf(job("new hush"), undefined, OLD);
    const message = changed.find((line) => line.startsWith("payload.message"));
    expect(message).toEndWith(
      '\\n\\nSet the environment variable PLAIN to ***\\nSet the environment variable ODD to ***"',
    );
    expect(message).not.toContain("hush");
  });

  test.each<[string, string | string[], string]>([
    ["a quoted variable", 'API_TOKEN="hush two" sync', '"API_TOKEN=\\"***\\" sync"'],
    ["a quoted flag", 'login --password "hush" host', '"login --password \\"***\\" host"'],
    ["JSON", `curl -d '{"password":"hush"}' host`, `"curl -d '{\\"password\\":\\"***\\"}' host"`],
    ["a login", "curl -u me:hush https://host", '"curl -u me:*** https://host"'],
    ["a here-document", "cat > ~/.netrc <<EOF\nhush\nEOF", '"cat > ~/.netrc <<EOF\\n***\\nEOF"'],
    ["a list", ["x", "--api-key", "hush two", "list"], '["x","--api-key","***","list"]'],
    ["a list with a program's flag", ["sshpass", "-p", "hush", "ssh", "host"], '["sshpass","-p","***","ssh","host"]'],
    ["a header in a list", ["curl", "-H", "X-Api-Key: hush two"], '["curl","-H","X-Api-Key: ***"]'],
  ])("masks before it quotes: %s", (_, command, shown) => {
    expect(changesOf(define({ command }))).toContain(`payload.argv: undefined → ${shown}`);
    const retried = changesOf(define({ command, retry: 2 }));
    expect(retried).toContain(`payload.argv: undefined → ${shown} (retry 2)`);
  });

  test("masks in texts and lists of any other field", () => {
    const message = 'Use {"apiKey": "hush"} and --password "hush two".';
    const shown = 'payload.message: undefined → "Use {\\"apiKey\\": \\"***\\"} and --password \\"***\\"."';
    expect(changesOf(define({ message }))).toContain(shown);
    expect(changesOf(define({ description: "TOKEN='hush' x" }))).toContain(`description: undefined → "TOKEN='***' x"`);
  });

  test("never shows what a command reads as input", () => {
    const job = (input: string) => define({ input });
    expect(changesOf(job("hush"))).toContain("payload.input: undefined → ***");
    expect(changesOf(job("new"), ourJob(job("old")))).toEqual([
      "payload.input: undefined → *** (another value, not shown)",
    ]);
    const asTurn = changesOf(job("hush\nit's hush"), undefined, OLD).find((line) => line.startsWith("payload.message"));
    expect(asTurn).toEndWith('\\nGive it this standard input: ***"');
  });

  test("does not show the ownership mark", () => {
    const definition = define({ description: "Nightly" });
    const byHand = liveJob({ description: "Nightly" });
    expect(changesOf(definition, byHand)).toEqual([]);
    expect(changesOf(define(), byHand)).toEqual(['description: "Nightly" → undefined']);
    expect(changesOf(define({ timeout: 5 }), ourJob(define(), {}, OLD), OLD)).toEqual([
      "payload.timeoutSeconds: undefined → 5",
    ]);
  });

  test("lists another kind of schedule and payload", () => {
    const definition = define({ schedule: { kind: "every", everyMs: 60_000 }, message: "Look." });
    expect(changesOf(definition, ourJob(define()))).toEqual([
      'schedule.kind: "cron" → "every"',
      'schedule.expr: "0 3 * * *" → undefined',
      "schedule.everyMs: undefined → 60000",
      'payload.kind: "command" → "agentTurn"',
      'payload.message: undefined → "Look."',
    ]);
  });

  test.each(["toString", "__proto__", "constructor"])("lists a variable called %s as any other", (name) => {
    const env = Object.fromEntries([[name, "1"]]);
    expect(changesOf(define({ env: { ...env, A: "1" } }), ourJob(define({ env: { A: "1" } })))).toEqual([
      expect.stringMatching(new RegExp(`^payload\\.env\\.${name}: undefined → `)),
    ]);
    expect(changesOf(define({ env: { A: "1" } }), ourJob(define({ env: { ...env, A: "1" } })))).toEqual([
      expect.stringMatching(new RegExp(`^payload\\.env\\.${name}: .* → undefined$`)),
    ]);
  });

  test("lists nothing for a removed job", () => {
    expect(listFieldChanges({ kind: "remove", name: "x", id: "id-1", reason: "undeclared" }, liveJob(), OWNER)).toEqual(
      [],
    );
  });
});
