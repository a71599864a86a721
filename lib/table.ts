import Table from "cli-table3";
import stringWidth from "string-width";

/** What stands between two columns, in characters. */
const GAP = 2;

export interface Column {
  heading: string;
  /** How narrow a screen may make it, in characters; absent: it is never cut. */
  min?: number;
}

/**
 * Puts rows into columns, as kubectl does. On a screen, lines are made to fit by cutting the cells of the columns that
 * may be cut, the widest first; elsewhere (`screenColumns` undefined) nothing is cut. Cells may hold colours.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  screenColumns = Number.POSITIVE_INFINITY,
): string {
  const natural = columns.map(({ heading }, index) =>
    Math.max(stringWidth(heading), ...rows.map((row) => stringWidth(row[index] ?? ""))),
  );
  const widths = fitWidths(natural, columns, screenColumns - GAP * (columns.length - 1));
  const table = new Table({
    head: columns.map(({ heading }) => heading),
    chars: NO_LINES,
    style: { head: [], border: [], "padding-left": 0, "padding-right": GAP },
    colWidths: widths.map((width) => width + GAP),
  });
  table.push(...rows.map((row) => [...row]));
  const lines = table.toString().split("\n");
  return lines.map((line) => line.trimEnd()).join("\n");
}

function fitWidths(natural: readonly number[], columns: readonly Column[], room: number): number[] {
  const widths = [...natural];
  for (;;) {
    const excess = widths.reduce((sum, width) => sum + width, 0) - room;
    const spare = widths.map((width, index) => width - (columns[index]?.min ?? width));
    const widest = spare.indexOf(Math.max(...spare));
    if (excess <= 0 || (spare[widest] ?? 0) <= 0) return widths;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

const PLACES =
  "top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid middle";

const NO_LINES = Object.fromEntries(PLACES.split(" ").map((place) => [place, ""]));
