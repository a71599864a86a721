import { Lexer } from "yaml";
import { MAX_DEPTH, TOO_DEEP, type TextLimits, messageForSize } from "./limits.ts";

/** What parsed YAML may take, in units of 100 bytes: some 60 MB, half as much again as 500 jobs of 20 fields take. */
const MAX_WEIGHT = 600_000;

const TOO_MUCH = "YAML of too many values for our memory; split it into several files, or write it as JSON";

/** What one token costs, tokens and nodes together, in units of 100 bytes; measured. */
const WEIGHTS: Readonly<Record<string, number>> = {
  "[": 13,
  "{": 13,
  "]": 3,
  "}": 3,
  ",": 3,
  ":": 15,
  "-": 10,
  "?": 10,
  '"': 10,
  "'": 10,
  "*": 10,
  "!": 12,
  "\u001f": 10,
  // A document begins: the first one, or one after another's end; and any other.
  "\u0002": 35,
  "---": 35,
};

/** A space, a newline, a comment, an anchor, or the text of a scalar after its mark. */
const OTHER_WEIGHT = 1.5;

/** The marks of the lexer: a scalar follows; a flow collection is broken off. */
const SCALAR = "\u001f";
const FLOW_END = "\u0018";

/**
 * Finds out whether YAML holds more than it may, by the tokens alone, which takes little memory and linear time.
 *
 * @returns what is too much, to stand after "is"; undefined if nothing is
 */
export function findYamlExcess(text: string, limits: TextLimits): string | undefined {
  if (text.length > limits.bytes) return messageForSize(limits.bytes);
  const nesting = createNesting();
  let weight = 0;
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    if (isScalar) {
      weight += OTHER_WEIGHT;
      nesting.pass(token);
    } else {
      const isStray = (token === "]" || token === "}") && nesting.flow === 0; // each is an error object
      weight += isStray ? 13 : (WEIGHTS[token] ?? WEIGHTS[token.charAt(0)] ?? OTHER_WEIGHT);
      if (token !== SCALAR) nesting.read(token);
    }
    isScalar = token === SCALAR && !isScalar;
    if (weight > MAX_WEIGHT) return TOO_MUCH;
    if (nesting.depth > MAX_DEPTH) return TOO_DEEP;
  }
  return undefined;
}

/** Follows how deep the tokens are nested: by brackets, and by the columns of `-`, `?` and keys. */
function createNesting() {
  /** The columns of the block collections that are open. A list may stand in the column of its key: it is not counted. */
  const columns: number[] = [];
  let flow = 0;
  let column = 0;
  /** Where the key of the next `:` begins. */
  let content: number | undefined;

  function open(at: number): void {
    while ((columns.at(-1) ?? -1) > at) columns.pop();
    if (columns.at(-1) !== at) columns.push(at);
  }

  /** A token that opens nothing. */
  function pass(token: string): void {
    const isBlank = /^[ \t\r\n]*$/.test(token);
    if (!isBlank) content ??= column;
    const newline = token.lastIndexOf("\n");
    if (newline >= 0) content = undefined;
    column = newline < 0 ? column + token.length : token.length - newline - 1;
  }

  return {
    get flow() {
      return flow;
    },
    get depth() {
      return flow + columns.length;
    },
    pass,
    read(token: string): void {
      if (token === "---") columns.length = 0;
      else if (token === FLOW_END) flow = 0;
      else if (token === "[" || token === "{") flow += 1;
      else if (token === "]" || token === "}") flow = Math.max(0, flow - 1);
      else if (flow === 0 && (token === "-" || token === "?" || token === ":")) {
        open(token === ":" ? (content ?? column) : column);
        column += 1;
        content = undefined;
        return;
      }
      if (token !== FLOW_END && token !== "\u0002") pass(token);
    },
  };
}
