import { Buffer } from "node:buffer";
import { type Schema, mapLazily } from "./json-schema.ts";

const NEWLINE = 10;

/**
 * The schemas of several releases, each part that they have in common once. `parts` has one of them a line, as JSON,
 * compressed and written in base64; in a part stands, for each schema in it, the line of that, from 0.
 */
export interface SchemaPool {
  /** The release's schema, as the line of its part. */
  releases: Record<string, number>;
  parts: string;
}

/**
 * The schema of one of the releases. Not to be changed: what occurs several times is one object. A part is parsed when
 * it is first read; a config touches some hundred of 2,700.
 */
export async function unpackSchema({ releases, parts }: SchemaPool, release: string): Promise<Schema> {
  const lines = splitLines(await inflate(Buffer.from(parts, "base64")));
  const opened = new Map<unknown, Schema>();
  const open = (index: unknown): Schema => {
    if (typeof index !== "number") return index as boolean;
    const schema = opened.get(index) ?? mapLazily(JSON.parse(lines(index)) as Record<string, unknown>, open);
    opened.set(index, schema);
    return schema;
  };
  return open(releases[release]);
}

/** With the stream of the Web: to load `node:zlib` takes longer than to inflate. */
async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Buffer> {
  const { readable, writable } = new DecompressionStream("deflate-raw");
  const writer = writable.getWriter();
  void writer.write(bytes);
  void writer.close();
  return Buffer.from(await new Response(readable).arrayBuffer());
}

/** Returns the line of an index, from 0. A string for each of 2,700 would be garbage to collect. */
function splitLines(text: Buffer): (index: number) => string {
  const ends: number[] = [];
  for (let end = text.indexOf(NEWLINE); end !== -1; end = text.indexOf(NEWLINE, end + 1)) ends.push(end);
  ends.push(text.length);
  return (index) => text.toString("utf8", index === 0 ? 0 : (ends[index - 1] ?? 0) + 1, ends[index]);
}
