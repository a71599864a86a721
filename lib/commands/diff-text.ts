import { escapeAll } from "../printable.ts";
import type { DiffEntry, FieldChange } from "../reconcile/report.ts";
import { cutPair, cutText } from "../text/excerpt.ts";
import type { Diff, NamedDiff } from "./diff.ts";
import { type Terminal, USUAL_COLUMNS } from "./terminal.ts";

/** Renders a diff for people: a line per action, its field changes below, and the counts at the end. */
export function renderDiff(raw: Diff, terminal: Terminal): string {
  const diff = escapeAll(raw);
  return [...diff.kinds.flatMap((kind) => renderKind(kind, terminal)), renderCounts(diff, terminal), ""].join("\n");
}

function renderKind({ heading, json, notes, entries }: NamedDiff, terminal: Terminal): string[] {
  if (heading === undefined) return [];
  const { paint } = terminal;
  return [
    paint("strong", heading),
    ...json.problems.map((problem) => `  ${paint("bad", "!")} ${problem}`),
    ...notes.map((note) => paint("faint", `  ${note}`)),
    ...entries.flatMap((entry) => renderEntry(entry, terminal)),
    "",
  ];
}

function renderEntry({ mark, meaning, text, remark, changes }: DiffEntry, terminal: Terminal): string[] {
  const { paint } = terminal;
  const width = Math.max(0, ...changes.map(({ field }) => field.length));
  const end = remark ? paint(remark.meaning, remark.text) : "";
  return [
    `  ${paint(meaning, mark)} ${text}${end}`,
    ...changes.flatMap((change) => renderChange(change, width, terminal)),
  ];
}

/** Renders `old → new` in one line if it fits, else in two lines. */
function renderChange({ field, before, after }: FieldChange, fieldWidth: number, terminal: Terminal): string[] {
  const { paint } = terminal;
  const indent = `      ${field.padEnd(fieldWidth)}  `;
  const room = Math.max(20, (terminal.columns ?? USUAL_COLUMNS) - indent.length);
  const show = (value: string | undefined) => value ?? "(none)";
  if (before === undefined) return [indent + cutText(show(after), room)];
  const whole = `${show(before)} → ${show(after)}`;
  if (whole.length <= room) return [indent + `${paint("faint", show(before))} → ${show(after)}`];
  const [old, now] = cutPair(show(before), show(after), room - 2);
  const blank = " ".repeat(indent.length);
  return [`${indent}${paint("bad", "-")} ${old}`, `${blank}${paint("good", "+")} ${now}`];
}

function renderCounts({ kinds, changes, problems }: Diff, { paint }: Terminal): string {
  if (changes === 0 && problems === 0) {
    const unchanged = kinds.flatMap(({ counts }) => counts.unchanged).join(", ");
    return `${paint("good", "No changes.")} ${unchanged}.`;
  }
  const planned = kinds.flatMap(({ counts }) => counts.planned).join(", ");
  const wrong = problems > 0 ? ` ${paint("bad", `${problems} ${problems === 1 ? "problem" : "problems"}.`)}` : "";
  return `Plan: ${planned}.${wrong}`;
}
