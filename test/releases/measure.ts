// The rows of some releases: each is installed, tried, and removed again unless it was there before, since it takes 650 MB.

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, freemem, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { replaceFile } from "../../lib/files/replace.ts";
import { CACHE } from "../../release/cache.ts";
import { run } from "../support/process.ts";
import { getRelease } from "../support/release.ts";
import { REPOSITORY } from "../support/repository.ts";
import { runBinary } from "../support/sidecar.ts";
import { FIRST_RELEASE, listStable } from "./queue.ts";
import { tightenReason } from "./reason.ts";
import type { Results, Row } from "./row.ts";
import { insertTable, isFull, joinRows, renderTable } from "./table.ts";

const RESULTS = join(import.meta.dir, "results.json");
const DOCUMENT = join(REPOSITORY, "docs/compatibility.md");

/** What the test of each release prints. */
const LOGS = join(REPOSITORY, "dist/releases");

/** After this, a row is given up, in milliseconds. */
const ROW_LIMIT_MS = 1_800_000;

/** What a gateway and its installation take at most, in bytes. */
const MEMORY = 4 * 1024 ** 3;

/**
 * Asks npm for the releases to be measured, newest first. Ends the program with one line and a hint where npm does not
 * answer, or where one of the named is none of them.
 */
export async function findStable(named: readonly string[]): Promise<readonly string[]> {
  const { exitCode, stdout } = await run("npm", ["view", "openclaw", "versions", "--json"], { env: process.env });
  if (exitCode !== 0) end("npm does not tell which releases of OpenClaw there are", 1);
  const stable = listStable(JSON.parse(stdout) as string[]);
  const unknown = named.find((name) => !stable.includes(name));
  if (unknown !== undefined) end(`${unknown} is no stable release of OpenClaw on npm since ${FIRST_RELEASE}`, 64);
  return stable;
}

function end(message: string, exitCode: number): never {
  console.error(`error: ${message}\nhint: npm view openclaw versions`);
  process.exit(exitCode);
}

/** What was measured so far. */
export async function readResults(): Promise<Results> {
  return JSON.parse(await readFile(RESULTS, "utf8")) as Results;
}

/**
 * Measures the rows of these releases with the binary that is built, several at once, and puts each into the results and
 * into docs/compatibility.md as soon as it is there.
 *
 * @returns the releases whose row is not as it should be
 */
export async function measureRows(releases: readonly string[], results: Results): Promise<string[]> {
  const subject = (await runBinary(["version"], {})).stdout.trim();
  const workers = Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / MEMORY), releases.length));
  const rest = [...releases];
  const failures: string[] = [];
  let finished = 0;

  async function work(): Promise<void> {
    for (let release = rest.shift(); release !== undefined; release = rest.shift()) {
      const row = await measure(release, subject);
      const { rows } = await readResults(); // another run may have added to them
      results.rows = joinRows(rows, results.rows, [row]);
      await save(results);
      if (!isFull(row) && row.cells.install?.is !== "no") failures.push(release); // what npm no longer has is no fault
      const said = Object.entries(row.cells).flatMap(([name, cell]) =>
        cell.is === "yes" ? [] : [`${name} ${cell.is}`],
      );
      console.log(`${++finished} of ${releases.length}: ${release}: ${said.length > 0 ? said.join(", ") : "all yes"}`);
    }
  }

  console.log(`${releases.length} releases, ${workers} at once; what each prints is in ${LOGS}`);
  await mkdir(LOGS, { recursive: true });
  await Promise.all(Array.from({ length: workers }, work));
  return failures;
}

async function save(results: Results): Promise<void> {
  await replaceFile(RESULTS, Buffer.from(`${JSON.stringify(results, undefined, 2)}\n`));
  const document = await readFile(DOCUMENT, "utf8");
  await replaceFile(DOCUMENT, Buffer.from(insertTable(document, renderTable(results.rows))));
}

async function measure(release: string, subject: string): Promise<Row> {
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
