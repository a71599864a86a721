import {
  type Document,
  LineCounter,
  type Node,
  type Pair,
  type YAMLError,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseAllDocuments,
  parseDocument,
  visit,
} from "yaml";
import type { KeyPath } from "./duplicate-keys.ts";
import type { Json } from "../json.ts";

/** One thing that is wrong at one place of a text that parses. */
interface TextProblem {
  path: KeyPath;
  problem: string;
}

export type ParsedText =
  | { kind: "parsed"; value: Json; problems: TextProblem[] }
  | { kind: "unreadable"; problem: string };

const SEVERAL_DOCUMENTS = "holds several documents; write one list of jobs";

const TOO_MUCH = "has aliases of aliases that stand for too much";

/** More than any list of jobs needs, and less than it takes to fill the memory. */
const MAX_ALIASES = 10_000;

/** How many values aliases may stand for: a short text can stand for more than can be looked at. */
const MAX_REPEATED = 1_000_000;

/** Of YAML 1.2 what JSON has, too; and the merge key `<<`, which everybody knows from YAML 1.1. */
const OPTIONS = {
  schema: "core",
  merge: true,
  resolveKnownTags: false,
  logLevel: "error",
  // Each key would be compared with each, and for each error the whole line be looked through: for minutes, of many.
  uniqueKeys: false,
  prettyErrors: false,
} as const;

/**
 * Reads YAML that says what JSON could say. What else it says is a problem: a tag, a key that is no text. Never throws,
 * and quotes nothing of the text but keys.
 */
export function parseYaml(text: string): ParsedText {
  try {
    const lineCounter = new LineCounter();
    return readDocument(parseDocument(text, { ...OPTIONS, lineCounter }), lineCounter);
  } catch (error) {
    return { kind: "unreadable", problem: messageForFailure(error instanceof Error ? error.message : "") };
  }
}

/** The same of each document of a stream, which holds one at least. */
export function parseYamlDocuments(text: string): ParsedText[] {
  try {
    const lineCounter = new LineCounter();
    const parsed = parseAllDocuments(text, { ...OPTIONS, lineCounter });
    const documents = parsed.map((document) => readDocument(document, lineCounter));
    return documents.length > 0 ? documents : [parseYaml(text)];
  } catch (error) {
    return [{ kind: "unreadable", problem: messageForFailure(error instanceof Error ? error.message : "") }];
  }
}

function readDocument(document: Document.Parsed, lines: LineCounter): ParsedText {
  try {
    const [broken] = document.errors;
    if (broken) return { kind: "unreadable", problem: messageForError(broken, lines.linePos(broken.pos[0])) };
    // Where `yes` is true, 010 is 8, and a date is no text.
    const isOld = document.directives.yaml.version === "1.1";
    if (isOld) return { kind: "unreadable", problem: "is YAML 1.1; only 1.2 is read here" };
    const value = document.toJS({ maxAliasCount: MAX_ALIASES }) as Json;
    if (countRepeated(value) > MAX_REPEATED) return { kind: "unreadable", problem: TOO_MUCH };
    return { kind: "parsed", value, problems: findProblems(document) };
  } catch (error) {
    return { kind: "unreadable", problem: messageForFailure(error instanceof Error ? error.message : "") };
  }
}

/** How many values stand somewhere for the second time or more; what stands within itself is counted once. */
function countRepeated(value: Json): number {
  const sizes = new Map<Json, number>();
  let own = 0;

  function measure(part: Json): number {
    if (typeof part !== "object" || part === null) {
      own += 1;
      return 1;
    }
    const known = sizes.get(part);
    if (known !== undefined) return known;
    sizes.set(part, 1);
    own += 1;
    let size = 1;
    for (const inner of Object.values(part)) size += measure(inner);
    sizes.set(part, size);
    return size;
  }

  return measure(value) - own;
}

/** What is wrong with a document that has a meaning all the same, and another one than it seems to have. */
function findProblems(document: Document.Parsed): TextProblem[] {
  const { contents, warnings } = document;
  const problems = warnings.map(({ code, pos }): TextProblem => {
    const what = code === "BAD_DIRECTIVE" ? "directive" : "tag";
    return { path: findPath(contents, pos[0]), problem: `has a ${what} that means nothing here` };
  });
  visit(document, {
    Map(_, { items }) {
      const keys = new Set();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (keys.has(key.value)) {
          problems.push({ path: findPath(contents, startOf(key)), problem: "stands twice in one map" });
        }
        keys.add(key.value);
      }
    },
    Pair(_, { key }) {
      if (isScalar(key) && (typeof key.value === "string" || typeof key.value === "symbol")) return;
      const path = findPath(contents, startOf(key)).slice(0, -1);
      problems.push({ path, problem: "has a key that is no text; put it in quotes" });
    },
  });
  return problems;
}

/** The path of what stands at this offset of the text; a tag belongs to what it stands before. */
function findPath(node: unknown, offset: number): KeyPath {
  if (offset < startOf(node)) return [];
  if (isSeq(node)) {
    const index = findFirst(node.items, (item) => offset < endOf(item));
    return index === -1 ? [] : [index, ...findPath(node.items[index], offset)];
  }
  if (!isMap(node)) return [];
  const pair = node.items[findFirst(node.items, ({ key, value }) => offset < Math.max(endOf(key), endOf(value)))];
  if (!pair) return [];
  return [formatMapKey(pair), ...(offset < endOf(pair.key) ? [] : findPath(pair.value, offset))];
}

/** `findIndex()` of what holds from some item on: a text may have a problem for each of many items. */
function findFirst<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low < items.length ? low : -1;
}

function formatMapKey({ key }: Pair): string {
  return isScalar(key) && typeof key.value !== "symbol" ? String(key.value) : "<<";
}

function startOf(node: unknown): number {
  return isNode(node) ? ((node as Node).range?.[0] ?? 0) : 0;
}

function endOf(node: unknown): number {
  return isNode(node) ? ((node as Node).range?.[1] ?? 0) : 0;
}

/** The parser's message, but for what it quotes. */
function messageForError({ code, message }: YAMLError, { line, col }: { line: number; col: number }): string {
  if (code === "MULTIPLE_DOCS") return SEVERAL_DOCUMENTS;
  if (message.includes("call stack")) return messageForFailure(message);
  const [head = ""] = message.split("\n");
  const place = `${head.replace(/\s?(?:(?<=\w):\s|(?<=version)\s|[\\"!<]).*$/s, "")} at line ${line}, column ${col}`;
  // A plain text that begins with * or @, as schedules do, or has ": " in it.
  return /alias|anchor|Plain value|node end|Nested mappings/i.test(head) ? `${place}; put the text in quotes` : place;
}

function messageForFailure(message: string): string {
  if (message.includes("Excessive alias count")) return TOO_MUCH;
  if (message.includes("Unresolved alias")) {
    return "has an alias that no anchor stands before; put a text that begins with * in quotes";
  }
  if (message.includes("Merge sources")) return "merges something that is no map";
  return message.includes("call stack") ? "is nested too deeply" : "is no YAML";
}
