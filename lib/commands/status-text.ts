import { ManagerError, describeError } from "../errors.ts";
import { describeRelease } from "../gateway/store.ts";
import { cutLine, escapeAll, escapeControls } from "../printable.ts";
import type { Meaning, State, Table } from "../reconcile/report.ts";
import type { Snapshot } from "./snapshot.ts";
import { type NamedStatus, type Status, isSound } from "./status.ts";
import { renderTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

const MEANINGS = {
  "in-sync": "good",
  pending: "warning",
  rejected: "bad",
  drifted: "warning",
  failed: "bad",
  unknown: "bad",
} as const satisfies Record<State, Meaning>;

const GATEWAY = "gateway";

/** Renders the status for people: the verdict, the gateway and each kind, then the tables. */
export function renderStatus({ gateway }: Snapshot, raw: Status, terminal: Terminal): string {
  const status = escapeAll(raw);
  const { paint } = terminal;
  const isSilent = ({ isUnused = false, json }: NamedStatus) => isUnused && json.problems.length === 0;
  const shown = status.kinds.filter((kind) => !isSilent(kind));
  const unused = status.kinds.filter(isSilent);
  const width = Math.max(GATEWAY.length, ...shown.map(({ name }) => name.length)) + 2;
  const line = (name: string, text: string) => `${name.padEnd(width)}${text}`;
  const problemLines = (problems: readonly string[]) =>
    problems.map((problem) => line("", `${paint("bad", "!")} ${problem}`));

  const isAway = gateway instanceof ManagerError;
  const away = isAway ? [escapeControls(cutLine(describeError(gateway)))] : [];
  const word = isAway ? paint("bad", "away") : paint("good", "connected");
  const release = isAway ? "" : `  ${escapeControls(describeRelease(gateway))}`;
  const renderKind = ({ name, json, detail, isUnused, notes = [] }: NamedStatus) => [
    line(name, isUnused ? paint("faint", "not used") : `${paint(MEANINGS[json.state], json.state)}  ${detail}`),
    ...problemLines(json.problems.filter((problem) => !away.includes(problem))),
    ...notes.map((note) => line("", `${paint("warning", "-")} ${note}`)),
  ];
  const lines = [
    renderVerdict(status, terminal),
    "",
    line(GATEWAY, `${word}  ${status.gateway.url}${release}`),
    ...problemLines(away),
    ...shown.flatMap(renderKind),
    ...(unused.length > 0 ? [line("not used", paint("faint", unused.map(({ name }) => name).join(", ")))] : []),
  ];
  const tables = status.kinds.flatMap(({ table }) => (table ? ["", paintTable(table, terminal)] : []));
  const advice = status.healthy ? [] : ["", `${paint("faint", "hint:")} config-manager doctor`];
  return [...lines, ...tables, ...advice, ""].join("\n");
}

function renderVerdict({ healthy, gateway, kinds }: Status, { paint }: Terminal): string {
  if (healthy) return paint("good", "Healthy");
  const toReason = (kind: NamedStatus) => (isSound(kind) ? [] : [`${kind.name} ${kind.json.state}`]);
  const reasons = [...(gateway.connected ? [] : ["gateway away"]), ...kinds.flatMap(toReason)];
  return paint("bad", `Not healthy: ${reasons.join(", ")}`);
}

function paintTable({ columns, rows }: Table, { columns: width, paint }: Terminal): string {
  const painted = rows.map((row) =>
    row.map(({ text, meaning }) => (meaning === undefined ? text : paint(meaning, text))),
  );
  return renderTable(columns, painted, width);
}
