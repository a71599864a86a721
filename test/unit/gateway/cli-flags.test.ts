import { describe, expect, test } from "bun:test";
import type { Definition } from "../../../lib/definition/definition.ts";
import { toJobSpec } from "../../../lib/cron/job-spec.ts";
import type { JsonObject } from "../../../lib/json.ts";
import { toAddArguments, toEditArguments } from "../../../lib/gateway/cli-flags.ts";
import { NEW, ODD_NAMES, define, refusalOf } from "../../support/fakes.ts";

/** The arguments to add this job. */
const added = (fields: Partial<Definition> = {}, key?: string) => toAddArguments(toJobSpec(define(fields), NEW), key);

/** The arguments to apply this patch, without the id. */
const edited = (patch: JsonObject) => toEditArguments("id-1", patch).slice(1);

describe("toAddArguments()", () => {
  test("adds a command job", () => {
    expect(added()).toEqual([
      "--name=backup",
      "--wake=now",
      "--session=isolated",
      "--cron=0 3 * * *",
      '--command-argv=["sh","-lc","backup.sh"]',
      "--no-deliver",
      "--json",
    ]);
  });

  test.each([
    [{ description: "Nightly" }, ["--description=Nightly"]],
    [{ displayName: "Backup" }, ["--display-name=Backup"]],
    [{ agent: "ops" }, ["--agent=ops"]],
    [{ sessionKey: "agent:ops:x" }, ["--session-key=agent:ops:x"]],
    [{ session: "session:x" }, ["--session=session:x"]],
    [{ wake: "next-heartbeat" }, ["--wake=next-heartbeat"]],
    [{ enabled: false }, ["--disabled"]],
    [{ deleteAfterRun: true }, ["--delete-after-run"]],
    [{ deleteAfterRun: false }, ["--keep-after-run"]],
    [{ tz: "Asia/Tokyo" }, ["--cron=0 3 * * *", "--tz=Asia/Tokyo"]],
    [{ schedule: { kind: "cron", expr: "1 * * * *", staggerMs: 0 } }, ["--cron=1 * * * *", "--exact"]],
    [{ schedule: { kind: "cron", expr: "1 * * * *", staggerMs: 30_000 } }, ["--cron=1 * * * *", "--stagger=30000ms"]],
    [{ schedule: { kind: "every", everyMs: 90_000 } }, ["--every=90000ms"]],
    [{ schedule: { kind: "at", at: "2027-01-31T09:00:00+09:00" } }, ["--at=2027-01-31T00:00:00.000Z"]],
    [{ cwd: "/srv" }, ["--command-cwd=/srv"]],
    [{ env: { A: "1", B: "x=y z" } }, ["--command-env=A=1", "--command-env=B=x=y z"]],
    [{ input: "yes\n" }, ["--command-input=yes\n"]],
    [{ timeout: 0 }, ["--timeout-seconds=0"]],
    [{ noOutputTimeoutSeconds: 60 }, ["--no-output-timeout-seconds=60"]],
    [{ outputMaxBytes: 1_000 }, ["--output-max-bytes=1000"]],
    [{ tools: ["exec", "read"] }, ["--tools=exec,read"]],
    [
      { message: "Sum up.", model: "a/b", thinking: "low", fallbacks: ["c/d", "e/f"], lightContext: true },
      ["--message=Sum up.", "--model=a/b", "--thinking=low", "--fallbacks=c/d,e/f", "--light-context"],
    ],
    [{ systemEvent: "Break." }, ["--session=main", "--system-event=Break."]],
    [{ delivery: { mode: "announce" } }, ["--announce"]],
    [
      { delivery: { mode: "announce", channel: "discord", to: "1", accountId: "x", threadId: 7, bestEffort: true } },
      ["--announce", "--channel=discord", "--to=1", "--account=x", "--thread-id=7", "--best-effort-deliver"],
    ],
    [{ delivery: { mode: "webhook", to: "https://example.org/x" } }, ["--webhook=https://example.org/x"]],
  ] satisfies [Partial<Definition>, string[]][])("turns %j into %j", (fields, flags) => {
    expect(added(fields)).toEqual(expect.arrayContaining(flags));
  });

  test("adds no flag for enabled: true, which is the default", () => {
    expect(added({ enabled: true })).toEqual(added());
  });

  test("adds the declaration key where the job has one", () => {
    expect(added({}, "config-manager:backup")).toContain("--declaration-key=config-manager:backup");
    expect(added().join()).not.toContain("--declaration-key");
  });

  test("adds no delivery flag for mode none in the main session: 2026.2.9 refuses it", () => {
    expect(added({ systemEvent: "x" })).not.toContain("--no-deliver");
    expect(added({ systemEvent: "x", delivery: { mode: "announce" } })).toContain("--announce");
    expect(added({ message: "x" })).toContain("--no-deliver");
  });

  test.each(Object.entries(ODD_NAMES))("passes a text with %s as part of one flag", (_, text) => {
    expect(added({ name: text, description: text, message: text })).toEqual([
      `--name=${text}`,
      `--description=${text}`,
      "--wake=now",
      "--session=isolated",
      "--cron=0 3 * * *",
      `--message=${text}`,
      "--no-deliver",
      "--json",
    ]);
    expect(added({ command: [text, text] })).toContain(`--command-argv=${JSON.stringify([text, text])}`);
    expect(added({ env: { A: text } })).toContain(`--command-env=A=${text}`);
  });

  test("starts every argument with a flag", () => {
    const everything = added({ tz: "UTC", env: { A: "-x" }, cwd: "-x", input: "-x", description: "--x", timeout: 5 });
    expect(everything.filter((argument) => !/^--[a-z]/.test(argument))).toEqual([]);
  });

  test.each([
    ["failureAlert", { failureAlert: { after: 3 } }],
    ["pacing", { pacing: { min: "1h" } }],
    ["trigger", { trigger: { script: "return true" } }],
    ["schedule.anchorMs", { schedule: { kind: "every", everyMs: 5, anchorMs: 0 } }],
    ["schedule.command", { schedule: { kind: "on-exit", command: "make" } }],
    ["payload.script", { payload: { kind: "script", script: "return 1" } }],
    ["payload.allowUnsafeExternalContent", { message: "x", allowUnsafeExternalContent: true }],
    ["delivery.failureDestination", { delivery: { mode: "announce", failureDestination: { to: "1" } } }],
    ["delivery.channel", { delivery: { mode: "webhook", to: "https://example.org", channel: "x" } }],
  ] satisfies [string, Partial<Definition>][])("rejects %s, which has no flag", async (field, fields) => {
    expect(await refusalOf(() => added(fields))).toMatchObject({
      code: "rejected",
      message: `the openclaw CLI cannot set ${field}`,
    });
  });
});

describe("toEditArguments()", () => {
  test("has the id of the job and only the changes of the patch", () => {
    expect(toEditArguments("id-1", { description: "Nightly" })).toEqual(["id-1", "--description=Nightly"]);
    expect(toEditArguments("id-1", {})).toEqual(["id-1"]);
  });

  test.each([
    [{ name: "backup" }, ["--name=backup"]],
    [{ description: "" }, ["--description="]],
    [{ enabled: true }, ["--enable"]],
    [{ enabled: false }, ["--disable"]],
    [{ deleteAfterRun: false }, ["--keep-after-run"]],
    [{ sessionTarget: "isolated", wakeMode: "now" }, ["--session=isolated", "--wake=now"]],
    [{ displayName: null }, ["--clear-display-name"]],
    [{ agentId: null }, ["--clear-agent"]],
    [{ schedule: { kind: "cron", expr: "1 * * * *", tz: "UTC" } }, ["--cron=1 * * * *", "--tz=UTC"]],
    [{ payload: { kind: "command", argv: ["a b"], cwd: "/srv" } }, ['--command-argv=["a b"]', "--command-cwd=/srv"]],
    [{ payload: { kind: "agentTurn", message: "x", model: "a/b" } }, ["--message=x", "--model=a/b"]],
    [{ delivery: { mode: "none" } }, ["--no-deliver"]],
    [{ delivery: { mode: "announce", to: "1" } }, ["--announce", "--to=1"]],
  ] satisfies [JsonObject, string[]][])("turns %j into %j", (patch, flags) => {
    expect(edited(patch)).toEqual(flags);
  });

  test.each(["failureAlert", "pacing", "trigger"])("rejects the removal of %s, which has no flag", async (field) => {
    expect(await refusalOf(() => edited({ [field]: null }))).toMatchObject({
      code: "rejected",
      message: `the openclaw CLI cannot set ${field}`,
      hint: expect.stringContaining("OPENCLAW_GATEWAY_TOKEN"),
    });
  });
});

describe("toAddArguments() of values that no flag can express", () => {
  test.each([
    [{ message: "x", tools: ["a,b"] }, "payload.toolsAllow"],
    [{ message: "x", fallbacks: ["a/b,c/d"] }, "payload.fallbacks"],
    [{ delivery: { mode: "webhook", to: "https://example.org", bestEffort: true } }, "delivery.bestEffort"],
  ] satisfies [Partial<Definition>, string][])("rejects %j with the name of the field", async (fields, field) => {
    const message = `the openclaw CLI cannot set ${field}`;
    expect(await refusalOf(() => added(fields))).toMatchObject({ code: "rejected", message });
  });

  test.each(["toString", "__proto__", "constructor"])("rejects a field called %s", async (field) => {
    const patch = Object.fromEntries([[field, "x"]]);
    expect(await refusalOf(() => toEditArguments("id-1", { payload: { kind: "command", ...patch } }))).toMatchObject({
      message: `the openclaw CLI cannot set payload.${field}`,
    });
  });
});
