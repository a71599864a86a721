import JSON5 from "json5";
import { formatKey } from "./changed-paths.ts";
import { MAX_DEPTH } from "./limits.ts";
import { createTokenPattern } from "./plain-json.ts";

/** The path to a value: keys of objects and indexes of lists. */
export type KeyPath = readonly (string | number)[];

/** More than anybody reads. */
const MAX_DUPLICATES = 1_000;

/**
 * The paths of duplicate keys, each once, at most 1,000. JSON5 silently takes the last value, and a bad Git merge leaves
 * duplicates behind. The text must parse as JSON5; keys more than 200 levels deep are not reported.
 */
export function findDuplicates(text: string): KeyPath[] {
  const duplicates = new Map<string, KeyPath>();
  /** The objects and lists that are open. `keys`: the keys so far, of an object. `at`: the current key or index. */
  const open: { keys: Set<string> | undefined; at: string | number }[] = [];
  let last = { from: 0, to: 0 };
  const token = createTokenPattern();
  for (let from = 0; token.test(text); from = token.lastIndex) {
    const first = text.charAt(from);
    if (first === "/" || first.trim() === "") continue; // trim() removes exactly the blanks of JSON5
    const inner = open.at(-1);
    if (first === "{" || first === "[") {
      open.push(first === "{" ? { keys: new Set(), at: "" } : { keys: undefined, at: 0 });
    } else if (first === "}" || first === "]") {
      open.pop();
    } else if (first === "," && typeof inner?.at === "number") {
      inner.at += 1;
    } else if (first === ":" && inner?.keys) {
      const key = readKey(text.slice(last.from, last.to));
      inner.at = key;
      if (inner.keys.has(key) && open.length <= MAX_DEPTH && duplicates.size < MAX_DUPLICATES) {
        const path = open.map(({ at }) => at);
        duplicates.set(JSON.stringify(path), path);
      }
      inner.keys.add(key);
    }
    last = { from, to: token.lastIndex };
  }
  return [...duplicates.values()];
}

/** The same as sorted dotted paths, with `[]` for every index. */
export function findDuplicateKeys(text: string): string[] {
  const paths = findDuplicates(text).map((path) =>
    path.map((part) => (typeof part === "number" ? "[]" : formatKey(part))).join("."),
  );
  return [...new Set(paths)].toSorted();
}

/** The key that a token stands for: `"a"`, `'a'` and `a` are the same. */
function readKey(token: string): string {
  if (/^"[^\\]*"$/.test(token)) return token.slice(1, -1);
  try {
    return /^["']/.test(token) ? JSON5.parse<string>(token) : JSON5.parse<string>(`"${token}"`);
  } catch {
    return token;
  }
}
