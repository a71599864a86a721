// What lib/schema/schemas.json holds of each release: read from a real gateway, and packed.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { replaceFile } from "../../lib/files/replace.ts";
import type { JsonObject } from "../../lib/json.ts";
import { type Schema, mapSchemas } from "../../lib/schema/json-schema.ts";
import { type SchemaPool, unpackSchema } from "../../lib/schema/pool.ts";
import { structureOf } from "../../lib/schema/structure.ts";
import { compareReleases, readRelease } from "../../lib/text/release.ts";
import { createGateway } from "../support/gateway.ts";
import { getRelease } from "../support/release.ts";
import { REPOSITORY } from "../support/repository.ts";
import { compareNewestFirst } from "./queue.ts";

const FILE = join(REPOSITORY, "lib/schema/schemas.json");

/** The schemas of releases, oldest first. */
export type Schemas = Readonly<Record<string, Schema>>;

/** Up to 2026.3 a schema has only the channels whose plugins are on; the gateway judges the keys of all. */
const CHANNELS = "telegram discord slack whatsapp signal imessage googlechat msteams bluebubbles".split(" ");
const TELLS_ALL_SINCE = [2026, 4, 1];

/** Reads `config.schema` from a gateway of this release: what a config is checked by. Downloads a missing release. */
export async function readSchema(version: string): Promise<Schema> {
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
function packSchemas(schemas: Schemas): SchemaPool {
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

/** All schemas that are kept. */
export async function readSchemas(): Promise<Schemas> {
  const pool = JSON.parse(await readFile(FILE, "utf8")) as SchemaPool;
  const releases = Object.keys(pool.releases);
  const entries = releases.map(async (release) => [release, await unpackSchema(pool, release)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** Keeps the schema of one more release, or of one in place of what was kept. @returns all of them */
export async function keepSchema(version: string, schema: Schema): Promise<Schemas> {
  const entries = Object.entries({ ...(await readSchemas()), [version]: schema });
  const schemas = Object.fromEntries(entries.toSorted(([one], [other]) => compareNewestFirst(other, one)));
  await replaceFile(FILE, Buffer.from(`${JSON.stringify(packSchemas(schemas), undefined, 2)}\n`));
  return schemas;
}
