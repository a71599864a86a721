import { type Json, isJsonObject } from "../json.ts";

/** All names under `$include` in one parsed document, at any depth, each once, as they are written. Pure. */
export function findIncludes(value: Json): string[] {
  const names = new Set<string>();
  const queue: Json[] = [value]; // no recursion: a document may be nested deeper than the stack
  for (const part of queue) {
    if (isJsonObject(part)) {
      const included = Array.isArray(part.$include) ? part.$include : [part.$include];
      for (const name of included) if (typeof name === "string") names.add(name);
    }
    if (typeof part === "object" && part !== null) {
      for (const inner of Object.values(part)) if (typeof inner === "object") queue.push(inner);
    }
  }
  return [...names];
}
