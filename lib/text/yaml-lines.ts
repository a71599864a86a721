import { LineCounter, Scalar, parseAllDocuments, visit } from "yaml";
import { CONFIG_LIMITS } from "./limits.ts";
import { findYamlExcess } from "./yaml-limits.ts";

/**
 * The line of a YAML text where this text begins, as the content of a block scalar (`|`), whose lines are the text's own.
 * The first of several. Undefined if there is none: between quotes, a text has other lines.
 */
export function findBlockLine(yaml: string, content: string): number | undefined {
  if (findYamlExcess(yaml, CONFIG_LIMITS) !== undefined) return undefined;
  const lines = new LineCounter();
  let line: number | undefined;
  try {
    const options = { lineCounter: lines, uniqueKeys: false, prettyErrors: false, logLevel: "silent" } as const;
    for (const document of parseAllDocuments(yaml, options)) {
      visit(document, {
        Scalar(_, { type, value, range }) {
          if (type !== Scalar.BLOCK_LITERAL || value !== content || !range) return undefined;
          line = lines.linePos(range[0]).line + 1; // the range begins with the |
          return visit.BREAK;
        },
      });
      if (line !== undefined) return line;
    }
  } catch {
    // No YAML, or one that is nested too deep for its parser.
  }
  return undefined;
}
