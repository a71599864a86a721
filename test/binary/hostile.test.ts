// The built binary on a volume that an agent can write too: anything at every path that is read or written, through
// every command, as the user that the manifests name. No command hangs, nothing is written outside, and Git's next
// change is in force once the object is gone.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { lstat, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import JSON5 from "json5";
import { findFreePort } from "../support/free-port.ts";
import { OBSTACLES, putObstacle } from "../support/obstacles.ts";
import { mustRun, run } from "../support/process.ts";
import { BINARY, type Mounts, createMounts, startSidecar } from "../support/sidecar.ts";
import { isRoot } from "../support/small-volume.ts";
import { IS_SOAK } from "../support/soak.ts";
import { until } from "../support/until.ts";

/** A command that takes longer hangs: none has anything to wait for. */
const LIMIT_MS = 30_000;

const AS_USER = isRoot && Bun.which("setpriv") ? ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"] : [];
const PROGRAM = [...AS_USER, BINARY] as unknown as readonly [string, ...string[]];
if (AS_USER.length === 0) console.log("(skip) as another user: not root, or no setpriv");

const configOf = (emoji: string) => ({
  "openclaw.json": `// Git
{
  gateway: { mode: "local", auth: { mode: "token", token: "\${OPENCLAW_GATEWAY_TOKEN}" } },
  agents: { $include: "./agents.json5" },
  channels: { telegram: { enabled: true, botToken: "\${TELEGRAM_BOT_TOKEN}", dmPolicy: "allowlist", allowFrom: ["1234567890"] } },
  messages: { ackReaction: "${emoji}" },
}
`,
  "agents.json5": `{ defaults: { workspace: "~/workspace", timeoutSeconds: 600 } } // ${emoji}\n`,
});

const LIVE = "pvc/openclaw.json";

const JOBS = [{ name: "backup", schedule: "0 3 * * *", command: "backup.sh --all" }];

const recordsOf = (...names: string[]) => names.map((name) => `${LIVE}.config-manager-${name}`);

/** The paths that are read or written, below the root of the mounts. Those of one line are occupied at once. */
const GROUPS = [
  [LIVE],
  ["pvc/agents.json5"],
  recordsOf("good", "good-base", "applied", "applied-includes", "accepted", "rejected"),
  [`${LIVE}.bak`, `${LIVE}.clobbered.2026-11-22T09-00-00-000Z`],
  ["pvc/cron-config"],
  ["pvc/cron-config/cron-jobs.json", "pvc/cron-config/other.yaml", "pvc/cron-config/..data"],
  ["pvc/config-manager-device.pem", "checksums/config", "checksums/config-accepted", "checksums/config-pending"],
  ["checksums/cron"],
  ["checksums"],
];

/** At length, each path is occupied alone. */
const CASES = (IS_SOAK ? GROUPS.flat().map((path) => [path]) : GROUPS).map((paths) => ({
  paths,
  at: paths.join(", "),
}));

/** Files that OpenClaw reads. What it cannot read there, and we do not replace, keeps the Pod from starting. */
const OPENCLAW_READS = new Set([LIVE, "pvc/agents.json5"]);
const IS_KEPT = new Set([
  "a directory",
  "a link to a directory",
  "a dangling link",
  "a link to itself",
  "a link to a device",
]);

/** Files that `init` reads or writes in this state: what is in their place is named. */
const NAMED = new Set([
  LIVE,
  `${LIVE}.config-manager-good`,
  `${LIVE}.config-manager-applied`,
  `${LIVE}.config-manager-rejected`,
  "pvc/cron-config",
  "pvc/cron-config/other.yaml",
  "pvc/cron-config/..data",
  "checksums/config",
]);

let mounts: Mounts;
let outside: string;
const pathOf = (path: string) => join(mounts.root, path);

/** A Pod that has run: live files, records, staged definitions. */
beforeEach(async () => {
  mounts = await createMounts();
  outside = join(mounts.root, "outside");
  await mkdir(pathOf("pvc"));
  await mkdir(outside);
  await writeFile(join(outside, "secret.json"), '{"gateway":{"mode":"local"},"secret":"hush"}');
  await mounts.config.publish(configOf("👀"));
  await mounts.publishJobs(JOBS);
  await own();
  expect((await command("init")).exitCode).toBe(0);
  await command("sync");
});
afterEach(() => mounts.dispose());

/** Gives the volumes to the user that the binary runs as. */
async function own(): Promise<void> {
  if (AS_USER.length > 0) await mustRun("chown", ["-hR", "1000:1000", mounts.root]);
}

/** Occupies these paths. Disposal frees them. */
async function plant(obstacle: string, paths: readonly string[]): Promise<AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  for (const path of paths) stack.use(await putObstacle(obstacle, pathOf(path), outside));
  await own();
  return stack;
}

const environment = () =>
  mounts.environment({
    PVC_CONFIG: pathOf(LIVE),
    STAGING_DIR: pathOf("pvc/cron-config"),
    OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1",
    OPENCLAW_GATEWAY_TOKEN: "token",
    POLL_INTERVAL: "3600",
  });

async function command(...args: string[]) {
  const [program, ...rest] = [...PROGRAM, ...args] as const;
  return run(program, rest, { env: environment(), limitMs: LIMIT_MS });
}

/** The files outside, as they were. */
async function lookOutside(): Promise<unknown> {
  const names = (await readdir(outside)).toSorted();
  const { mode, mtimeMs, uid } = await lstat(join(outside, "secret.json"));
  return { names, text: await readFile(join(outside, "secret.json"), "utf8"), mode, mtimeMs, uid };
}

/** What the gateway would read. */
async function readLive(): Promise<unknown> {
  const text = await readFile(pathOf(LIVE), "utf8").catch(() => "{}");
  return JSON5.parse<{ messages?: { ackReaction?: string } }>(text).messages?.ackReaction;
}

const readReady = async (port: number) =>
  fetch(`http://127.0.0.1:${port}/readyz`).then(
    (response) => response.text(),
    () => "not listening yet",
  );

/** Those in one group change nothing that another one of it reads. */
const COMMANDS = [
  [["status"], ["diff"], ["doctor"], ["export", "config"], ["register", "--wait", "0.1"], ["uninstall", "--dry-run"]],
  [["sync"]],
  [["uninstall"]],
] as const;

/** Without a gateway, some end with an error. */
async function expectEnd(args: readonly string[]): Promise<void> {
  const { exitCode, stdout, stderr } = await command(...args);
  expect({ args, exitCode }).toEqual({ args, exitCode: expect.any(Number) }); // null: it was killed
  // A hard link is a file, and the live config is what export prints.
  if (args[0] !== "export") expect(`${stdout}${stderr}`).not.toContain("hush");
  expect(stderr).not.toContain("a bug in config-manager");
}

describe.each(Object.keys(OBSTACLES))("%s", (obstacle) => {
  test.each(CASES)("at $at ends no command, and nothing is written outside", async ({ paths }) => {
    await using planted = await plant(obstacle, paths);
    const before = await lookOutside();
    await mounts.config.publish(configOf("🦞"));
    for (const group of COMMANDS) await Promise.all(group.map(expectEnd));
    expect(await lookOutside()).toEqual(before);
    await planted[Symbol.asyncDispose]();
    await mounts.config.publish(configOf("✅"));
    await command("sync", "--only", "config");
    expect(await readLive()).toBe("✅");
  });

  test.each(CASES)("at $at keeps no Pod from starting, and the sidecar goes on", async ({ paths }) => {
    await using planted = await plant(obstacle, paths);
    const before = await lookOutside();
    await mounts.config.publish(configOf("🦞"));
    const init = await command("init");
    const cannotStart = paths.some((path) => OPENCLAW_READS.has(path)) && IS_KEPT.has(obstacle);
    expect({ exitCode: init.exitCode, log: init.stdout }).toEqual({
      exitCode: cannotStart ? 1 : 0,
      log: expect.any(String),
    });
    const isFile = ["a hard link", "a file of mode 000", "a sparse file of 1.5 GB"].includes(obstacle);
    for (const path of paths.filter((path) => NAMED.has(path) && !isFile)) {
      const isAbout = (line: string) =>
        line.includes("WARNING: ") &&
        (/[ :]/.test(line.split(pathOf(path))[1]?.charAt(0) ?? "") || line.split(/[ ,]+/).includes(basename(path)));
      expect(init.stdout.split("\n").filter(isAbout)).toHaveLength(1);
    }

    const port = await findFreePort();
    const sidecar = startSidecar({ ...environment(), CONFIG_MANAGER_HTTP_PORT: String(port) }, ["run"], PROGRAM);
    try {
      await until("the first pass to end", async () => (await readReady(port)).includes("config: first pass done"), {
        explain: () => sidecar.messages().join("\n"),
      });
      await planted[Symbol.asyncDispose]();
      await mounts.config.publish(configOf("✅"));
      await until("Git's next change to be in place", async () => (await readLive()) === "✅", {
        explain: () => sidecar.messages().join("\n"),
      });
      expect(await lookOutside()).toEqual(before);
    } finally {
      await sidecar.dispose();
    }
  });
});
