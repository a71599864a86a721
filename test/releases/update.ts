// `./build.sh openclaw-update`: makes new releases of OpenClaw known. Each is installed and started; its schema, its
// features and its row are written where they belong. `--list` tells what there is, and writes nothing.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { type Feature, type Features, featuresOf } from "../../lib/gateway/features.ts";
import { FEATURES, cronSectionOf, probeFeature } from "../support/feature-probes.ts";
import { createGateway } from "../support/gateway.ts";
import { mustRun } from "../support/process.ts";
import { ALL_RELEASES, getRelease } from "../support/release.ts";
import { REPOSITORY } from "../support/repository.ts";
import { compareFeatures, markGone } from "./feature-table.ts";
import { findStable, measureRows, readResults } from "./measure.ts";
import { addRelease, findNewKeys, findUnknown, listNews, writeReleases } from "./news.ts";
import { compareNewestFirst } from "./queue.ts";
import { tightenReason } from "./reason.ts";
import { keepSchema, readSchema, readSchemas } from "./schemas.ts";

const FEATURE_TABLE = "lib/gateway/features.ts";
const RELEASE_LIST = "test/support/release.ts";

/** As many keys as a reader looks through. */
const MAX_KEYS = 30;

/** What this run has found, which the modules that are loaded do not have. */
const state = { releases: [...ALL_RELEASES] as readonly string[], gone: new Set<Feature>() };

async function list(): Promise<void> {
  const known = Object.keys(await readSchemas());
  const measured = (await readResults()).rows.map(({ release }) => release);
  const news = listNews(await findStable([]), { known, measured });
  console.log(news.length > 0 ? news.join("\n") : "nothing is new");
}

async function update(named: readonly string[]): Promise<void> {
  const stable = await findStable(named);
  const oldestFirst = [...new Set(named)].toSorted((a, b) => compareNewestFirst(b, a));
  const releases = named.length > 0 ? oldestFirst : findUnknown(stable, Object.keys(await readSchemas()));
  if (releases.length === 0) return console.log("nothing is new");
  const said: string[] = [];
  const unread: string[] = [];
  for (const release of releases) {
    try {
      console.log(`${release}: reads its schema, and probes ${FEATURES.length} features`);
      said.push(...(await learn(release)));
    } catch (error) {
      unread.push(release);
      said.push(`${release} was not read, and nothing of it is written but its row: ${describe(error)}`);
    }
  }
  await mustRun(join(REPOSITORY, "build.sh"), []); // a row is of a binary that has what was learnt
  const failures = await measureRows(releases, await readResults());
  const learnt = releases.filter((release) => !unread.includes(release));
  console.log(["", ...said, ...listLeft(learnt)].join("\n"));
  if (failures.length > 0) console.log(`the row is not as it should be: ${failures.join(", ")}`);
  if (failures.length + unread.length > 0) process.exitCode = 1;
}

/** Writes what a gateway of this release tells. @returns what there is to say of it */
async function learn(release: string): Promise<string[]> {
  const former = await readSchemas();
  const schema = await readSchema(release);
  const found = await findFeatures(release);
  // Nothing is written before all is known.
  const schemas = await keepSchema(release, schema);
  state.releases = addRelease(state.releases, release);
  await edit(RELEASE_LIST, (source) => writeReleases(source, state.releases));
  const before = Object.keys(former).findLast((other) => compareNewestFirst(other, release) > 0);
  const isNewest = Object.keys(schemas).at(-1) === release;
  return [
    ...(await correctFeatures(release, found, isNewest)),
    ...(before === undefined ? [] : listKeys(release, before, findNewKeys(former[before] ?? true, schema))),
  ];
}

/** Finds what a gateway of this release has. Twice absent is absent: a busy machine may be slow once. */
async function findFeatures(release: string): Promise<Features> {
  const gateway = await createGateway(await getRelease(release));
  try {
    await writeFile(gateway.configPath, gateway.config({ cron: cronSectionOf(release) }));
    await gateway.start();
    const found: [Feature, boolean][] = [];
    for (const feature of FEATURES) {
      const isThere = (await probeFeature(gateway, feature)) || (await probeFeature(gateway, feature));
      found.push([feature, isThere]);
    }
    return Object.fromEntries(found) as Features;
  } finally {
    await gateway.dispose();
  }
}

/** Only of the newest release it is clear that no later one has a feature. The rest is told. */
async function correctFeatures(release: string, found: Features, isNewest: boolean): Promise<string[]> {
  const known = featuresOf(release, 4);
  const ended = Object.fromEntries([...state.gone].map((feature) => [feature, false]));
  const { gone, extra } = compareFeatures({ ...known, ...ended }, found);
  if (isNewest) {
    for (const feature of gone) {
      state.gone.add(feature);
      await edit(FEATURE_TABLE, (source) => markGone(source, feature, release));
    }
  }
  const written = isNewest ? `; ${FEATURE_TABLE} has it, as \`until\`` : `; correct ${FEATURE_TABLE} by hand`;
  return [
    ...(gone.length > 0 ? [`${release} has no ${gone.join(", ")}${written}`] : []),
    ...(extra.length > 0
      ? [`${release} has ${extra.join(", ")}, against the table; correct ${FEATURE_TABLE} by hand`]
      : []),
  ];
}

function listKeys(release: string, before: string, keys: readonly string[]): string[] {
  const more = keys.length > MAX_KEYS ? [`  … and ${keys.length - MAX_KEYS} more`] : [];
  const shown = keys.slice(0, MAX_KEYS).map((key) => `  ${key}`);
  return [`keys of a config that ${release} takes and ${before} did not: ${keys.length}`, ...shown, ...more];
}

function listLeft(releases: readonly string[]): string[] {
  if (releases.length === 0) return [];
  return [
    "left for a person, as CONTRIBUTING.md says under A new release of OpenClaw:",
    `  node_modules/.bin/bun test/golden/record.ts ${releases.join(" ")}`,
    "  docs/openclaw-facts.md, and the text of docs/compatibility.md",
    "  features that are new: no probe can find them; the keys above and OpenClaw's own notes may tell",
    "  ./build.sh test --all",
  ];
}

/** Changes a file of the checkout, and formats it. A file that stays the same is left alone. */
async function edit(file: string, change: (source: string) => string): Promise<void> {
  const path = join(REPOSITORY, file);
  const source = await readFile(path, "utf8");
  const changed = change(source);
  if (changed === source) return;
  await writeFile(path, changed);
  await mustRun(join(REPOSITORY, "node_modules/.bin/biome"), ["format", "--write", path]);
}

function describe(error: unknown): string {
  return tightenReason(String(error)).replace(/^Error: /, "");
}

try {
  const [first, ...rest] = process.argv.slice(2);
  await (first === "--list" ? list() : update(first === undefined ? [] : [first, ...rest]));
} catch (error) {
  console.error(`error: ${describe(error)}\nhint: what was written can stay; run it again`);
  process.exitCode = 1;
}
