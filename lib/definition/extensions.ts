import type { JsonObject } from "../json.ts";

/** Whether a key is the author's own, as in Compose and OpenAPI: a holder of anchors, a note. */
function isExtension(key: string): boolean {
  return key.startsWith("x-");
}

/** The object without its author's own keys. */
export function omitExtensions(object: JsonObject): JsonObject {
  const entries = Object.entries(object);
  const own = entries.filter(([key]) => !isExtension(key));
  return own.length === entries.length ? object : Object.fromEntries(own);
}

/** Whether the author's own keys are all that it has. */
export function hasOnlyExtensions(object: JsonObject): boolean {
  const keys = Object.keys(object);
  return keys.length > 0 && keys.every(isExtension);
}
