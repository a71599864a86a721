import JSON5 from "json5";
import { formatKey } from "./changed-paths.ts";

/** Comments, texts, brackets and what stands between them: all that JSON5 is made of. */
const TOKEN =
  /\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|[{}[\],:]|[^\s\uFEFF{}[\],:"'/]+/g;

/**
 * The dotted paths of keys that stand twice in one object, sorted. JSON5 lets the last one win without a word,
 * and a merge leaves such things behind. Of a text that does not parse, nothing is promised.
 */
export function findDuplicateKeys(text: string): string[] {
  const duplicates = new Set<string>();
  /** The objects and lists that are open here: of an object the keys so far, and the one at hand. */
  const open: { keys: Set<string> | undefined; key: string }[] = [];
  let last = "";
  for (const [token] of text.matchAll(TOKEN)) {
    if (token.startsWith("//") || token.startsWith("/*")) continue;
    const inner = open.at(-1);
    if (token === "{" || token === "[") {
      open.push({ keys: token === "{" ? new Set() : undefined, key: "" });
    } else if (token === "}" || token === "]") {
      open.pop();
    } else if (token === ":" && inner?.keys) {
      inner.key = readKey(last);
      if (inner.keys.has(inner.key))
        duplicates.add(open.map(({ keys, key }) => (keys ? formatKey(key) : "[]")).join("."));
      inner.keys.add(inner.key);
    }
    last = token;
  }
  return [...duplicates].toSorted();
}

/** `"a"`, `'a'` and `a` are one key. */
function readKey(token: string): string {
  try {
    return /^["']/.test(token) ? JSON5.parse<string>(token) : token;
  } catch {
    return token;
  }
}
