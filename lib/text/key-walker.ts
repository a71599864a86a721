import JSON5 from "json5";
import { createTokenPattern } from "./plain-json.ts";

/**
 * Is told each key of each object and each item of each list, in the order of the text.
 *
 * @param depth how many objects and lists are open: 1 for the entries of the outermost one. The entries of one object
 * follow each other, but for deeper ones in between
 * @param key the key without quotes, or the index of the item
 * @param offset where the key or the item begins, in UTF-16 units
 */
type Visit = (depth: number, key: string | number, offset: number) => void;

/** Walks over the entries of a text that parses as JSON5, in linear time. Of any other text it tells what it sees. */
export function walkKeys(text: string, visit: Visit): void {
  /** The objects and lists that are open: the index of the next item of a list, undefined for an object. */
  const open: (number | undefined)[] = [];
  let last = { from: 0, to: 0 };
  /** The item of a list that has been told; a value that is no JSON5 may have several tokens. */
  let told = false;
  const token = createTokenPattern();
  for (let from = 0; token.test(text); from = token.lastIndex) {
    const first = text.charAt(from);
    if (first === "/" || first.trim() === "") continue; // trim() removes exactly the blanks of JSON5
    const index = open.at(-1);
    const isEnd = first === "}" || first === "]";
    if (index !== undefined && !told && !isEnd && first !== ",") {
      visit(open.length, index, from);
      told = true;
    }
    if (first === "{" || first === "[") {
      open.push(first === "{" ? undefined : 0);
      told = false;
    } else if (isEnd) {
      open.pop();
      told = true; // what ends was an item, if it is in a list
    } else if (first === "," && index !== undefined) {
      open[open.length - 1] = index + 1;
      told = false;
    } else if (first === ":" && index === undefined && open.length > 0) {
      visit(open.length, readKey(text.slice(last.from, last.to)), last.from);
    }
    last = { from, to: token.lastIndex };
  }
}

/** The key that a token stands for: `"a"`, `'a'` and `a` are the same. */
function readKey(token: string): string {
  if (/^[A-Za-z_$][\w$]*$/.test(token)) return token;
  if (/^"[^\\]*"$/.test(token)) return token.slice(1, -1);
  try {
    return /^["']/.test(token) ? JSON5.parse<string>(token) : JSON5.parse<string>(`"${token}"`);
  } catch {
    return token;
  }
}
