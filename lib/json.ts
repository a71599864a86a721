/** JSON, as it came from a file or a gateway. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands at a dotted path; undefined where nothing does. */
export function readPath(value: Json | undefined, path: string): Json | undefined {
  return path.split(".").reduce((found, key) => (isJsonObject(found) ? found[key] : undefined), value);
}

/** For a program, and still to be read by a person. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
