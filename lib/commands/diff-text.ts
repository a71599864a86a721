import type { Diff } from "./diff.ts";
import { cutPair, cutText } from "../text/excerpt.ts";
import { type FieldChange, listFieldChanges } from "../cron/field-changes.ts";
import { escapeControls } from "../log.ts";
import { ManagerError } from "../errors.ts";
import type { CronAction } from "../cron/plan.ts";
import type { PathChange } from "../config/reload.ts";
import type { Snapshot } from "./snapshot.ts";
import { type Meaning, type Terminal, USUAL_COLUMNS } from "./terminal.ts";

/** How an action is marked, as Terraform does, and what its colour says. */
const SIGNS = {
  add: ["+", "good"],
  update: ["~", "change"],
  adopt: ["=", "change"],
  remove: ["-", "bad"],
} as const satisfies Record<CronAction["kind"], [string, Meaning]>;

/** The difference for a person: a line for each action, what it changes beneath, and the counts at the end. */
export function renderDiff(snapshot: Snapshot, diff: Diff, terminal: Terminal): string {
  const lines = [...renderConfig(snapshot, diff, terminal), ...renderCron(snapshot, diff, terminal)];
  return [...lines, renderCounts(diff, terminal), ""].join("\n");
}

function renderConfig(
  { settings, config }: Snapshot,
  { config: { action, paths, problems } }: Diff,
  terminal: Terminal,
) {
  const isDrift = !(config instanceof ManagerError) && config.plan.kind === "drift";
  if (paths.length === 0 && problems.length === 0)
    return action === "update" ? [`Config: ${settings.pvcConfig} is new`, ""] : [];
  return [
    terminal.paint("strong", `Config: ${settings.pvcConfig}`),
    ...renderProblems(problems, terminal),
    ...(isDrift
      ? [terminal.paint("faint", "  a sync leaves it until the ConfigMap changes; --self-heal puts it back")]
      : []),
    ...(isDrift ? [] : paths.map(({ path, reload }) => renderPath({ path, reload }, terminal))),
    "",
  ];
}

function renderPath({ path, reload }: PathChange, terminal: Terminal): string {
  const effect = terminal.paint(reload === "restart" ? "warning" : "faint", `(${reload})`);
  return `  ${terminal.paint("change", "~")} ${escapeControls(path)} ${effect}`;
}

function renderCron(snapshot: Snapshot, diff: Diff, terminal: Terminal): string[] {
  const actions = snapshot.plan?.actions ?? [];
  if (actions.length === 0 && diff.cron.problems.length === 0) return [];
  const live = new Map(snapshot.live instanceof ManagerError ? [] : snapshot.live.map((job) => [job.id, job]));
  return [
    terminal.paint("strong", `Cron jobs: ${snapshot.settings.gatewayUrl}`),
    ...renderProblems(diff.cron.problems, terminal),
    ...actions.flatMap((action) => {
      const job = action.kind === "add" ? undefined : live.get(action.id);
      return renderAction(action, listFieldChanges(action, job, snapshot.settings.owner), terminal);
    }),
    "",
  ];
}

function renderProblems(problems: readonly string[], terminal: Terminal): string[] {
  return problems.map((problem) => `  ${terminal.paint("bad", "!")} ${escapeControls(problem)}`);
}

function renderAction(action: CronAction, changes: readonly FieldChange[], terminal: Terminal): string[] {
  const [sign, meaning] = SIGNS[action.kind];
  const width = Math.max(0, ...changes.map(({ field }) => field.length));
  return [
    `  ${terminal.paint(meaning, `${sign} ${action.kind}`)} ${escapeControls(action.name)}${remark(action, terminal)}`,
    ...changes.flatMap((change) => renderChange(change, width, terminal)),
  ];
}

function remark(action: CronAction, { paint }: Terminal): string {
  switch (action.kind) {
    case "add":
    case "update":
      return action.commandAsTurn ? paint("warning", "  as an agent turn, which costs model tokens") : "";
    case "adopt":
      return action.namesakes.length > 0
        ? paint("warning", `  not touching its namesakes ${action.namesakes.join(", ")}`)
        : "";
    case "remove":
      return action.reason === "duplicate" ? paint("faint", "  an older one of the same name is ours") : "";
  }
}

/** In one line if it fits, else the old beneath the new. */
function renderChange({ field, before, after }: FieldChange, fieldWidth: number, terminal: Terminal): string[] {
  const { paint } = terminal;
  const indent = `      ${escapeControls(field).padEnd(fieldWidth)}  `;
  const room = Math.max(20, (terminal.columns ?? USUAL_COLUMNS) - indent.length);
  const show = (value: string | undefined) => (value === undefined ? "(none)" : escapeControls(value));
  if (before === undefined) return [indent + cutText(show(after), room)];
  const whole = `${show(before)} → ${show(after)}`;
  if (whole.length <= room) return [indent + `${paint("faint", show(before))} → ${show(after)}`];
  const [old, now] = cutPair(show(before), show(after), room - 2);
  const blank = " ".repeat(indent.length);
  return [`${indent}${paint("bad", "-")} ${old}`, `${blank}${paint("good", "+")} ${now}`];
}

function renderCounts(diff: Diff, terminal: Terminal): string {
  const { config, cron, changes } = diff;
  const problems = config.problems.length + cron.problems.length;
  const isClean = changes === 0 && problems === 0;
  const counts = [
    ...(config.action === "update" ? ["config to update"] : []),
    ...(config.action === "reject" ? ["config rejected"] : []),
    `${cron.add.length} to add`,
    `${cron.update.length} to update`,
    `${cron.remove.length} to remove`,
    `${cron.adopt.length} to adopt`,
    `${cron.unchanged} unchanged`,
    `${cron.unmanaged} not ours`,
  ].join(", ");
  if (isClean)
    return `${terminal.paint("good", "No changes.")} ${cron.unchanged} unchanged, ${cron.unmanaged} not ours.`;
  const wrong =
    problems > 0 ? ` ${terminal.paint("bad", `${problems} ${problems === 1 ? "problem" : "problems"}.`)}` : "";
  return `Plan: ${counts}.${wrong}`;
}
