/** One thing that a doctor looks at. */
export interface Check {
  name: string;
  /** `warning`: worth knowing, and nothing is broken by it. `skipped`: something before it has failed, and is to blame. */
  state: "ok" | "warning" | "failed" | "skipped";
  /** What was found. */
  detail: string;
  /** What to type or to paste. One for each failure. */
  hint?: string;
}

/** Something that is as it should be. */
export function pass(name: string, detail: string): Check {
  return { name, state: "ok", detail };
}

export function warn(name: string, detail: string, hint?: string): Check {
  return { name, state: "warning", detail, ...(hint === undefined ? {} : { hint }) };
}

export function fail(name: string, detail: string, hint: string): Check {
  return { name, state: "failed", detail, hint };
}

/** @param needed the name of the check without which this one says nothing */
export function skip(name: string, needed: string): Check {
  return { name, state: "skipped", detail: `needs: ${needed}` };
}

/** Whether what builds on this check can be looked at. */
export function isSound({ state }: Check): boolean {
  return state === "ok" || state === "warning";
}
