// Measures each stable release of OpenClaw and writes docs/compatibility.md: `./build.sh test --every-release`, or with the
// names of some releases. What is measured is kept after each release: a run that is broken off goes on where it was.

import process from "node:process";
import { findStable, measureRows, readResults } from "./measure.ts";
import { findRemaining } from "./queue.ts";

const named = process.argv.slice(2);
const stable = await findStable(named);
const results = await readResults();
const { began, remaining } = findRemaining(stable, results, new Date().toISOString());
if (named.length === 0) results.began = began;
const failures = await measureRows(named.length > 0 ? named : remaining, results);
if (failures.length > 0) {
  console.log(`not as it should be: ${failures.join(", ")}`);
  process.exitCode = 1;
}
