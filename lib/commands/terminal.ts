import { styleText } from "node:util";
import type { Meaning } from "../reconcile/report.ts";

/** What the output can show. */
export interface Terminal {
  /** Characters per line; undefined if the output is no terminal, so that nothing has to be cut. */
  readonly columns: number | undefined;
  /** Colours the text if the terminal has colours. */
  readonly paint: (meaning: Meaning, text: string) => string;
}

/** The parts of `process.stdout` and `process.stderr` that a terminal has and a pipe may lack. */
export interface Stream {
  isTTY?: boolean;
  columns?: number;
  hasColors?: () => boolean;
  write?: (text: string) => unknown;
}

const FORMATS = {
  good: "green",
  bad: "red",
  warning: "yellow",
  change: "cyan",
  strong: "bold",
  faint: "dim",
} as const satisfies Record<Meaning, Parameters<typeof styleText>[0]>;

/** The line length of a terminal that does not report one. */
export const USUAL_COLUMNS = 80;

/** Describes an output stream. `hasColors` respects `NO_COLOR`. A pipe or a file gets plain text. */
export function describeTerminal(stream: Stream): Terminal {
  const isTerminal = stream.isTTY === true;
  const isColoured = isTerminal && stream.hasColors?.() === true;
  return {
    columns: isTerminal ? stream.columns || USUAL_COLUMNS : undefined,
    paint: (meaning, text) => (isColoured ? styleText(FORMATS[meaning], text, { validateStream: false }) : text),
  };
}
