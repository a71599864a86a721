import type { KeyPath } from "./duplicate-keys.ts";
import { walkKeys } from "./key-walker.ts";

/** A place in a text. Both count from 1, the column in UTF-16 units. */
export interface Position {
  line: number;
  column: number;
}

/** A key that is looked for, or that leads to one. */
interface Wanted {
  keys: Map<string | number, Wanted>;
  offset: number;
  /** Which of several entries of this name it was last; and in which entry of its parent's. */
  entry: number;
  within: number;
}

/**
 * The positions of the keys and list items at these paths, in their order: each where the key or the item begins, or that
 * of the nearest one above it that is there; the text's own for the whole. Of a key that stands twice, the last one counts,
 * as for the parser. The text must parse as JSON5. Linear.
 */
export function findPositions(text: string, paths: readonly KeyPath[]): Position[] {
  const root = createWanted();
  root.entry = 1;
  for (const path of paths) {
    let wanted = root;
    for (const key of path) {
      const next = wanted.keys.get(key) ?? createWanted();
      wanted.keys.set(key, next);
      wanted = next;
    }
  }
  /** What the entries that are open lead to. */
  const open: (Wanted | undefined)[] = [root];
  let entries = 1;
  walkKeys(text, (depth, key, offset) => {
    open.length = Math.min(open.length, depth);
    const parent = open[depth - 1];
    const found = parent?.keys.get(key);
    if (parent && found) Object.assign(found, { offset, entry: ++entries, within: parent.entry });
    open[depth] = found;
  });
  const offsets = paths.map((path) => findOffset(root, path) ?? findStart(text));
  return toPositions(text, offsets);
}

function createWanted(): Wanted {
  return { keys: new Map(), offset: -1, entry: 0, within: 0 };
}

/** The offset of the deepest entry of the path that is there; undefined if none is. */
function findOffset(root: Wanted, path: KeyPath): number | undefined {
  let wanted = root;
  for (const key of path) {
    const next = wanted.keys.get(key);
    // What stood in an earlier entry of the same name is no part of the value.
    if (!next || next.entry === 0 || next.within !== wanted.entry) break;
    wanted = next;
  }
  return wanted === root ? undefined : wanted.offset;
}

/** Where the first character stands that is no blank. Comments count as text. */
function findStart(text: string): number {
  return text.length - text.trimStart().length;
}

/** The lines of an editor: they end with LF, CR LF or CR. */
function toPositions(text: string, offsets: readonly number[]): Position[] {
  const order = [...offsets.keys()].toSorted((one, other) => (offsets[one] ?? 0) - (offsets[other] ?? 0));
  const positions: Position[] = [];
  const ending = /\r\n|\n|\r/g;
  let [line, start] = [1, 0];
  let next = ending.exec(text);
  for (const index of order) {
    const offset = offsets[index] ?? 0;
    while (next && next.index + next[0].length <= offset) {
      line += 1;
      start = next.index + next[0].length;
      next = ending.exec(text);
    }
    positions[index] = { line, column: offset - start + 1 };
  }
  return positions;
}
