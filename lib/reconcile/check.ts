/** One check of `doctor`. */
export interface Check {
  name: string;
  /** `warning`: nothing is broken. `skipped`: an earlier check failed, and this one depends on it. */
  state: "ok" | "warning" | "failed" | "skipped";
  /** What was found. */
  detail: string;
  /**
   * What to do; each failure has one. It begins with `config-manager` or `kubectl` if it is a command to paste; else it is
   * a setting, or words. The image may hold no other program, and names of volumes, ConfigMaps and Secrets are not known.
   */
  hint?: string;
}

/** Begins a command that is there in the gateway's container, and perhaps not in ours. */
export const GATEWAY_CONTAINER = "in the gateway's container: ";

export function pass(name: string, detail: string): Check {
  return { name, state: "ok", detail };
}

export function warn(name: string, detail: string, hint?: string): Check {
  return { name, state: "warning", detail, ...(hint === undefined ? {} : { hint }) };
}

export function fail(name: string, detail: string, hint: string): Check {
  return { name, state: "failed", detail, hint };
}

/** @param needed the name of the failed check that this one depends on */
export function skip(name: string, needed: string): Check {
  return { name, state: "skipped", detail: `needs: ${needed}` };
}

/** Returns whether checks that depend on this one can run. */
export function isSound({ state }: Check): boolean {
  return state === "ok" || state === "warning";
}
