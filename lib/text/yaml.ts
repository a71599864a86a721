import {
  type Document,
  LineCounter,
  type YAMLError,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseAllDocuments,
  parseDocument,
} from "yaml";
import { CONFIG_LIMITS, TOO_DEEP } from "./limits.ts";
import { findYamlExcess } from "./yaml-limits.ts";
import type { KeyPath } from "./duplicate-keys.ts";
import type { Json } from "../json.ts";

/** One problem in a text that parses. */
interface TextProblem {
  path: KeyPath;
  problem: string;
}

export type ParsedText =
  | { kind: "parsed"; value: Json; problems: TextProblem[] }
  | { kind: "unreadable"; problem: string };

const TOO_MUCH = "has aliases of aliases that stand for too much";

/** More than any list of jobs needs, and too few to fill the memory. */
const MAX_ALIASES = 10_000;

/** How many values aliases of a text may repeat: a short one can expand to more than can be processed. */
const MAX_REPEATED = 1_000_000;

/** The core schema of YAML 1.2, which has the types of JSON, and the merge key `<<` of YAML 1.1. */
const OPTIONS = {
  schema: "core",
  merge: true,
  resolveKnownTags: false,
  logLevel: "error",
  // Both options are quadratic: a file with very many keys or errors would take minutes.
  uniqueKeys: false,
  prettyErrors: false,
} as const;

/**
 * Reads each document of a YAML text; at least one. Everything that JSON cannot express is a problem: a tag, a key that
 * is no text. Text that holds more than it may is not parsed. Never throws, and quotes nothing of the text but keys.
 */
export function parseYamlDocuments(text: string, limits = CONFIG_LIMITS): ParsedText[] {
  const excess = findYamlExcess(text, limits);
  if (excess !== undefined) return [{ kind: "unreadable", problem: `is ${excess}` }];
  const lineCounter = new LineCounter();
  try {
    const parsed: readonly Document.Parsed[] = parseAllDocuments(text, { ...OPTIONS, lineCounter });
    const documents = parsed.length > 0 ? parsed : [parseDocument(text, { ...OPTIONS, lineCounter })];
    const budget = { repeated: MAX_REPEATED };
    return documents.map((document) => readDocument(document, lineCounter, budget));
  } catch (error) {
    return [toUnreadable(error)];
  }
}

/** @param budget how many values aliases may still repeat */
function readDocument(document: Document.Parsed, lines: LineCounter, budget: { repeated: number }): ParsedText {
  try {
    const [broken] = document.errors;
    if (broken) return { kind: "unreadable", problem: messageForError(broken, lines.linePos(broken.pos[0])) };
    // In YAML 1.1 `yes` is true, 010 is 8, and a date is no text.
    if (document.directives.yaml.version === "1.1")
      return { kind: "unreadable", problem: "is YAML 1.1; only 1.2 is read here" };
    const value = document.toJS({ maxAliasCount: MAX_ALIASES }) as Json;
    budget.repeated -= countRepeated(value);
    if (budget.repeated < 0) return { kind: "unreadable", problem: TOO_MUCH };
    return { kind: "parsed", value, problems: findProblems(document) };
  } catch (error) {
    return toUnreadable(error);
  }
}

/** How many values aliases repeat. A value that contains itself is counted once. */
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

/** What is wrong with a document that parses but does not mean what it seems to mean, in the order of the text. */
function findProblems({ contents, warnings }: Document.Parsed): TextProblem[] {
  const problems: TextProblem[] = [];
  const path: (string | number)[] = [];
  const report = (problem: string) => problems.push({ path: [...path], problem });
  // A warning belongs to the first node after it: a tag and a directive stand before what they are about.
  const pending = warnings.toSorted((a, b) => b.pos[0] - a.pos[0]);
  const reportWarning = ({ code }: YAMLError) =>
    report(`has a ${code === "BAD_DIRECTIVE" ? "directive" : "tag"} that means nothing here`);

  function walk(node: unknown): void {
    if (!isNode(node)) return;
    for (let last = pending.at(-1); last && last.pos[0] < (node.range?.[0] ?? 0); last = pending.at(-1)) {
      reportWarning(last);
      pending.pop();
    }
    if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) walkInto(index, item);
    } else if (isMap(node)) {
      const keys = new Set();
      for (const { key, value } of node.items) {
        const step = formatMapKey(key);
        const name = isScalar(key) ? key.value : undefined;
        if (typeof name !== "string" && typeof name !== "symbol") report("has a key that is no text; put it in quotes");
        if (isScalar(key) && keys.has(name))
          problems.push({ path: [...path, step], problem: "stands twice in one map" });
        if (isScalar(key)) keys.add(name);
        walkInto(step, key, value);
      }
    }
  }

  function walkInto(step: string | number, ...nodes: readonly unknown[]): void {
    path.push(step);
    for (const node of nodes) walk(node);
    path.pop();
  }

  walk(contents);
  for (const warning of pending) reportWarning(warning);
  return problems;
}

/** A merge key `<<` is a symbol; a map or a list as a key is called `?`, as YAML writes it. */
function formatMapKey(key: unknown): string {
  if (!isScalar(key)) return "?";
  return typeof key.value === "symbol" ? "<<" : String(key.value);
}

/** The parser's message with line and column, without the text that it quotes. */
function messageForError({ message }: YAMLError, { line, col }: { line: number; col: number }): string {
  if (message.includes("call stack")) return messageForFailure(message);
  const [head = ""] = message.split("\n");
  const place = `${head.replace(/\s?(?:(?<=\w):\s|(?<=version)\s|[\\"!<]).*$/s, "")} at line ${line}, column ${col}`;
  // Typical of text without quotes that begins with * or @, as schedules do, or that contains ": ".
  return /alias|anchor|Plain value|node end|Nested mappings/i.test(head) ? `${place}; put the text in quotes` : place;
}

function toUnreadable(error: unknown): ParsedText {
  return { kind: "unreadable", problem: messageForFailure(error instanceof Error ? error.message : "") };
}

function messageForFailure(message: string): string {
  if (message.includes("Excessive alias count")) return TOO_MUCH;
  if (message.includes("Unresolved alias")) {
    return "has an alias that no anchor stands before; put a text that begins with * in quotes";
  }
  if (message.includes("Merge sources"))
    return "merges something that is no map, or has no anchor before it in its document";
  return message.includes("call stack") ? `is ${TOO_DEEP}` : "is no YAML";
}
