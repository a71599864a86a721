import JSON5 from "json5";
import { formatKey } from "./changed-paths.ts";

/** Where something stands: keys of objects, and places in lists, from 0. */
export type KeyPath = readonly (string | number)[];

/**
 * Blanks, comments, texts, brackets and what stands between them: all that JSON5 is made of. Each begins where the last
 * one ended, so that a text with no end is not read again from each quote in it.
 */
const TOKEN =
  /[\s\uFEFF]+|\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/|"[^"\\]*(?:\\[\s\S][^"\\]*)*"|'[^'\\]*(?:\\[\s\S][^'\\]*)*'|[{}[\],:]|[^\s\uFEFF{}[\],:"'/]+/y;

/** Deeper than anything that is taken: a path for each of many keys down there would fill the memory. */
const MAX_DEPTH = 200;

/**
 * Where keys stand twice in one object, each once. JSON5 lets the last one win without a word, and a merge leaves such
 * things behind. Of a text that does not parse, and of what is nested too deeply to be taken, nothing is promised.
 */
export function findDuplicates(text: string): KeyPath[] {
  const duplicates = new Map<string, KeyPath>();
  /** The objects and lists that are open here: of an object the keys so far, and the one at hand. */
  const open: { keys: Set<string> | undefined; at: string | number }[] = [];
  let last = { from: 0, to: 0 };
  const token = new RegExp(TOKEN); // one of our own: it keeps its place in the text
  for (let from = 0; token.test(text); from = token.lastIndex) {
    const first = text.charAt(from);
    if (first === "/" || first.trim() === "") continue; // trim() knows the blanks of JSON5, and no others
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
      if (inner.keys.has(key) && open.length <= MAX_DEPTH) {
        const path = open.map(({ at }) => at);
        duplicates.set(JSON.stringify(path), path);
      }
      inner.keys.add(key);
    }
    last = { from, to: token.lastIndex };
  }
  return [...duplicates.values()];
}

/** The same as dotted paths, sorted; `[]` for any place in a list. */
export function findDuplicateKeys(text: string): string[] {
  const paths = findDuplicates(text).map((path) =>
    path.map((part) => (typeof part === "number" ? "[]" : formatKey(part))).join("."),
  );
  return [...new Set(paths)].toSorted();
}

/** `"a"`, `'a'` and `a` are one key. */
function readKey(token: string): string {
  if (/^"[^\\]*"$/.test(token)) return token.slice(1, -1);
  try {
    return /^["']/.test(token) ? JSON5.parse<string>(token) : JSON5.parse<string>(`"${token}"`);
  } catch {
    return token;
  }
}
