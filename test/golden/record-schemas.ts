// Reads `config.schema` of real gateways, and puts what a config is checked by into lib/schema/schemas.json. Releases
// that are there already and are not named stay. Downloads missing releases.
//
//   node_modules/.bin/bun test/golden/record-schemas.ts [RELEASE…]

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import type { JsonObject } from "../../lib/json.ts";
import { type Schema, mapSchemas } from "../../lib/schema/json-schema.ts";
import { type SchemaPool, unpackSchema } from "../../lib/schema/pool.ts";
import { structureOf } from "../../lib/schema/structure.ts";
import { compareReleases, readRelease } from "../../lib/text/release.ts";
import { createGateway } from "../support/gateway.ts";
import { ALL_RELEASES, getRelease } from "../support/release.ts";
import { REPOSITORY } from "../support/repository.ts";

const FILE = join(REPOSITORY, "lib/schema/schemas.json");

/** Up to 2026.3 a schema has only the channels whose plugins are on; the gateway judges the keys of all. */
const CHANNELS = "telegram discord slack whatsapp signal imessage googlechat msteams bluebubbles".split(" ");
const TELLS_ALL_SINCE = [2026, 4, 1];

async function readSchema(version: string): Promise<Schema> {
  const gateway = await createGateway(await getRelease(version));
  try {
    if (compareReleases(readRelease(version) ?? [], TELLS_ALL_SINCE) < 0) {
      const entries = Object.fromEntries(CHANNELS.map((name) => [name, { enabled: true }]));
      await writeFile(gateway.configPath, gateway.config({ plugins: { entries } }));
    }
    await gateway.start();
    const { schema } = await gateway.rpc<{ schema: JsonObject }>("config.schema");
    return structureOf(schema);
  } finally {
    await gateway.dispose();
  }
}

/** Each release changes a few hundred of some 2,700 parts: nine releases take 80 KB. */
function packSchemas(schemas: Readonly<Record<string, Schema>>): SchemaPool {
  const lines: string[] = [];
  const indexes = new Map<string, number>();
  const add = (schema: unknown): unknown => {
    if (typeof schema !== "object" || schema === null) return schema;
    const part = mapSchemas(schema as Record<string, unknown>, add);
    const text = JSON.stringify(part);
    const index = indexes.get(text) ?? lines.push(text) - 1;
    indexes.set(text, index);
    return index;
  };
  const releases = Object.fromEntries(
    Object.entries(schemas).map(([release, schema]) => [release, Number(add(schema))]),
  );
  // Not with Brotli: it would save 40 KB of 80, and each `validate` would take 4 ms longer.
  return { releases, parts: deflateRawSync(lines.join("\n"), { level: 9 }).toString("base64") };
}

/** Records these releases, one after the other, each from a gateway with a config of its own. */
async function record(versions: readonly string[]): Promise<void> {
  const pool = JSON.parse(await readFile(FILE, "utf8").catch(() => '{"releases":{},"parts":""}')) as SchemaPool;
  const schemas: Record<string, Schema> = {};
  for (const version of Object.keys(pool.releases)) schemas[version] = await unpackSchema(pool, version);
  for (const version of versions) {
    schemas[version] = await readSchema(version);
    console.log(version);
  }
  const inOrder = Object.entries(schemas).toSorted(([one], [other]) =>
    compareReleases(readRelease(one) ?? [], readRelease(other) ?? []),
  );
  await writeFile(FILE, `${JSON.stringify(packSchemas(Object.fromEntries(inOrder)), undefined, 2)}\n`);
}

const named = process.argv.slice(2);
await record(named.length > 0 ? named : ALL_RELEASES);
