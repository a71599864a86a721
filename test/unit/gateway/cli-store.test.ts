import { readFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { toJobSpec } from "../../../lib/cron/job-spec.ts";
import { NoCliError } from "../../../lib/gateway/cli-process.ts";
import { openCliStore } from "../../../lib/gateway/cli-store.ts";
import { featuresOf } from "../../../lib/gateway/features.ts";
import { installCli } from "../../support/fake-cli.ts";
import { NEW, createScratch, define, liveJob, refusalOf } from "../../support/fakes.ts";

const { signal } = new AbortController();
const spec = toJobSpec(define(), NEW);

/** The store over a CLI that prints this version and otherwise runs this script. */
async function openStore(script: string, version = "OpenClaw 2026.9.6 (eb377ac)") {
  const cli = await installCli(`case $1 in --version) echo "${version}" ;; *) ${script} ;; esac`);
  return {
    store: await openCliStore(signal, { mayExpose: true }),
    [Symbol.asyncDispose]: () => cli[Symbol.asyncDispose](),
  };
}

const fail = (reason: string) => `echo "Error: ${reason}" >&2; exit 1`;
const print = (value: unknown) => `printf '%s' '${JSON.stringify(value)}'`;

describe("openCliStore()", () => {
  test.each([
    ["OpenClaw 2026.9.6 (eb377ac)", "2026.9.6", NEW],
    ["2026.4.15", "2026.4.15", featuresOf("2026.4.15", 4)],
    ["no number", "dev", featuresOf("dev", 4)],
  ])("reads the version from %j", async (line, version, features) => {
    await using at = await openStore("exit 1", line);
    expect(at.store).toMatchObject({ transport: "cli", version, protocol: undefined, features });
  });

  test("takes a CLI that does not know --version for dev", async () => {
    await using _ = await installCli(fail("unknown option"));
    expect((await openCliStore(signal, { mayExpose: true })).version).toBe("dev");
  });

  test.each([
    ["is no openclaw", undefined],
    ["is no memory for it", "kill -9 $$"],
  ])("is rejected when there %s", async (_, script) => {
    await using cli = await installCli(script);
    void cli;
    expect(await refusalOf(openCliStore(signal, { mayExpose: true }))).toBeInstanceOf(NoCliError);
  });
});

describe("readDefaultAgent()", () => {
  test.each([
    ["reads it from the config", print({ list: [{ id: "work" }, { id: "boss", default: true }] }), "boss"],
    ["is main where the config names no agent", fail("Config path not found: agents"), "main"],
    ["does not know it from an output that makes no sense", "echo '{'", undefined],
    ["does not know it where the CLI fails", fail("Config invalid"), undefined],
  ])("%s", async (_, script, id) => {
    await using at = await openStore(`[ "$*" = "config get agents --json" ] || exit 9; ${script}`);
    expect(await at.store.readDefaultAgent()).toBe(id);
  });
});

describe("listJobs()", () => {
  test.each([
    ["before it", `echo "a warning"; ${print({ jobs: [liveJob()] })}`],
    ["after it", `${print({ jobs: [liveJob()] })}; printf '\\n[plugins] done\\n'`],
    ["with a brace, before it", `echo "[plugins] loaded {"; ${print({ jobs: [liveJob()] })}`],
    [
      "that is JSON itself, on both sides",
      `echo '{"level":"warn"}'; ${print({ jobs: [liveJob()] })}; printf '\\n{"a":{}}'`,
    ],
  ])("reads the list, whatever is printed %s", async (_, script) => {
    await using at = await openStore(script);
    expect(await at.store.listJobs()).toEqual([liveJob()]);
  });

  test("is joined by callers that come at the same time, and asks anew afterwards", async () => {
    await using scratch = await createScratch();
    const log = scratch.in("calls");
    await using at = await openStore(`echo x >> '${log}'; ${print({ jobs: [] })}`);
    await Promise.all([at.store.listJobs(), at.store.listJobs()]);
    expect(await readFile(log, "utf8")).toBe("x\n");
    await at.store.listJobs();
    expect(await readFile(log, "utf8")).toBe("x\nx\n");
  });

  test.each([
    ["nothing", "true"],
    ["no JSON", "echo '{'"],
    ["no list", print({ jobs: "none" })],
    ["two lists, of which one is a plugin's", `echo '{"jobs":[]}'; ${print({ jobs: [liveJob()] })}`],
    ["a list nested too deeply", print({ jobs: [], x: JSON.parse("[".repeat(300) + "]".repeat(300)) })],
  ])("rejects %s", async (_, script) => {
    await using at = await openStore(script);
    expect(await refusalOf(at.store.listJobs())).toMatchObject({
      code: "rejected",
      message: "openclaw cron list: the output makes no sense; nothing is changed",
    });
  });

  test.each([
    [{ total: 2 }, "1 of 2 jobs"],
    [{ hasMore: true }, "1 of more jobs"],
  ])("rejects half a list: %j", async (more, shown) => {
    await using at = await openStore(print({ jobs: [liveJob()], ...more }));
    expect(await refusalOf(at.store.listJobs())).toMatchObject({
      code: "rejected",
      message: `openclaw cron list: printed ${shown}; half a list is not acted on`,
    });
  });
});

describe("readScheduler()", () => {
  test("reads whether it is on, whatever is printed before it", async () => {
    await using at = await openStore(`echo "a warning"; ${print({ enabled: false, jobs: 2 })}`);
    expect(await at.store.readScheduler()).toMatchObject({ enabled: false });
  });

  test("rejects what makes no sense", async () => {
    await using at = await openStore("echo '{'");
    expect(await refusalOf(at.store.readScheduler())).toMatchObject({
      code: "rejected",
      message: "openclaw cron status: the output makes no sense",
    });
  });
});

describe("addJob()", () => {
  test.each([
    ["declarationKey", "unknown option '--declaration-key=x'"],
    ["commandPayload", "unknown option '--command-argv'"],
  ] as const)("learns that the CLI has no %s, and asks for another plan", async (feature, reason) => {
    await using at = await openStore(fail(reason));
    expect(await refusalOf(at.store.addJob(spec, "key"))).toMatchObject({ code: "conflict" });
    expect(at.store.features).toEqual({ ...NEW, [feature]: false });
    expect(await refusalOf(at.store.addJob(spec, "key"))).toMatchObject({ code: "rejected" });
  });
});

describe("updateJob()", () => {
  test.each(["cron job not found", "unknown cron job id: id-1"])("is a conflict after %j", async (reason) => {
    await using at = await openStore(fail(reason));
    expect(await refusalOf(at.store.updateJob("id-1", { description: "x" }))).toMatchObject({
      code: "conflict",
      message: "the job was changed by somebody else in the meantime",
    });
  });

  test("sets no anchor that the job has, and says that it cannot set another one", async () => {
    const schedule = { kind: "every", everyMs: 60_000, anchorMs: 7 };
    const list = print({ jobs: [liveJob({ schedule })] });
    const isEdit = '[ "$3" = id-1 ] && [ "$4" = --every=120000ms ] && [ $# = 4 ]';
    await using at = await openStore(`case $2 in list) ${list} ;; edit) ${isEdit} || exit 9 ;; esac`);
    await at.store.listJobs();
    await at.store.updateJob("id-1", { schedule: { ...schedule, everyMs: 120_000 } });
    expect(await refusalOf(at.store.updateJob("id-1", { schedule: { ...schedule, anchorMs: 8 } }))).toMatchObject({
      code: "rejected",
      message: "the openclaw CLI cannot set schedule.anchorMs",
    });
  });

  test("is rejected for any other reason", async () => {
    await using at = await openStore(fail("bad patch"));
    expect(await refusalOf(at.store.updateJob("id-1", {}))).toMatchObject({ code: "rejected", message: "bad patch" });
  });
});

describe("removeJob()", () => {
  test.each(["cron job not found", "unknown cron job id: id-1"])("succeeds after %j", async (reason) => {
    await using at = await openStore(fail(reason));
    await at.store.removeJob("id-1");
  });

  test("is rejected for any other reason", async () => {
    await using at = await openStore(fail("system jobs cannot be removed"));
    expect(await refusalOf(at.store.removeJob("id-1"))).toMatchObject({ code: "rejected" });
  });
});
