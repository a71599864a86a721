import type { Check } from "../reconcile/check.ts";
import type { Diagnosis } from "./doctor.ts";
import { escapeAll } from "../printable.ts";
import type { Meaning } from "../reconcile/report.ts";
import type { Terminal } from "./terminal.ts";

const MARKS = {
  ok: ["ok", "good"],
  warning: ["warn", "warning"],
  failed: ["FAIL", "bad"],
  skipped: ["--", "faint"],
} as const satisfies Record<Check["state"], [string, Meaning]>;

/** Renders a line per check and the counts at the end. A hint has a line of its own, so that it can be copied. */
export function renderDiagnosis(diagnosis: Diagnosis, terminal: Terminal): string {
  const { checks } = escapeAll(diagnosis);
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, state, detail, hint }) => {
    const [mark, meaning] = MARKS[state];
    const line = `${terminal.paint(meaning, mark.padEnd(4))}  ${name.padEnd(width)}  ${detail}`;
    return hint === undefined ? [line] : [line, `      ${terminal.paint("faint", "hint:")} ${hint}`];
  });
  const count = (state: Check["state"]) => checks.filter((check) => check.state === state).length;
  const counts = `${count("ok")} ok, ${count("warning")} to look at, ${count("failed")} failed, ${count("skipped")} skipped`;
  return [...lines, "", counts, ""].join("\n");
}
