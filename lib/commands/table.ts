import type { Column } from "../reconcile/report.ts";
import { cutText, measureText } from "../text/excerpt.ts";

/** The gap between two columns, in characters. */
const GAP = 2;

/**
 * Renders a table in kubectl's style. If `screenColumns` is set, lines are made to fit: the columns with a `min` are
 * cut, the widest first. The cells of other columns may contain colours.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  screenColumns = Number.POSITIVE_INFINITY,
): string {
  const natural = columns.map(({ heading }, index) =>
    Math.max(measureText(heading), ...rows.map((row) => measureText(row[index] ?? ""))),
  );
  const widths = fitWidths(natural, columns, screenColumns - GAP * (columns.length - 1));
  const lines = [columns.map(({ heading }) => heading), ...rows].map((cells) =>
    widths.map((width, index) => pad(cutText(cells[index] ?? "", width), width + GAP)).join(""),
  );
  return lines.map((line) => line.trimEnd()).join("\n");
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - measureText(text)));
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
