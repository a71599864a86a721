import { compareNewestFirst } from "./queue.ts";
import { CAPABILITIES, type Capability, type Cell, type Row } from "./row.ts";

const BEGIN = "<!-- what `./build.sh test --every-release` has written -->";
const END = "<!-- until here -->";

const COLUMNS = Object.keys(CAPABILITIES) as Capability[];

/** Rows with the newest release first. */
function sortRows(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => compareNewestFirst(a.release, b.release));
}

/** The last row of each release, newest release first. */
export function joinRows(...runs: readonly (readonly Row[])[]): Row[] {
  const last = new Map<string, Row>();
  for (const row of runs.flat()) {
    const other = last.get(row.release);
    if (!other || other.measured <= row.measured) last.set(row.release, row);
  }
  return sortRows([...last.values()]);
}

/** Whether all was measured, and nothing failed. */
export function isFull({ cells }: Row): boolean {
  return COLUMNS.every((column) => {
    const cell = cells[column];
    return cell !== undefined && cell.is !== "not tried" && !(cell.is === "no" && cell.isFailure);
  });
}

/** The table in Markdown, with what the cells say below it, each once. */
export function renderTable(unsorted: readonly Row[]): string {
  const rows = sortRows(unsorted);
  const notes: string[] = [];
  const refer = (text: string) => {
    const index = notes.indexOf(text);
    return `(${index === -1 ? notes.push(text) : index + 1})`;
  };
  const render = (column: Capability, cell: Cell | undefined): string => {
    if (!cell) return "not tried";
    if (cell.is !== "yes") return `${cell.is} ${refer(`${CAPABILITIES[column]}: ${cell.reason}`)}`;
    if (cell.note === undefined) return "yes";
    return column === "jobs" ? cell.note : `yes ${refer(`${CAPABILITIES[column]}: ${cell.note}`)}`;
  };
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const body = rows.map(({ release, measured, subject, cells }) => {
    const commit = /\((.*)\)/.exec(subject)?.[1] ?? subject;
    return line([
      release,
      ...COLUMNS.map((column) => render(column, cells[column])),
      `${measured.slice(0, 10)}, ${commit}`,
    ]);
  });
  const full = rows.filter(isFull).length;
  return [
    `${rows.length} releases, ${full} of them with a full row: all was measured, and what is there works.`,
    "",
    line(["OpenClaw", ...COLUMNS.map((column) => CAPABILITIES[column]), "measured, at"]),
    `|${"---|".repeat(COLUMNS.length + 2)}`,
    ...body,
    "",
    ...notes.map((note, index) => `${index + 1}. ${escapeMarkdown(note)}`),
  ].join("\n");
}

/** A gateway's own words are no Markdown. */
function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_<>[\]|]/g, "\\$&");
}

/** Puts the table into the document, in the place of the former one. */
export function insertTable(document: string, table: string): string {
  const [before, rest = ""] = document.split(BEGIN);
  const after = rest.split(END)[1];
  if (after === undefined) throw new Error(`the document has no ${BEGIN}, or no ${END} after it`);
  return `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
}
