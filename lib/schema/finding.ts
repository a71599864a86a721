import type { KeyPath } from "../text/duplicate-keys.ts";

/** What is wrong at one place of a config, without any value of it. */
export interface Finding {
  /** The keys and positions that lead there; empty for the whole config. */
  path: KeyPath;
  /** What was expected, and the nearest known name where one is near. */
  message: string;
  /** `warning`: the release takes it, and changes it by itself or warns of it. */
  severity: "error" | "warning";
  /** Which check found it, the same over all releases, as `unknown-key`. */
  rule: string;
}
