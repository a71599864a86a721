import { describeLog } from "./container.ts";
import type { PodContainer } from "./pod-container.ts";
import { until } from "./until.ts";

/** What `status --json` says, as far as tests of a Pod look at it. */
export interface PodStatus {
  healthy: boolean;
  [kind: string]: unknown;
}

/** Asks the sidecar's container; undefined if it says nothing. */
export async function readStatus(sidecar: PodContainer): Promise<PodStatus | undefined> {
  const { stdout } = await sidecar.exec(["/usr/local/bin/config-manager", "status", "--json"]);
  return stdout ? (JSON.parse(stdout) as PodStatus) : undefined;
}

/** Waits for a status that is healthy, and returns it. */
export async function untilHealthy(sidecar: PodContainer): Promise<PodStatus> {
  let last: PodStatus | undefined;
  const explain = () => `${JSON.stringify(last)}\n${describeLog(sidecar.log)}`;
  async function readHealthy() {
    last = await readStatus(sidecar);
    return last?.healthy ? last : undefined;
  }
  return until("the Pod to be as Git says", readHealthy, { explain });
}
