// Loaded by bunfig.toml before the first test file: what stands here holds for all of them.

import { afterAll } from "bun:test";
import process from "node:process";
import { endAll } from "./at-end.ts";
import { killGroups } from "./process.ts";

afterAll(endAll);

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
