// What a person types in `kubectl exec`, beside real gateways on which everything is wrong at once: what is printed
// stands in golden/commands/, to be read as one would at three in the morning.
//
// UPDATE_GOLDEN=1 writes the expected files anew, but never in CI. Read them before you keep them.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { RELEASES, getRelease } from "../support/release.ts";
import { MARK, editLive, mendConfig, setTrouble, variablesOf } from "../support/scene.ts";
import { BINARY, type Result, runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import { GOLDEN } from "../support/repository.ts";

const COMMANDS = join(GOLDEN, "commands");

interface Step {
  /** The golden file's name, and what is typed where nothing else is said. */
  name: string;
  typed?: string;
  prepare?: (gateway: TestGateway, pod: Pod) => Promise<unknown>;
}

/** One after the other, on one gateway. */
const STEPS: Step[] = [
  { name: "status" },
  { name: "status --json" },
  { name: "diff" },
  { name: "diff --json" },
  { name: "diff --exit-code" },
  { name: "doctor" },
  { name: "doctor --json" },
  { name: "validate" },
  { name: "export" },
  { name: "register --wait 20" },
  { name: "sync" },
  { name: "sync, again", typed: "sync --only cron" },
  { name: "diff, of a mended config", typed: "diff --exit-code", prepare: (_, pod) => mendConfig(pod) },
  { name: "diff --json, of a mended config", typed: "diff --json" },
  { name: "sync, of a mended config", typed: "sync --only config" },
  { name: "init" },
  { name: "status, of drift", typed: "status", prepare: (gateway) => editLive(gateway) },
  { name: "diff, of drift", typed: "diff" },
  { name: "diff, of drift to be healed", typed: "diff --self-heal" },
  { name: "doctor, of drift", typed: "doctor" },
  { name: "status, of nobody", typed: "status", prepare: (gateway) => gateway.kill() },
  { name: "diff, of nobody", typed: "diff" },
  { name: "doctor, of nobody", typed: "doctor" },
  { name: "export, of nobody", typed: "export" },
];

describe.each([...RELEASES])("beside OpenClaw %s", (version) => {
  let gateway: TestGateway;
  let pod: Pod;
  const outputs = new Map<string, Result>();

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version), variablesOf(version));
    await gateway.start();
    pod = await createPod(gateway);
    // The gateway's own jobs come a moment after its start.
    const own = version === "2026.2.9" ? 0 : 3;
    await until("the gateway's own jobs", async () => (await gateway.jobs()).length === own);
    await setTrouble(gateway, pod);
  });
  afterAll(async () => {
    await pod.dispose();
    await gateway.dispose();
  });

  /** Without what is another each time: ids, places, moments. */
  function scrub(text: string): string {
    return (
      text
        .replaceAll(gateway.configPath, "/home/node/.openclaw/openclaw.json")
        .replaceAll(pod.mounts.root, "/mnt")
        .replaceAll(`127.0.0.1:${gateway.port}`, "127.0.0.1:18789")
        .replaceAll(pod.owner, "config-manager")
        .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>")
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
        .replace(/^\d{4}-\d\d-\d\d [\d:]{8} /gm, "")
        .replace(/\b[0-9a-f]{32}\b|(?<=md5 )[0-9a-f]{12}\b/g, "<md5>")
        .replace(/\b\d+ bytes/g, "<n> bytes")
        .replace(/(?<= {2})(?:\d+[smhd]|due)(?= |$)/gm, "<age>")
        // When the gateway's own jobs run is its own affair.
        .replace(/^(.* (?:memory-core|heartbeat|skill-collection-review) .*?)(?: +(?:<age>|-)){2} +\S+$/gm, "$1  …")
        .replace(/^(?:NAME|.* {2}…$|.*<age>).*$/gm, (row) => row.replace(/ {2,}/g, "  "))
    ); // ages are of different lengths
  }

  // First: later, there is nothing more to see.
  test("on a terminal of 80 columns, no line of the jobs is longer, and NO_COLOR means none", async () => {
    const onTerminal = (more: Record<string, string>) =>
      runBinary(["-qec", `stty cols 80; ${BINARY} status`, "/dev/null"], pod.environment({ TERM: "xterm", ...more }), [
        "script",
      ]);
    const coloured = (await onTerminal({})).stdout;
    expect(coloured).toContain("\u001b[");
    // A line of progress, which a slow machine shows, is wiped out again.
    const plain = (await onTerminal({ NO_COLOR: "1" })).stdout.replaceAll("\u001b[K", "");
    expect(plain).not.toContain("\u001b");
    const table = plain.slice(plain.indexOf("NAME")).split(/\r?\n/);
    expect(table.length).toBeGreaterThan(5);
    expect(table.filter((line) => line.length > 80)).toEqual([]);
  });

  test.each(STEPS)("$name says what is in the golden file", async ({ name, typed = name, prepare }) => {
    await prepare?.(gateway, pod);
    const result = await runBinary(typed.split(" "), pod.environment({ OPENCLAW_GATEWAY_TOKEN: gateway.token }));
    outputs.set(name, result);
    const { exitCode, stdout, stderr } = result;
    const found = scrub(`${stdout}${stderr ? `--- stderr\n${stderr}` : ""}--- exit ${exitCode}\n`);
    const file = fileOf(name);
    if (process.env.UPDATE_GOLDEN === "1" && !process.env.CI) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, found);
    }
    if (!existsSync(file)) throw new Error(`${file} is missing; UPDATE_GOLDEN=1 writes it, from:\n${found}`);
    expect(found).toBe(readFileSync(file, "utf8"));
  });

  const fileOf = (name: string) => join(COMMANDS, version, `${name.replace(/[^\w]+/g, "-")}.txt`);

  test("every golden file belongs to a command", () => {
    const files = readdirSync(join(COMMANDS, version)).map((name) => join(COMMANDS, version, name));
    expect(files.toSorted()).toEqual(STEPS.map(({ name }) => fileOf(name)).toSorted());
  });

  test("none of it shows half a secret; but export writes jobs down, and says that env is in them", () => {
    for (const [name, { stdout, stderr }] of outputs) {
      for (const secret of [MARK, gateway.token]) {
        const isExport = name === "export" && secret === MARK;
        expect([name, (stdout + stderr).includes(secret)]).toEqual([name, isExport]);
      }
    }
    expect(outputs.size).toBe(STEPS.length);
  });
});
