import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readManagerSh } from "../test/support/manager-sh.ts";
import type { Mounts } from "../test/support/sidecar.ts";
import { type Cost, type Watched, watch } from "./process.ts";

/** What marks our jobs as its own, so that it does not remove those of OpenClaw. */
const MARK = "manager.sh:";

/**
 * Its calls of `openclaw`, none of which exists, in words that do. The cheapest of them: `cron add` with a declaration
 * key updates the job, too, and wants no id to be looked up.
 */
const WORDS: Record<string, string> = {
  "openclaw cron list --format json 2>/dev/null | jq -r '.[].name' 2>/dev/null":
    `openclaw cron list --all --json 2>/dev/null | ` +
    `jq -r '.jobs[] | select((.declarationKey // "") | startswith("${MARK}")) | .name' 2>/dev/null`,
  'openclaw cron update "/tmp/cron-job-${JOB_NAME}.json" 2>/dev/null': declare(),
  'openclaw cron add "/tmp/cron-job-${JOB_NAME}.json" 2>/dev/null': declare(),
};

function declare(): string {
  const field = (name: string) => `"$(printf '%s' "$JOB_DEF" | jq -r .${name})"`;
  const key = `--declaration-key "${MARK}$JOB_NAME"`;
  return `openclaw cron add --name "$JOB_NAME" ${key} --cron ${field("schedule")} --command ${field("command")} --json >/dev/null 2>&1`;
}

/** manager.sh, as it runs beside a gateway. */
export interface ManagerSh {
  readonly pid: number;
  /** Waits until its first sync is over, and it sleeps; when that was, on the clock of `performance.now()`. */
  firstSleep(): Promise<number>;
  /** Lets it wake, look and act, and waits until it sleeps again; how long that took, in milliseconds. */
  poll(): Promise<number>;
  lineAfter: Watched["lineAfter"];
  stop(): Promise<Cost>;
}

/**
 * Starts manager.sh with its calls put into the words that the real CLI takes, and with other paths.
 *
 * @param naps whether it sleeps for as long as it says, rather than until {@link ManagerSh.poll}.
 */
export async function startManagerSh(
  mounts: Mounts,
  environment: Readonly<Record<string, string>>,
  pvcConfig: string,
  naps = false,
): Promise<ManagerSh> {
  const bin = join(mounts.root, "manager-sh-bin");
  const script = join(mounts.root, "manager.sh");
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, "pgrep"), "#!/bin/sh\n", { mode: 0o755 });
  // Fails at the end of its input, and manager.sh ends with it.
  if (!naps) await writeFile(join(bin, "sleep"), "#!/bin/sh\necho asleep\nread -r _\n", { mode: 0o755 });
  await writeFile(script, await readManagerSh(mounts, pvcConfig, WORDS));

  const env = { ...environment, PATH: `${bin}:${environment.PATH ?? ""}` };
  const program = watch([Bun.which("dash") ?? "sh", script], env, !naps);
  const asleep = /^asleep$/;
  return {
    pid: program.pid,
    firstSleep: () => program.lineAfter(0, asleep),
    async poll() {
      const beganMs = performance.now();
      program.type("\n");
      return (await program.lineAfter(beganMs, asleep)) - beganMs;
    },
    lineAfter: program.lineAfter,
    stop: () => program.stop(),
  };
}

/** How often an hour it looks. */
export const POLLS_AN_HOUR = 60;
