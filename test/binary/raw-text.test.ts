// Text from outside that controls a terminal, forges a line or hides: planted in every field of every reply of a gateway
// and in every file. No output of any command has it raw, and JSON has the same value. No real gateway sends such replies.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type FakeGateway, type Reply, greeting, serveGateway } from "../support/fakes.ts";
import { refuse } from "../support/fake-servers.ts";
import { type Mounts, type Sidecar, createMounts, runBinary, startSidecar } from "../support/sidecar.ts";

const MARK = "M\u001b[31m\u0007\r\u0085\u009b\u202e\u2066\u2028\u200b\u00ad\ufeff\u{e0041}M";

/** All that must not be printed, save the ends of our own lines. */
const RAW = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;

const rawIn = (output: string) => output.split("\n").filter((line) => RAW.test(line));

const COMMANDS = [
  ["status"],
  ["status", "--json"],
  ["diff"],
  ["diff", "--json"],
  ["doctor"],
  ["doctor", "--json"],
  ["export", "cron"],
  ["export", "config"],
  ["validate"],
  ["uninstall", "--dry-run"],
  ["sync"],
  ["sync", "--log-format=json"],
  ["init"],
  ["init", "--log-format=json"],
  ["register", "--wait=1"],
  ["register", "--wait=1", "--log-format=json"],
];

const job = (more: object) => ({ name: MARK, schedule: "@daily", command: `echo ${MARK}`, description: MARK, ...more });

const CONFIG = `{gateway: {mode: "local", ${JSON.stringify(MARK)}: 1}, ${JSON.stringify(MARK)}: "a", ${JSON.stringify(MARK)}: ${JSON.stringify(MARK)}}`;

const liveJob = (id: string, more: object) => ({
  id,
  name: MARK,
  description: MARK,
  enabled: true,
  createdAtMs: 1,
  agentId: MARK,
  schedule: { kind: "cron", expr: "@daily", tz: MARK },
  payload: { kind: "agentTurn", message: MARK, model: MARK },
  state: { lastStatus: MARK, lastRunStatus: MARK, lastError: MARK, nextRunAtMs: 1, lastRunAtMs: 1 },
  ...more,
});

const JOBS = {
  jobs: [
    liveJob(`id-1 ${MARK}`, { declarationKey: `config-manager:${MARK}`, configRevision: MARK }),
    liveJob(`id-2 ${MARK}`, {}),
    liveJob(`id-3 ${MARK}`, { declarationKey: `heartbeat:${MARK}` }),
    liveJob(`id-4 ${MARK}`, { name: `${MARK} gone`, declarationKey: `config-manager:${MARK} gone` }),
  ],
  snapshotRevision: MARK,
};

const ISSUE = { path: MARK, message: `${MARK} is wrong` };
const refused = () => refuse(MARK, { code: MARK, details: { code: MARK, issues: [ISSUE], reason: MARK } });
const view = (more: object) => () => ({ payload: { hash: MARK, issues: [ISSUE], legacyIssues: [ISSUE], ...more } });
const connected = () => ({ payload: greeting(`2026.9.6-${MARK}`) });
const listed = () => ({ payload: JOBS });
const working = { connect: connected, "cron.status": () => ({ payload: {} }), "cron.list": listed };
const writes = { "cron.add": refused, "cron.update": refused, "cron.remove": refused };
const logs = () => ({
  payload: { lines: [JSON.stringify({ "0": "gateway/reload", "1": `config reload failed: ${MARK}`, time: "2099" })] },
});

const GATEWAYS: Record<string, Record<string, () => Reply>> = {
  "whose replies hold it": { ...working, ...writes, "config.get": view({ valid: false }), "logs.tail": logs },
  "that warns with it": { ...working, ...writes, "config.get": view({ valid: true, warnings: [ISSUE] }) },
  "that reads a path with it": { ...working, ...writes, "config.get": view({ valid: true, path: `/${MARK}` }) },
  "that refuses every call with it": { connect: connected, "cron.status": refused, "cron.list": refused },
  "that refuses the connection with it": { connect: refused },
  "that closes with it": { connect: () => ({ close: MARK.slice(0, 20) }) },
};

let mounts: Mounts;
let gateway: FakeGateway;
let env: Record<string, string>;
let sidecar: Sidecar | undefined;

beforeEach(async () => {
  mounts = await createMounts();
});
afterEach(async () => {
  await sidecar?.dispose();
  sidecar = undefined;
  await gateway[Symbol.asyncDispose]();
  await mounts.dispose();
});

async function prepare(answers: Record<string, () => Reply>): Promise<void> {
  gateway = serveGateway(answers);
  env = mounts.environment({
    OPENCLAW_GATEWAY_URL: gateway.url,
    OPENCLAW_GATEWAY_TOKEN: "token",
    CONFIG_MANAGER_TRANSPORT: "gateway",
    PVC_CONFIG: join(mounts.root, "data", "openclaw.json"),
  });
  await mkdir(dirname(env.PVC_CONFIG ?? ""));
  await writeFile(env.PVC_CONFIG ?? "", `{gateway: {mode: "local", port: 1}, live: {${JSON.stringify(MARK)}: 1}}`);
}

/** Runs every command; returns what each has printed. */
async function runAll(): Promise<Map<string, string>> {
  const outputs = new Map<string, string>();
  for (const args of COMMANDS) {
    const { stdout, stderr } = await runBinary(args, env);
    const name = args.join(" ");
    expect([name, rawIn(stdout), rawIn(stderr)]).toEqual([name, [], []]);
    outputs.set(name, stdout);
    if (args.includes("--json")) expect([name, typeof JSON.parse(stdout)]).toEqual([name, "object"]);
    if (args.includes("--log-format=json")) {
      for (const line of stdout.split("\n").filter(Boolean)) expect(JSON.parse(line)).toBeObject();
    }
  }
  return outputs;
}

describe.each(Object.entries(GATEWAYS))("a gateway %s", (_, answers) => {
  test("gets it into no output raw, with any command", async () => {
    await prepare(answers);
    await mounts.config.publish({ "openclaw.json": CONFIG, [`${MARK}.json`]: "{}" });
    await mounts.cron.publish({ [`a ${MARK}.json`]: JSON.stringify([job({})]) });
    await mkdir(mounts.staging, { recursive: true });
    await writeFile(join(mounts.staging, `staged ${MARK}.json`), JSON.stringify([job({ [MARK]: MARK })]));
    const outputs = await runAll();
    if (answers["cron.list"] !== listed) return;
    const diff = JSON.parse(outputs.get("diff --json") ?? "") as {
      cron: { update: { name: string }[]; remove: string[] };
    };
    expect(diff.cron.update[0]?.name).toBe(MARK);
    expect(diff.cron.remove).toEqual([`${MARK} gone`]);
    const status = JSON.parse(outputs.get("status --json") ?? "") as { jobs: { id: string }[] };
    expect(status.jobs.map(({ id }) => id)).toContain(`id-2 ${MARK}`);
  });

  test.each(["text", "json"])("gets it into no log raw (%s)", async (format) => {
    await prepare(answers);
    await mounts.config.publish({ "openclaw.json": CONFIG });
    await mounts.cron.publish({ [`a ${MARK}.json`]: JSON.stringify([job({})]) });
    sidecar = startSidecar(env, ["run", "--poll-interval=0.2", `--log-format=${format}`]);
    await sidecar.waitFor(/openclaw main process|Main process detected/);
    await sidecar.waitFor(/Config copied to PVC|WARNING/);
    await sidecar.waitFor(/M\\u/); // the mark, escaped
    sidecar.signal("SIGTERM");
    await sidecar.exited;
    expect(rawIn(sidecar.messages().join("\n"))).toEqual([]);
  });
});

describe("files that are wrong", () => {
  test("get it into no output raw", async () => {
    await prepare(working);
    const record = { checksum: MARK, release: MARK, problems: [`${MARK}: ${MARK}`] };
    for (const name of ["rejected", "good", "applied"])
      await writeFile(`${env.PVC_CONFIG}.config-manager-${name}`, JSON.stringify(record));
    for (const config of [
      `{gateway: {mode: "local"}, $include: ${JSON.stringify([MARK, `${MARK}.json`, `../${MARK}`])}}`,
      `{gateway: {mode: "local"}, ${MARK}}`,
      `{${JSON.stringify(MARK)}: 1}`,
    ]) {
      await mounts.config.publish({ "openclaw.json": config, [`${MARK}.json`]: `{${MARK}` });
      await mounts.cron.publish({
        [`a ${MARK}.json`]: JSON.stringify([job({}), job({}), job({ [MARK]: 1, schedule: MARK, env: { [MARK]: 1 } })]),
        [`b ${MARK}.yaml`]: `- "${MARK.slice(MARK.indexOf("\u0085"))}": !x y\n`,
        "openclaw.json.txt": "",
      });
      await runAll();
    }
    const named = await runBinary(["validate", `${mounts.root}/no ${MARK}`, `${mounts.cron.path}/a ${MARK}.json`], env);
    expect([rawIn(named.stdout), rawIn(named.stderr)]).toEqual([[], []]);
    expect(named.stdout).toContain("M\\u001b[31m");
  });
});

test("flags and settings with it are refused without it", async () => {
  await prepare(working);
  for (const args of [["status", `--${MARK}`], [MARK], ["sync", `--only=${MARK}`]]) {
    const { exitCode, stdout, stderr } = await runBinary(args, env);
    expect([exitCode, rawIn(stdout), rawIn(stderr)]).toEqual([64, [], []]);
  }
  for (const name of ["POLL_INTERVAL", "OPENCLAW_GATEWAY_URL", "CRON_DIR", "CONFIG_MANAGER_OWNER", "PVC_CONFIG"]) {
    const { stdout, stderr } = await runBinary(["status"], { ...env, [name]: `/${MARK}` });
    expect([name, rawIn(stdout), rawIn(stderr)]).toEqual([name, [], []]);
  }
});
