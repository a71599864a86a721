import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ASLEEP, SHELL, SIDECAR_SH, stubPrograms } from "../test/support/manager-sh.ts";
import type { Mounts } from "../test/support/sidecar.ts";
import { type Cost, type Watched, watch } from "./process.ts";

/** What marks our jobs as its own, so that it does not remove those of OpenClaw. */
const MARK = "manager.sh:";

/**
 * An `openclaw` for the script to call: its calls in words that the real CLI takes. The cheapest of them: `cron add` with
 * a declaration key updates the job, too, and wants no id to be looked up. `job` and `definition` are the script's own.
 */
const OPENCLAW = `
openclaw() {
  case $2 in
    list)
      command openclaw cron list --all --json | jq '[.jobs[] | select((.declarationKey // "") | startswith("${MARK}"))]'
      ;;
    add | update)
      command openclaw cron add --name "$job" --declaration-key "${MARK}$job" --cron "${readField("schedule")}" \\
        --command "${readField("command")}" --json >/dev/null
      ;;
    *) command openclaw "$@" ;;
  esac
}
`;

function readField(name: string): string {
  return `$(printf '%s' "$definition" | jq -r .${name})`;
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
 * Starts the shell sidecar of test/reference/ with its calls in words that the real CLI takes, and with other paths.
 *
 * @param naps whether it sleeps for as long as it says, rather than until {@link ManagerSh.poll}.
 */
export async function startManagerSh(
  mounts: Mounts,
  environment: Readonly<Record<string, string>>,
  pvcConfig: string,
  naps = false,
): Promise<ManagerSh> {
  if (!Bun.which("jq")) throw new Error("the shell sidecar needs jq");
  const bin = await stubPrograms(join(mounts.root, "manager-sh-bin"), naps);
  const script = join(mounts.root, "manager.sh");
  await writeFile(script, `${OPENCLAW}\n${await readFile(SIDECAR_SH, "utf8")}`);

  const paths = { ...mounts.environment({}), PVC_CONFIG: pvcConfig, TMPDIR: mounts.root };
  const env = { ...paths, ...environment, PATH: `${bin}:${environment.PATH ?? ""}` };
  const program = watch([SHELL, script], env, !naps);
  const asleep = new RegExp(`^${ASLEEP}$`);
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
