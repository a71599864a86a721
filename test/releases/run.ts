// Measures each stable release of OpenClaw and writes docs/compatibility.md: `./build.sh test --every-release`, or with the
// names of some releases. A release takes 650 MB, so it is removed again, unless it was there before. What is measured is
// kept after each release: a run that is broken off goes on where it was.

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, freemem, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { replaceFile } from "../../lib/files/replace.ts";
import { CACHE } from "../../release/cache.ts";
import { mustRun, run } from "../support/process.ts";
import { getRelease } from "../support/release.ts";
import { REPOSITORY } from "../support/repository.ts";
import { runBinary } from "../support/sidecar.ts";
import { tightenReason } from "./reason.ts";
import { findRemaining, listStable } from "./queue.ts";
import type { Row, Results } from "./row.ts";
import { insertTable, isFull, renderTable, sortRows } from "./table.ts";

const RESULTS = join(import.meta.dir, "results.json");
const DOCUMENT = join(REPOSITORY, "docs/compatibility.md");

/** What the test of each release prints. */
const LOGS = join(REPOSITORY, "dist/releases");

/** After this, a row is given up, in milliseconds. */
const ROW_LIMIT_MS = 1_800_000;

/** What a gateway and its installation take at most, in bytes. */
const MEMORY = 4 * 1024 ** 3;

const named = process.argv.slice(2);
const results = JSON.parse(await readFile(RESULTS, "utf8")) as Results;
const subject = (await runBinary(["version"], {})).stdout.trim();
const queue = await findQueue();
const workers = Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / MEMORY), queue.length));
const failures: string[] = [];
let finished = 0;

console.log(`${queue.length} releases, ${workers} at once; what each prints is in ${LOGS}`);
await mkdir(LOGS, { recursive: true });
const rest = [...queue];
await Promise.all(Array.from({ length: workers }, work));
if (failures.length > 0) {
  console.log(`not as it should be: ${failures.join(", ")}`);
  process.exitCode = 1;
}

async function findQueue(): Promise<readonly string[]> {
  const versions = JSON.parse(await mustRun("npm", ["view", "openclaw", "versions", "--json"])) as string[];
  const stable = listStable(versions);
  const unknown = named.find((name) => !stable.includes(name));
  if (unknown !== undefined) {
    console.error(
      `error: ${unknown} is no stable release of OpenClaw on npm since 2026.2.9\nhint: npm view openclaw versions`,
    );
    process.exit(64);
  }
  if (named.length > 0) return named;
  const { began, remaining } = findRemaining(stable, results, new Date().toISOString());
  results.began = began;
  return remaining;
}

async function work(): Promise<void> {
  for (let release = rest.shift(); release !== undefined; release = rest.shift()) {
    const row = await measure(release);
    results.rows = sortRows([...results.rows.filter((other) => other.release !== row.release), row]);
    await save();
    if (!isFull(row) && row.cells.install?.is !== "no") failures.push(release); // what npm no longer has is no fault
    const said = Object.entries(row.cells).flatMap(([name, cell]) => (cell.is === "yes" ? [] : [`${name} ${cell.is}`]));
    console.log(`${++finished} of ${queue.length}: ${release}: ${said.length > 0 ? said.join(", ") : "all yes"}`);
  }
}

async function save(): Promise<void> {
  await replaceFile(RESULTS, Buffer.from(`${JSON.stringify(results, undefined, 2)}\n`));
  const document = await readFile(DOCUMENT, "utf8");
  await replaceFile(DOCUMENT, Buffer.from(insertTable(document, renderTable(results.rows))));
}

async function measure(release: string): Promise<Row> {
  const measured = new Date().toISOString();
  const places = [join(CACHE, `openclaw-${release}`), join(CACHE, `jiti-${release}`)];
  const added = places.filter((place) => !existsSync(place));
  try {
    const reason = await getRelease(release).then(
      () => undefined,
      (error: unknown) => tightenReason(String(error)),
    );
    if (reason !== undefined) return { release, measured, subject, cells: { install: { is: "no", reason } } };
    return { release, measured, subject, cells: { install: { is: "yes" }, ...(await test(release)) } };
  } finally {
    for (const place of added) await rm(place, { recursive: true, force: true });
  }
}

async function test(release: string): Promise<Row["cells"]> {
  const directory = await mkdtemp(join(tmpdir(), "config-manager-row-"));
  const cells = join(directory, "cells.json");
  try {
    const env = { ...process.env, CI: "1", CONFIG_MANAGER_RELEASE: release, CONFIG_MANAGER_CELLS: cells };
    const file = join(import.meta.dir, "release.test.ts");
    const args = ["test", "--no-orphans", "--timeout", "600000", file];
    const { stdout, stderr } = await run(process.execPath, args, { cwd: REPOSITORY, env, limitMs: ROW_LIMIT_MS });
    await writeFile(join(LOGS, `${release}.log`), stdout + stderr);
    if (!existsSync(cells)) return { start: { is: "not tried", reason: "the test did not begin" } };
    return JSON.parse(await readFile(cells, "utf8")) as Row["cells"];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
