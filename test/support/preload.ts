// Loaded by bunfig.toml before the first test file: what stands here holds for all of them.

import { afterAll } from "bun:test";
import process from "node:process";
import { configureGlobal } from "fast-check";
import { endAll } from "./at-end.ts";
import { killGroups } from "./process.ts";
import { IS_SOAK } from "./soak.ts";

/** Of what fast-check makes up. */
const SEED = 2026_11_26;

afterAll(endAll);

// A usual run tries the same cases each time, so that it fails for a change alone; a soak looks for new ones.
if (!IS_SOAK) configureGlobal({ seed: SEED });

// Gateways have process groups of their own, and would outlive a run that is broken off.
for (const [signal, code] of [
  ["SIGHUP", 129],
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.on(signal, () => {
    killGroups();
    process.exit(code);
  });
}
