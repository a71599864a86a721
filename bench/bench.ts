// Measures config-manager beside what one would use instead, in one run on one machine. By ./build.sh bench:
//
//   bench            every row; writes bench/results/DATE.json after each, and prints the table of docs/performance.md
//   bench ROW…       these alone; into that file too, where it is of the same day, machine and versions
//   bench --check    those that need no gateway and have a limit; fails where one takes more, beside its reference, than it may

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { type Report, createReport, describeRun, findRegressions, renderTable } from "./report.ts";
import { binary } from "./rows/binary.ts";
import { file, fileBesideGateway, files } from "./rows/file.ts";
import { idle } from "./rows/idle.ts";
import { kinds } from "./rows/kinds.ts";
import { memory } from "./rows/memory.ts";
import { plan } from "./rows/plan.ts";
import { start, typed } from "./rows/start.ts";
import { many, swapToJob, sync } from "./rows/sync.ts";
import { validate } from "./rows/validate.ts";
import { OPENCLAW } from "./scene.ts";

const ROWS = [
  sync,
  many,
  fileBesideGateway,
  file,
  files,
  swapToJob,
  kinds,
  memory,
  idle,
  start,
  typed,
  plan,
  validate,
  binary,
];

const args = process.argv.slice(2);
const isCheck = args.includes("--check");
const names = args.filter((arg) => !arg.startsWith("-"));
const unknown = names.filter((name) => !ROWS.some((row) => row.name === name));
if (unknown.length > 0 || args.some((arg) => arg.startsWith("-") && arg !== "--check")) {
  const known = ROWS.map(({ name }) => name).join(" ");
  process.stderr.write(`error: unknown row: ${unknown.join(" ") || args.join(" ")}\nhint: one of: ${known}; --check\n`);
  process.exit(64);
}

const chosen = ROWS.filter(({ name, isChecked }) => (names.length > 0 ? names.includes(name) : !isCheck || isChecked));
const report = createReport(process.env.BENCH_COMMIT ?? "unknown", OPENCLAW);
const path = join(import.meta.dir, "results", `${report.date}.json`);
const isWhole = names.length === 0 && !isCheck;
const earlier = isWhole || isCheck ? undefined : await readEarlier();
if (earlier) report.rows = earlier.rows;
for (const row of chosen) {
  process.stderr.write(`measuring ${row.name} …\n`);
  const figures = await row.measure();
  report.rows[row.name] = figures;
  process.stderr.write(renderTable({ [row.name]: figures }));
  if (isWhole || earlier) await keep(); // the whole takes most of an hour, and may be broken off
}
process.stdout.write(`${describeRun(report)}\n\n${renderTable(report.rows)}`);

if (isCheck) {
  const regressions = findRegressions(report.rows);
  for (const regression of regressions) process.stderr.write(`error: ${regression}\n`);
  process.exitCode = regressions.length > 0 ? 1 : 0;
}

/** What this very state was found to take earlier today. */
async function readEarlier(): Promise<Report | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined); // most days have none
  const found = text === undefined ? undefined : (JSON.parse(text) as Report);
  return found && describeRun(found) === describeRun(report) ? found : undefined;
}

async function keep(): Promise<void> {
  const sorted = ROWS.flatMap(({ name }) => {
    const figures = report.rows[name];
    return figures ? [[name, figures] as const] : [];
  });
  report.rows = Object.fromEntries(sorted);
  await writeFile(path, `${JSON.stringify(report, undefined, 2)}\n`);
  process.stderr.write(`written: ${path}\n`);
}
