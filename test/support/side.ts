// One side of a comparison: a manager with ConfigMaps, a volume and an OpenClaw of its own, which gives an account of
// each step, line by line.

import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { computeChecksum } from "../../lib/files/checksum.ts";
import { CONFIG_COMPLETE, CRON_COMPLETE, type Step, print } from "../reference/scenarios.ts";
import { ASLEEP, SHELL, stubJq, stubPrograms } from "./manager-sh.ts";
import { type Keeper, createKeeper } from "./openclaw-stub.ts";
import { start } from "./process.ts";
import { type Mounts, readMaybe, startSidecar, createMounts } from "./sidecar.ts";
import { until } from "./until.ts";

export interface Manager {
  /** What it has logged so far, without times. */
  messages(): string[];
  /** Waits until it has dealt with a step. Ours has when it has said these lines, after the first `from`. */
  waitUntilDone(ends: readonly (string | RegExp)[], from: number): Promise<void>;
  /** Whether it has ended by itself. */
  hasEnded(): boolean;
  /** Ends it as it is meant to be ended. */
  stop(): Promise<void>;
  /** Ends it whatever it does. */
  dispose(): Promise<void>;
}

type Start = (mounts: Mounts, keeper: Keeper) => Promise<Manager>;

/** A manager with ConfigMaps, a volume and an OpenClaw of its own. It starts with the first step. */
export async function createSide(begin: Start) {
  const mounts = await createMounts();
  const keeper = createKeeper(join(mounts.root, "openclaw"));
  const liveConfig = join(mounts.root, "openclaw.json");
  const published = { config: "", cron: "" };
  let manager: Manager | undefined;
  let said = 0;
  let written = 0;

  async function publish(volume: "config" | "cron", file: string, content: string | null): Promise<void> {
    await mounts[volume].publish(content === null ? {} : { [file]: content });
    published[volume] = content === null ? "none" : computeChecksum(Buffer.from(content));
  }

  function hear(): string[] {
    const messages = (manager?.messages() ?? []).slice(said);
    said += messages.length;
    return messages.map((message) => message.replaceAll(mounts.root, ""));
  }

  async function remembers(volume: "config" | "cron"): Promise<string> {
    const checksum = await readMaybe(join(mounts.checksums, volume));
    return `${checksum === `${published[volume]}\n` ? "remembers" : "does not remember"} ${volume}`;
  }

  return {
    /** Does what the step says, and gives an account of what came of it. */
    async take({ live, config, jobs, openclaw, ends }: Step): Promise<string[]> {
      if (!manager) await writeFile(liveConfig, live ?? config ?? "");
      const before = await readMaybe(liveConfig);
      if (openclaw) keeper.change(openclaw);
      if (config !== undefined) await publish("config", "openclaw.json", config);
      const definitions = typeof jobs === "object" && jobs ? print(jobs) : jobs;
      if (definitions !== undefined) await publish("cron", "cron-jobs.json", definitions);
      manager ??= await begin(mounts, keeper);
      const completes = [...(config && config !== before ? [CONFIG_COMPLETE] : []), ...(jobs ? [CRON_COMPLETE] : [])];
      await manager.waitUntilDone(ends ? [ends] : completes, said);

      // The two halves of ours do not wait for one another; manager.sh does the config first.
      const messages = Map.groupBy(hear(), (message) =>
        /^(Config|WARNING: Config|  Changed:|  Not validated) /.test(message),
      );
      const kept = keeper.read();
      const writes = kept.writes.slice(written);
      written += writes.length;
      return [
        ...(messages.get(true) ?? []),
        ...(messages.get(false) ?? []),
        ...writes.map((write) => `$ ${write}`),
        `has ${kept.jobs.map(({ name }) => name).join(", ")}`,
        `live config: ${await readMaybe(liveConfig)}`,
        `staged: ${await readMaybe(join(mounts.staging, "cron-jobs.json"))}`,
        await remembers("config"),
        await remembers("cron"),
        manager.hasEnded() ? "has ended" : "goes on",
      ];
    },
    /** Ends the manager, and tells what it has said since the last account. */
    async stop(): Promise<string[]> {
      await manager?.stop();
      return hear();
    },
    async dispose(): Promise<void> {
      await manager?.dispose();
      await mounts.dispose();
    },
  };
}

/** The reference sidecar, or another script like it. Its `sleep` waits for a line from the test, so no time passes. */
export function startScript(readScript: (mounts: Mounts) => Promise<string>): Start {
  return async (mounts, keeper) => {
    const { root } = mounts;
    const script = join(root, "manager.sh");
    await writeFile(script, await readScript(mounts));
    const bin = await stubPrograms(join(root, "bin"));
    if (!Bun.which("jq")) await stubJq(bin);

    const env = mounts.environment({ PATH: `${keeper.bin}:${bin}:${process.env.PATH}`, TMPDIR: root });
    const running = start(SHELL, [script], { env, isTyped: true });
    const countSleeps = () => running.stdout().split(`${ASLEEP}\n`).length - 1;
    const stop = async () => {
      running.endInput();
      await running.exited;
    };
    return {
      messages: () => {
        const lines = running.stdout().replaceAll(`${ASLEEP}\n`, "").split("\n").slice(0, -1);
        return lines.map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[config-manager\] /, ""));
      },
      async waitUntilDone() {
        const before = countSleeps();
        if (before > 0) running.type("\n");
        const isDone = () => countSleeps() > before || running.hasEnded;
        await until("the script to sleep or to end", isDone, { explain: running.output });
      },
      hasEnded: () => running.hasEnded,
      stop,
      dispose: stop,
    };
  };
}

/** The built binary, with the CLI as its transport. */
export async function startOurs(mounts: Mounts, keeper: Keeper): Promise<Manager> {
  const env = mounts.environment({ PATH: `${keeper.bin}:/usr/local/bin:/usr/bin:/bin` });
  const sidecar = startSidecar(env, ["run", "--transport", "cli"]);
  let hasEnded = false;
  void sidecar.exited.then(() => (hasEnded = true));
  return {
    messages: () => sidecar.messages(),
    async waitUntilDone(ends, from) {
      for (const end of ends) await sidecar.waitFor(end, from);
      // At the start it may find the config in force, and says nothing of it.
      await until("the config to be remembered", () => existsSync(join(mounts.checksums, "config")));
    },
    hasEnded: () => hasEnded,
    async stop() {
      sidecar.signal("SIGTERM");
      const exitCode = await sidecar.exited;
      if (exitCode !== 0) throw new Error(`config-manager ended with ${exitCode}`);
    },
    dispose: () => sidecar.dispose(),
  };
}
