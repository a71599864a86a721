import { appendFileSync, closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, rmdir, symlink, writeFile } from "node:fs/promises";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findAddress } from "../../lib/gateway/address.ts";
import { findCredentials } from "../../lib/gateway/credentials.ts";
import { devicePathOf, readDevice } from "../../lib/gateway/device.ts";
import type { SecretPlaces } from "../../lib/gateway/secret-file.ts";
import { systemCode } from "../../lib/errors.ts";
import { type Gateway, connectGateway } from "../../lib/gateway/connection.ts";
import type { LiveJob } from "../../lib/gateway/job.ts";
import { CACHE } from "../../release/cache.ts";
import { findFreePort } from "./free-port.ts";
import { type Running, start as startProcess } from "./process.ts";
import type { Release } from "./release.ts";
import { until } from "./until.ts";

/** A real OpenClaw gateway in a home of its own. */
export interface TestGateway {
  readonly release: Release;
  readonly home: string;
  readonly port: number;
  readonly url: string;
  readonly token: string;
  /** The live config. */
  readonly configPath: string;
  /** A config that this gateway starts with, with some more in it. */
  config(more?: Record<string, unknown>): string;
  /** Whether its process runs, ready or not. */
  readonly isRunning: boolean;
  /** All that it has printed, over all its starts. */
  log(): string;
  rpc<T = unknown>(method: string, params?: object): Promise<T>;
  jobs(): Promise<LiveJob[]>;
  /** The environment in which the `openclaw` CLI finds this gateway, and itself. */
  readonly environment: Record<string, string>;
  start(): Promise<void>;
  /**
   * Starts it, and once more where it ends because its config has changed while it started: from 2026.8.2 on it does,
   * also when it has migrated that itself. The kubelet would start its container again.
   */
  startAsKubelet(): Promise<void>;
  /** Starts another release on the same home, as a new image on the same volume. To be called while it is down. */
  startAs(release: Release): Promise<void>;
  /** Ends it at once, as the kernel would. */
  kill(): Promise<void>;
  /** Forgets all jobs: a new volume. To be called while it is down. */
  wipeState(): Promise<void>;
  /** Ends it and removes its home. */
  dispose(this: void): Promise<void>;
}

/** A busy machine starts 2026.4.15 in four minutes, where it has to compile its plugins. */
const START_LIMIT_MS = 280_000;

interface JobPage {
  jobs: LiveJob[];
  hasMore?: boolean;
}

/**
 * @param more variables that it gets beside its own.
 * @param secrets where a SecretRef of its config may read a token from.
 */
export async function createGateway(
  first: Release,
  more: Record<string, string> = {},
  secrets?: SecretPlaces,
): Promise<TestGateway> {
  let release = first;
  const home = await mkdtemp(join(tmpdir(), `openclaw-${release.version}-`));
  const port = await findFreePort();
  const token = `token-${crypto.randomUUID()}`;
  const url = `ws://127.0.0.1:${port}`;
  const state = join(home, ".openclaw");
  const configPath = join(state, "openclaw.json");
  const logPath = join(home, "gateway.log");
  const bin = join(home, "bin");
  const environment = {
    HOME: home,
    TMPDIR: join(home, "tmp"),
    PATH: `${bin}:${dirname(release.node)}:/usr/local/bin:/usr/bin:/bin`,
    OPENCLAW_SKIP_CHANNELS: "1",
    OPENCLAW_GATEWAY_TOKEN: token,
    NO_COLOR: "1",
    ...more,
  };
  let child: Running | undefined;
  let client: Gateway | undefined;
  let calls = 0;

  const config = (more: Record<string, unknown> = {}) =>
    JSON.stringify({
      gateway: { mode: "local", bind: "loopback", port, auth: { mode: "token", token } },
      cron: { enabled: true },
      logging: { file: join(home, "tmp", "openclaw.log") },
      ...more,
    });

  async function connect(): Promise<Gateway> {
    // 2026.8 takes 30 writes of a kind a minute over one connection.
    if (client?.isOpen && calls++ < 25) return client;
    await client?.close();
    calls = 0;
    const needsDevice = /^2026\.[34]\./.test(release.version);
    const device = needsDevice ? await readDevice(devicePathOf(join(home, "tmp")), { mayCreate: true }) : undefined;
    const sources = { tokenFile: undefined, secrets, pvcConfig: configPath, env: environment };
    const { credentials } = await findCredentials(sources);
    const address = await findAddress({ url, isDefault: true, pvcConfig: configPath, env: environment });
    client = await connectGateway({ ...address, credentials, device, onEvent: () => {}, onClose: () => {} });
    return client;
  }

  async function kill(): Promise<void> {
    await client?.close();
    client = undefined;
    const ended = child;
    child = undefined;
    if (!ended || ended.hasEnded) return;
    ended.killGroup("SIGKILL"); // 2026.9 has helpers
    await ended.exited;
    await killRespawned(join(home, "tmp"));
    // What 2026.2.9 has started itself anew as ends a moment later.
    await until(`nobody to listen on ${port}`, () => isRefused(port));
  }

  await mkdir(join(home, "tmp"));
  // Up to 2026.4 it compiles its plugins at the first start: 2026.2.9 takes 36 s of processor time for that, and 6 s
  // where it finds them compiled. They are found by what is in the sources, so that all homes can share them.
  const compiled = join(CACHE, `jiti-${release.version}`);
  await mkdir(compiled, { recursive: true });
  await symlink(compiled, join(home, "tmp", "jiti"));
  await mkdir(bin);
  await mkdir(state);
  await writeFile(configPath, config());
  await writeFile(join(bin, "openclaw"), `#!/bin/sh\nexec '${release.node}' '${release.entry}' "$@"\n`, {
    mode: 0o755,
  });

  const gateway: TestGateway = {
    get release() {
      return release;
    },
    get isRunning() {
      return child !== undefined && !child.hasEnded;
    },
    home,
    port,
    url,
    token,
    configPath,
    environment,
    config,
    log: () => (existsSync(logPath) ? readFileSync(logPath, "utf8") : ""),
    async rpc<T>(method: string, params: object = {}) {
      return (await (await connect()).call(method, params)) as T;
    },
    async jobs() {
      const jobs: LiveJob[] = [];
      for (let hasMore = true; hasMore; ) {
        // 2026.2.9 sends all at once, and knows no offset.
        const place = jobs.length > 0 ? { limit: 200, offset: jobs.length } : {};
        const page = await gateway.rpc<JobPage>("cron.list", { includeDisabled: true, ...place });
        jobs.push(...page.jobs);
        hasMore = page.hasMore ?? false;
      }
      return jobs;
    },
    async start() {
      appendFileSync(logPath, "=== start\n");
      const outputFile = openSync(logPath, "a");
      const args = [release.entry, "gateway", "--port", String(port)];
      const started = startProcess(release.node, args, { cwd: home, env: environment, isGroup: true, outputFile });
      closeSync(outputFile);
      child = started;
      await until(
        `gateway ${release.version} to start`,
        async () => {
          if (started.hasEnded) throw new Error(`gateway ${release.version} ended: ${gateway.log()}`);
          return connect().then(
            (opened) => opened.isOpen,
            () => false,
          );
        },
        { limitMs: START_LIMIT_MS, explain: () => gateway.log() },
      );
    },
    async startAsKubelet() {
      const logged = gateway.log().length;
      try {
        await gateway.start();
      } catch (error) {
        if (!/(?:inputs|config) changed during startup/.test(gateway.log().slice(logged))) throw error;
        await gateway.start();
      }
    },
    kill,
    async startAs(next) {
      release = next;
      await gateway.start();
    },
    async wipeState() {
      for (const name of ["cron", "state", "agents"]) await rm(join(state, name), { recursive: true, force: true });
    },
    async dispose() {
      await kill();
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
      await removeLocks(join(state, "state", "openclaw.sqlite"));
    },
  };
  return gateway;
}

/** From 2026.3 to 2026.4 a restart is a new process in a group of its own. The lock in its own TMPDIR names it. */
async function killRespawned(directory: string): Promise<void> {
  const locks = join(directory, `openclaw-${process.getuid?.() ?? ""}`);
  const names = await readdir(locks).catch(() => []);
  for (const name of names.filter((each) => /^gateway\..*\.lock$/.test(each))) {
    const { pid } = JSON.parse(readFileSync(join(locks, name), "utf8")) as { pid?: number };
    try {
      if (pid !== undefined) process.kill(pid, "SIGKILL");
    } catch (error) {
      if (systemCode(error) !== "ESRCH") throw error; // it has ended with its group
    }
  }
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, "127.0.0.1");
    socket.once("connect", () => resolve(false));
    socket.once("error", (error) => resolve(systemCode(error) === "ECONNREFUSED"));
    socket.end();
  });
}

/** 2026.9 keeps locks outside its home, whatever TMPDIR says, under the hash of its database's path. */
async function removeLocks(database: string): Promise<void> {
  const directory = `/tmp/openclaw-state-locks-${process.getuid?.() ?? ""}`;
  const hash = createHash("sha256").update(database).digest("hex").slice(0, 8);
  const names = await readdir(directory).catch(() => []);
  for (const name of names) if (name.includes(`.${hash}.lock.`)) await rm(join(directory, name), { force: true });
  await rmdir(directory).catch(() => undefined); // if those were the last
}
