import { cpus, release, totalmem } from "node:os";
import { describeVersion } from "../lib/version.ts";
import { type Figure, formatNumber } from "./figure.ts";

/** What a run has found, and on which machine. `bench/results/` holds some. */
export interface Report {
  date: string;
  machine: string;
  versions: string;
  rows: Record<string, Figure[]>;
}

export function createReport(commit: string, openclaw: string): Report {
  const [cpu] = cpus();
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  const machine = `${cpus().length} cores of ${cpu?.model.trim() ?? "an unknown kind"}, ${gibibytes} GiB, Linux ${release()}`;
  const own = describeVersion().replace(/\(.*\)/, `(${commit})`);
  const versions = `${own}, Bun ${Bun.version}, OpenClaw ${openclaw}`;
  return { date: new Date().toISOString().slice(0, 10), machine, versions, rows: {} };
}

/** On what it was measured, in a line. */
export function describeRun({ date, machine, versions }: Report): string {
  return `${date}: ${machine}; ${versions}`;
}

const HEAD = ["| | ours | beside it | ratio | goal |", "|---|---|---|---|---|"];

/** The figures as a table in Markdown, the one of docs/performance.md. */
export function renderTable(rows: Report["rows"]): string {
  const lines = Object.values(rows).flat().map(renderFigure);
  return [...HEAD, ...lines, ""].join("\n");
}

function renderFigure({ what, unit, ours, beside, goals }: Figure): string {
  const others = beside.map((other) => `${other.what} ${formatNumber(other.value)}`).join("<br>");
  const ratios = beside.map(({ value }) => renderRatio(value / ours)).join("<br>");
  const marks = goals.map(({ says, isMet }) => `${isMet ? "✓" : "✗"} ${says}`).join("<br>");
  return `| ${what} | ${formatNumber(ours)} ${unit} | ${others} | ${ratios} | ${marks} |`;
}

/** How many times less, or more, than the other. */
function renderRatio(times: number): string {
  return times >= 1 ? `${formatNumber(times)} × less` : `${formatNumber(1 / times)} × more`;
}

/** What takes more than its limit allows: a line each. */
export function findRegressions(rows: Report["rows"]): string[] {
  return Object.values(rows)
    .flat()
    .flatMap(({ what, ours, beside: [reference], limit }) => {
      if (limit === undefined || reference === undefined || ours <= limit * reference.value) return [];
      const times = formatNumber(ours / reference.value);
      return [`${what}: ${times} times ${reference.what}, and ${limit} times is what it may take`];
    });
}
