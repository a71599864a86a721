import {
  type Document,
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
import type { Json } from "./json.ts";

/** One thing that is wrong at one place of a text that parses. */
interface TextProblem {
  path: KeyPath;
  problem: string;
}

export type ParsedText =
  | { kind: "parsed"; value: Json; problems: TextProblem[] }
  | { kind: "unreadable"; problem: string };

/** More than any list of jobs needs, and less than it takes to fill the memory. */
const MAX_ALIASES = 10_000;

/** Of YAML 1.2 what JSON has, too; and the merge key `<<`, which everybody knows from YAML 1.1. */
const OPTIONS = { schema: "core", merge: true, resolveKnownTags: false, logLevel: "error" } as const;

/**
 * Reads YAML that says what JSON could say. What else it says is a problem: a tag, a key that is no text. Never throws,
 * and quotes nothing of the text but keys.
 */
export function parseYaml(text: string): ParsedText {
  return attempt(() => readDocument(parseDocument(text, OPTIONS)));
}

/** The same of each document of a stream, as Kubernetes has them, with `---` in between. */
export function parseYamlStream(text: string): ParsedText[] {
  let documents: ReturnType<typeof parseAllDocuments> = [];
  const failed = attempt(() => {
    documents = parseAllDocuments(text, OPTIONS);
    return { kind: "parsed", value: null, problems: [] };
  });
  if (failed.kind === "unreadable") return [failed];
  return documents.map((document) => attempt(() => readDocument(document as Document.Parsed)));
}

function attempt(read: () => ParsedText): ParsedText {
  try {
    return read();
  } catch (error) {
    return { kind: "unreadable", problem: wordFailure(error instanceof Error ? error.message : "") };
  }
}

function readDocument(document: Document.Parsed): ParsedText {
  const broken = document.errors.find(({ code }) => code !== "DUPLICATE_KEY");
  if (broken) return { kind: "unreadable", problem: wordError(broken) };
  // Where `yes` is true, 010 is 8, and a date is no text.
  const isOld = document.directives.yaml.version === "1.1";
  if (isOld) return { kind: "unreadable", problem: "is YAML 1.1; only 1.2 is read here" };
  const value = document.toJS({ maxAliasCount: MAX_ALIASES }) as Json;
  return { kind: "parsed", value, problems: findProblems(document) };
}

/** What is wrong with a document that has a meaning all the same, and another one than it seems to have. */
function findProblems(document: Document.Parsed): TextProblem[] {
  const { contents, errors, warnings } = document;
  const problems = [
    ...errors.map(({ pos }) => ({ path: findPath(contents, pos[0]), problem: "stands twice in one map" })),
    ...warnings.map(({ code, pos }) => {
      const what = code === "BAD_DIRECTIVE" ? "directive" : "tag";
      return { path: findPath(contents, pos[0]), problem: `has a ${what} that means nothing here` };
    }),
  ];
  visit(document, {
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
    const index = node.items.findIndex((item) => offset < endOf(item));
    return index === -1 ? [] : [index, ...findPath(node.items[index], offset)];
  }
  if (!isMap(node)) return [];
  const pair = node.items.find(({ key, value }) => offset < Math.max(endOf(key), endOf(value)));
  if (!pair) return [];
  return [wordKey(pair), ...(offset < endOf(pair.key) ? [] : findPath(pair.value, offset))];
}

function wordKey({ key }: Pair): string {
  return isScalar(key) && typeof key.value !== "symbol" ? String(key.value) : "<<";
}

function startOf(node: unknown): number {
  return isNode(node) ? ((node as Node).range?.[0] ?? 0) : 0;
}

function endOf(node: unknown): number {
  return isNode(node) ? ((node as Node).range?.[1] ?? 0) : 0;
}

/** The parser's message, but for what it quotes. */
function wordError({ code, message, linePos }: YAMLError): string {
  if (code === "MULTIPLE_DOCS") return "holds several documents; write one list of jobs";
  if (message.includes("call stack")) return wordFailure(message);
  const [head = ""] = message.split(/ at line \d|\n/);
  const [{ line, col } = { line: 1, col: 1 }] = linePos ?? [];
  const place = `${head.replace(/\s?(?:(?<=\w):\s|(?<=version)\s|[\\"!<]).*$/s, "")} at line ${line}, column ${col}`;
  // A plain text that begins with * or @, as schedules do, or has ": " in it.
  return /alias|anchor|Plain value|node end|Nested mappings/i.test(head) ? `${place}; put the text in quotes` : place;
}

function wordFailure(message: string): string {
  if (message.includes("Excessive alias count")) return "has aliases of aliases that stand for too much";
  if (message.includes("Unresolved alias")) {
    return "has an alias that no anchor stands before; put a text that begins with * in quotes";
  }
  if (message.includes("Merge sources")) return "merges something that is no map";
  return message.includes("call stack") ? "is nested too deeply" : "is no YAML";
}
