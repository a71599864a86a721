import { styleText } from "node:util";
import type { Meaning } from "../reconcile/report.ts";

/** Where a person reads. */
export interface Terminal {
  /** Characters in a line; undefined where nobody looks at a screen, and nothing has to be cut. */
  readonly columns: number | undefined;
  /** Colours the text, where there are colours. */
  readonly paint: (meaning: Meaning, text: string) => string;
}

interface Stream {
  isTTY?: boolean;
  columns?: number;
  hasColors?: () => boolean;
}

const FORMATS = {
  good: "green",
  bad: "red",
  warning: "yellow",
  change: "cyan",
  strong: "bold",
  faint: "dim",
} as const satisfies Record<Meaning, Parameters<typeof styleText>[0]>;

/** What a line may take where no screen says otherwise. */
export const USUAL_COLUMNS = 80;

/** Colours on a terminal that has some, unless `NO_COLOR` is set: `hasColors` knows. A pipe or a file gets plain text. */
export function describeTerminal(stream: Stream): Terminal {
  const isTerminal = stream.isTTY === true;
  const isColoured = isTerminal && stream.hasColors?.() === true;
  return {
    columns: isTerminal ? stream.columns || USUAL_COLUMNS : undefined,
    paint: (meaning, text) => (isColoured ? styleText(FORMATS[meaning], text, { validateStream: false }) : text),
  };
}
