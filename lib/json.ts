/** A JSON value from a file or a gateway. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns an object's own value; undefined if there is none. A key from outside may be called `toString`. */
export function readOwn<T>(object: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Returns the value at a dotted path; undefined if there is none. */
export function readPath(value: Json | undefined, path: string): Json | undefined {
  return path.split(".").reduce((found, key) => (isJsonObject(found) ? readOwn(found, key) : undefined), value);
}

/** Formats JSON output, indented so that a person can read it. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
