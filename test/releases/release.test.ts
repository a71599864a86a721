// One row of docs/compatibility.md: the built binary beside a real gateway of one release, with a config as people have
// it. `./build.sh test --every-release` runs this for each release, which it names in CONFIG_MANAGER_RELEASE.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import JSON5 from "json5";
import { KIND_NAMES, type KindName } from "../../lib/commands/kinds.ts";
import { parseDefinition } from "../../lib/definition/definition.ts";
import { featuresOf, findMissingFeatures } from "../../lib/gateway/features.ts";
import { isUnknownMethod } from "../../lib/gateway/refusal.ts";
import type { LiveJob } from "../../lib/gateway/job.ts";
import { toJobSpec } from "../../lib/cron/job-spec.ts";
import { approvalsOf, callsOf, grantPattern, getApprovals, patternsOf } from "../support/approvals.ts";
import { type Definition, EVERY_KIND } from "../support/every-kind.ts";
import { FEATURES, HAND_MADE, addJob, cronSectionOf, probeFeature } from "../support/feature-probes.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { mustRun } from "../support/process.ts";
import { type RealConfig, VARIABLES, realConfig } from "../support/real-config.ts";
import { RELEASES, getRelease } from "../support/release.ts";
import { type Sidecar, runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import { type Volume, createVolume } from "../support/volume.ts";
import { tightenReason } from "./reason.ts";
import { CAPABILITIES, type Capability, type Cell, Lacking } from "./row.ts";

const version = process.env["CONFIG_MANAGER_RELEASE"] ?? RELEASES[0];
const cells: Partial<Record<Capability, Cell>> = {};

let gateway: TestGateway;
let pod: Pod;
let sidecar: Sidecar | undefined;
let workspaceFiles: Volume;
let secretFiles: Volume;
let git: RealConfig = { hasOldKeys: true };

const target = () => join(pod.mounts.root, "secrets");
const environment = () =>
  pod.environment({
    ...VARIABLES,
    OPENCLAW_GATEWAY_TOKEN: gateway.token,
    WORKSPACE_DIR: workspaceFiles.path,
    SECRETS_DIR: secretFiles.path,
    SECRETS_TARGET_DIR: target(),
  });
const run = (...args: string[]) => runBinary(args, environment());

/** What is asked of the release, in this order. What it returns is a note on how it went. */
function capability(key: Capability, measure: () => Promise<string | void>): void {
  test(CAPABILITIES[key], async () => {
    const start = cells.start;
    if (start?.is === "no") {
      cells[key] = { is: "not tried", reason: "it does not start" };
    } else {
      cells[key] = await measure().then(
        (note) => ({ is: "yes", ...(note && { note }) }),
        (error: unknown) => describe(error),
      );
    }
    await keep();
    const cell = cells[key];
    if (cell.is === "no" && cell.isFailure) throw new Error(cell.reason);
  });
}

function describe(error: unknown): Cell {
  if (error instanceof Lacking) return { is: "no", reason: error.message };
  const log = gateway.log().replaceAll(/.*\[ws\].*\n/g, ""); // each call of ours has a line there
  console.error(error, `\nthe end of the gateway's log:\n${log.slice(-6_000)}`);
  const message = error instanceof Error ? error.message : String(error);
  return { is: "no", reason: tightenReason(message), isFailure: true };
}

async function keep(): Promise<void> {
  const file = process.env["CONFIG_MANAGER_CELLS"];
  if (file) await writeFile(file, JSON.stringify(cells));
}

/** 2026.4.20 to 2026.4.27 install what their plugins need at their first start, from where and as this machine does. */
async function findNpmSettings(): Promise<Record<string, string>> {
  const keys = ["registry", "globalconfig", "userconfig"];
  const values = await Promise.all(keys.map((key) => mustRun("npm", ["config", "get", key])));
  return Object.fromEntries(keys.map((key, index) => [`npm_config_${key}`, values[index]?.trim() ?? ""]));
}

beforeAll(async () => {
  gateway = await createGateway(await getRelease(version), { ...VARIABLES, ...(await findNpmSettings()) });
  pod = await createPod(gateway);
  workspaceFiles = await createVolume(join(pod.mounts.root, "workspace.d"));
  secretFiles = await createVolume(join(pod.mounts.root, "secrets.d"));
  await pod.mounts.publishJobs([]);
});
afterAll(async () => {
  await pod.dispose();
  await gateway.dispose();
});

async function publish(change: RealConfig, files: Record<string, string> = {}): Promise<void> {
  git = { ...git, ...change, more: { cron: JSON.stringify(cronSectionOf(version)), ...change.more } };
  await pod.mounts.config.publish({ "openclaw.json": realConfig(gateway, git), ...files });
}

const live = async () => JSON5.parse(await readFile(gateway.configPath, "utf8"));
/** The config that the gateway says it has. */
const resolved = async () =>
  (await gateway.rpc<{ config: { messages?: { ackReaction?: string } } }>("config.get")).config;

interface KindStatus {
  state: string;
  problems: string[];
}

/** Waits until this holds for each of these kinds, as `status` tells. */
async function untilStatus(
  what: string,
  kinds: readonly KindName[],
  holds: (status: KindStatus) => boolean,
): Promise<void> {
  let last = "";
  const areAll = async () => {
    const { stdout } = await run("status", "--json");
    last = stdout;
    const told = JSON.parse(stdout) as Record<string, KindStatus>;
    return kinds.every((kind) => told[kind] !== undefined && holds(told[kind]));
  };
  const explain = () => `${last}\n${sidecar?.messages().join("\n") ?? ""}`;
  await until(`${what} to be in sync`, areAll, { limitMs: 120_000, explain });
}

const untilInSync = (kind: KindName) => untilStatus(kind, [kind], ({ state }) => state === "in-sync");

/** Publishes a change of the config, and waits until the gateway has it. @returns the log lines and the gateway's */
async function change(to: RealConfig & { ackReaction: string }, files?: Record<string, string>) {
  if (!sidecar) throw new Error("no sidecar runs");
  const [from, logged] = [sidecar.messages().length, gateway.log().length];
  await publish(to, files);
  const hasIt = async () => (await resolved().catch(() => undefined))?.messages?.ackReaction === to.ackReaction;
  const explain = () => `${sidecar?.messages().slice(from).join("\n")}\n${gateway.log().slice(logged).slice(-2_000)}`;
  const said = () => gateway.log().slice(logged);
  await until("the gateway to look at the change", () => /\[reload\]/.test(said()), { limitMs: 120_000, explain });
  await untilRestarted(said, explain);
  await until("the gateway to have the change", hasIt, { limitMs: 120_000, explain });
  await untilInSync("config");
  return { lines: sidecar.messages().slice(from), log: gateway.log().slice(logged) };
}

const RESTART = /config change requires gateway restart \(.*?\)/;

/** Where the gateway restarts for the change, waits until it is back. */
async function untilRestarted(said: () => string, explain: () => string): Promise<void> {
  if (!RESTART.test(said())) return;
  const isBack = () => /listening/.test(said().split(RESTART).at(-1) ?? "");
  await until("the gateway to restart", isBack, { limitMs: 180_000, explain });
}

capability("start", async () => {
  await publish({});
  const init = await run("init");
  expect({ exitCode: init.exitCode, stdout: init.stdout }).toMatchObject({ exitCode: 0 });
  await gateway.startAsKubelet();
});

capability("login", async () => {
  await run("sync", "--only", "cron"); // 2026.3 and 2026.4 want a device key, and status makes none
  const { stdout } = await run("status", "--json");
  const told = JSON.parse(stdout) as { gateway: { connected: boolean; version: string; protocol: number } };
  expect(told.gateway).toMatchObject({ connected: true });
  const { version: own, protocol } = told.gateway;
  if (own !== "dev") expect(own).toBe(version);
  return `${own === "dev" ? "calls itself dev, " : ""}protocol ${protocol}`;
});

capability("merge", async () => {
  const started = await live();
  sidecar = pod.start(environment());
  await untilInSync("config");
  const { lines } = await change({ ackReaction: "🦞" });
  const all = sidecar.messages();
  const told = all.flatMap((line) => /OpenClaw changed its config at its start: (.*?)(?: \(|$)/.exec(line)?.[1] ?? []);
  const after = await live();
  expect(after).toMatchObject({ messages: { ackReaction: "🦞" } });
  // What it wrote by itself is still there, whatever Git had.
  for (const path of told.flatMap((one) => one.split(", "))) {
    const keys = path.split(".");
    const read = (value: unknown) =>
      keys.reduce<unknown>((found, key) => (found as Record<string, unknown>)?.[key], value);
    expect({ path, value: read(after) }).toEqual({ path, value: read(started) });
  }
  const isMigrated = lines.some((line) => line.startsWith("WARNING: Config merged"));
  const wrote = told.length > 0 ? `at its start it wrote ${told.join("; ")}` : "it writes nothing at its start";
  return isMigrated ? `${wrote}; it refuses old keys while it runs` : wrote;
});

capability("hot", async () => {
  const { lines, log } = await change({ ackReaction: "🐬" });
  expect(lines.filter((line) => /^WARNING: Config(?! merged)/.test(line))).toEqual([]);
  const restart = RESTART.exec(log)?.[0];
  if (restart !== undefined) throw new Lacking(`the gateway restarts for it: ${restart}`);
});

capability("refused", async () => {
  const [before, from] = [await readFile(gateway.configPath, "utf8"), sidecar?.messages().length];
  await publish({ hasOldKeys: false, more: { broadcast: "{ nonsenseKey: true }" } });
  await sidecar?.waitFor(/^WARNING: Config rejected, .*broadcast/, from);
  expect(await readFile(gateway.configPath, "utf8")).toBe(before);
  // It may still be at the refused one.
  await until("the gateway to have the former one", async () => (await resolved()).messages?.ackReaction === "🐬");
});

capability("include", async () => {
  const messages = (emoji: string) => `// in a file of its own\n{ ackReaction: "${emoji}" }\n`;
  const include = { messages: '{ $include: "./messages.json5" }' };
  // By itself: 2026.8.1 to 2026.9.4 lose a restart that comes with the first include.
  await change({ hasOldKeys: false, ackReaction: "🐢" });
  await change({ more: include, ackReaction: "🐳" }, { "messages.json5": messages("🐳") });
  await change({ more: include, ackReaction: "🐋" }, { "messages.json5": messages("🐋") });
  expect(await live()).toMatchObject({ messages: { $include: "./messages.json5" } });
  await change({ ackReaction: "🦀" });
});

const features = featuresOf(version, 4);

capability("features", async () => {
  await sidecar?.dispose();
  sidecar = undefined;
  const wrong: string[] = [];
  for (const feature of FEATURES) {
    const isThere = await probeFeature(gateway, feature);
    if (isThere !== features[feature]) wrong.push(`${feature} is ${isThere ? "there" : "not there"}`);
  }
  expect(wrong).toEqual([]);
});

const isPossible = (definition: Definition) => {
  const parsed = parseDefinition(definition);
  if (parsed.kind === "invalid") throw new Error(`${definition.name}: ${JSON.stringify(parsed.problems)}`);
  return findMissingFeatures(toJobSpec(parsed.definition, features), features).length === 0;
};
/** The one channel that the config has: 2026.9.6 refuses a job for another. */
const JOBS: Definition[] = EVERY_KIND.map((job) =>
  JSON.parse(JSON.stringify(job).replaceAll(/"(discord|Slack)"/g, '"telegram"')),
);
const POSSIBLE = JOBS.filter(isPossible);

const syncJobs = () => run("sync", "--only", "cron", "--allow-mass-removal");

async function makeEqual(jobs: unknown): Promise<void> {
  await pod.mounts.publishJobs(jobs);
  const { exitCode, messages } = await syncJobs();
  expect({ exitCode, messages }).toMatchObject({ exitCode: 0 });
}

const stamp = ({ id, updatedAtMs, configRevision }: LiveJob) => JSON.stringify([id, updatedAtMs, configRevision]);

async function expectNothingToDo(): Promise<void> {
  const before = (await gateway.jobs()).map(stamp);
  const { exitCode, messages } = await syncJobs();
  expect({ exitCode, last: messages.at(-1), count: messages.length }).toMatchObject({
    exitCode: 0,
    last: "Cron job sync complete",
    count: 2,
  });
  expect((await gateway.jobs()).map(stamp)).toEqual(before);
}

capability("jobs", async () => {
  await pod.mounts.publishJobs(JOBS);
  const first = await syncJobs();
  const refused = first.messages.filter((line) => line.startsWith("WARNING: Failed to add cron job: "));
  const impossible = JOBS.filter((definition) => !isPossible(definition)).map(({ name }) => name);
  expect(new Set(refused.map((line) => line.split(": ")[2]))).toEqual(new Set(impossible));
  for (const line of refused) expect(line).toContain(" needs OpenClaw 2026");
  const own = await pod.ownJobs();
  expect(own.map(({ name }) => name).toSorted()).toEqual(POSSIBLE.map(({ name }) => name).toSorted());
  await makeEqual(POSSIBLE);
  await expectNothingToDo();
  return `${POSSIBLE.length} of ${JOBS.length}`;
});

capability("update", async () => {
  await makeEqual([]);
  const stranger = await addJob(gateway, { ...HAND_MADE, name: "a stranger" });
  const id = await addJob(gateway, { ...HAND_MADE, name: "by hand" });
  const find = async (wanted: string) => (await gateway.jobs()).find((job) => job.id === wanted);
  const before = await find(stranger);
  const declared = { name: "by hand", schedule: "0 4 1 1 *", message: "Say hello" };
  await makeEqual([declared]);
  expect(await pod.ownJobs()).toMatchObject([
    { id, schedule: { expr: "0 4 1 1 *" }, payload: { message: "Say hello" } },
  ]);
  await expectNothingToDo();
  await makeEqual([{ ...declared, message: "Say goodbye" }]);
  expect(await pod.ownJobs()).toMatchObject([{ id, payload: { message: "Say goodbye" } }]);
  await makeEqual([]);
  expect(await find(id)).toBeUndefined();
  expect(before).toBeDefined();
  expect(await find(stranger)).toEqual(before);
  await gateway.rpc("cron.remove", { id: stranger });
});

capability("export", async () => {
  const at = `${new Date().getFullYear() + 1}-01-31T09:00:00Z`;
  const made = [
    { ...HAND_MADE, name: "a turn" },
    { ...HAND_MADE, name: "an event", sessionTarget: "main", payload: { kind: "systemEvent", text: "Call Bob" } },
    { ...HAND_MADE, name: "once", schedule: { kind: "at", at } },
    { ...HAND_MADE, name: "off", enabled: false },
  ];
  const ids = new Set<string>();
  for (const job of made) ids.add(await addJob(gateway, job));
  const { exitCode, stdout } = await run("export");
  expect(exitCode).toBe(0);
  const ofThese = (JSON.parse(stdout) as { name: string }[]).filter(({ name }) =>
    made.some((job) => job.name === name),
  );
  await makeEqual(ofThese);
  expect(new Set((await pod.ownJobs()).map(({ id }) => id))).toEqual(ids);
  await expectNothingToDo();
  await makeEqual([]);
});

/** A second pass that says nothing, because there is nothing to do. */
async function expectQuiet(kind: string): Promise<void> {
  const { exitCode, messages } = await run("sync", "--only", kind);
  const told = messages.filter((line) => !line.startsWith("Connected to gateway"));
  expect({ exitCode, told }).toEqual({ exitCode: 0, told: [] });
}

const APPROVALS = approvalsOf(["/usr/bin/rg", "~/bin/**/git"], { security: "allowlist", ask: "on-miss" });

capability("approvals", async () => {
  const client = callsOf(gateway);
  await grantPattern(client, "/usr/bin/mine").catch((error: unknown) => {
    throw isUnknownMethod(error) ? new Lacking("it has no exec.approvals.get") : error;
  });
  await publish({}, { "exec-approvals.json": APPROVALS });
  const { exitCode, messages } = await run("sync", "--only", "approvals");
  expect({ exitCode, messages }).toMatchObject({ exitCode: 0 });
  expect(patternsOf((await getApprovals(client)).file)).toEqual(["/usr/bin/mine", "/usr/bin/rg", "~/bin/**/git"]);
  await expectQuiet("approvals");
  await publish({}, { "exec-approvals.json": approvalsOf(["/usr/bin/rg"]) });
  expect(await run("sync", "--only", "approvals")).toMatchObject({ exitCode: 0 });
  expect(patternsOf((await getApprovals(client)).file)).toEqual(["/usr/bin/mine", "/usr/bin/rg"]);
});

const WORKSPACE = {
  "AGENTS.md": "# Rules\n",
  "skills/release-notes/SKILL.md": "---\nname: release-notes\ndescription: Drafts the notes.\n---\n\nRun collect.sh.\n",
  "skills/release-notes/collect.sh": { content: "#!/bin/sh\necho notes\n", mode: 0o755 },
};

capability("workspace", async () => {
  const workspace = (...path: string[]) => join(gateway.home, ".openclaw", "workspace", ...path);
  await workspaceFiles.publish(WORKSPACE);
  const { exitCode, messages } = await run("sync", "--only", "workspace");
  expect({ exitCode, messages }).toMatchObject({ exitCode: 0 });
  expect(await readFile(workspace("AGENTS.md"), "utf8")).toBe("# Rules\n");
  expect((await stat(workspace("skills/release-notes/collect.sh"))).mode & 0o111).not.toBe(0);
  await expectQuiet("workspace");
  const { file } = await gateway.rpc<{ file: { content?: string } }>("agents.files.get", {
    agentId: "main",
    name: "AGENTS.md",
  });
  expect(file.content).toBe("# Rules\n");
  const seen = async () => {
    const { skills } = await gateway.rpc<{ skills: { name: string }[] }>("skills.status", {});
    return skills.some(({ name }) => name === "release-notes");
  };
  await until("the gateway to see the skill", seen, { limitMs: 60_000 });
});

capability("secrets", async () => {
  await secretFiles.publish({ "acme-api-key": `key-${"x".repeat(20)}` });
  const { exitCode, messages } = await run("sync", "--only", "secrets");
  expect({ exitCode, messages }).toMatchObject({ exitCode: 0 });
  expect(await readFile(join(target(), "acme-api-key"), "utf8")).toBe(`key-${"x".repeat(20)}`);
  const second = await run("sync", "--only", "secrets");
  expect(second.exitCode).toBe(0);
  return messages.some((line) => line.includes("has no secrets.reload"))
    ? "copied; it has no secrets.reload"
    : undefined;
});

capability("clean", async () => {
  await publish({ hasOldKeys: false }, { "exec-approvals.json": APPROVALS });
  await pod.mounts.publishJobs(POSSIBLE.filter(({ name }) => ["message", "event", "every"].includes(name)));
  sidecar = pod.start(environment());
  const kinds = KIND_NAMES.filter((kind) => {
    const cell = cells[kind as Capability];
    return !cell || cell.is === "yes";
  });
  await untilStatus("all kinds", kinds, ({ state, problems }) => state === "in-sync" && problems.length === 0);
  const diff = await run("diff", "--json", "--exit-code");
  expect({ exitCode: diff.exitCode, changes: JSON.parse(diff.stdout).changes }).toEqual({ exitCode: 0, changes: 0 });
  let failed: string[] = [];
  const findNothing = async () => {
    const doctor = JSON.parse((await run("doctor", "--json")).stdout) as {
      checks: { name: string; state: string; detail: string }[];
    };
    failed = doctor.checks.filter(({ state }) => state === "failed").map(({ name, detail }) => `${name}: ${detail}`);
    return failed.length === 0;
  };
  // The gateway may still restart for the change above.
  await until("doctor to find nothing wrong", findNothing, { limitMs: 120_000, explain: () => failed.join("\n") });
});
