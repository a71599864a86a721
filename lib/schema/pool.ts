import { Buffer } from "node:buffer";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { type Schema, mapSchemas } from "./json-schema.ts";

/**
 * The schemas of several releases, each part that they have in common once. `parts` is a JSON array, compressed with
 * Brotli and written in base64; in it a part that is used elsewhere stands before those that use it, which have its
 * index in its place.
 */
export interface SchemaPool {
  /** The release's schema, as the index of its part. */
  releases: Record<string, number>;
  parts: string;
}

/** Each release changes a few hundred of some 5,000 parts: nine releases take 45 KB, one alone 20. */
export function packSchemas(schemas: Readonly<Record<string, Schema>>): SchemaPool {
  const parts: unknown[] = [];
  const indexes = new Map<string, number>();
  const add = (schema: unknown): unknown => {
    if (typeof schema !== "object" || schema === null) return schema;
    const part = mapSchemas(schema as Record<string, unknown>, add);
    const text = JSON.stringify(part);
    const index = indexes.get(text) ?? parts.push(part) - 1;
    indexes.set(text, index);
    return index;
  };
  const releases = Object.fromEntries(
    Object.entries(schemas).map(([release, schema]) => [release, Number(add(schema))]),
  );
  const text = Buffer.from(JSON.stringify(parts));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
  };
  return { releases, parts: brotliCompressSync(text, { params }).toString("base64") };
}

/** The schema of one of the releases. Parts that occur several times are one object: not to be changed. */
export function unpackSchema({ releases, parts }: SchemaPool, release: string): Schema {
  const packed = JSON.parse(brotliDecompressSync(Buffer.from(parts, "base64")).toString()) as Record<string, unknown>[];
  const unpacked = new Map<number, Schema>();
  const open = (schema: unknown): unknown => {
    if (typeof schema !== "number") return schema;
    let found = unpacked.get(schema);
    if (found === undefined) {
      found = mapSchemas(packed[schema] ?? {}, open);
      unpacked.set(schema, found);
    }
    return found;
  };
  return open(releases[release]) as Schema;
}
