import { ManagerError, describeError } from "../errors.ts";
import type { LiveJob } from "../gateway/job.ts";
import { escapeControls } from "../log.ts";
import { readClaim } from "../cron/ownership.ts";
import { describeAge } from "../cron/schedule-text.ts";
import { type JobStatus, type RunState, type Status, readRunState } from "./status.ts";
import { describeRelease } from "../gateway/store.ts";
import type { Snapshot } from "./snapshot.ts";
import { renderTable } from "./table.ts";
import type { Meaning, Terminal } from "./terminal.ts";

const MEANINGS = {
  "in-sync": "good",
  pending: "warning",
  rejected: "bad",
  drifted: "warning",
  failed: "bad",
  unknown: "bad",
} as const satisfies Record<Status["config"]["state"] | Status["cron"]["state"], Meaning>;

const COLUMNS = [
  { heading: "NAME", min: 20 },
  { heading: "OWNER", min: 8 },
  { heading: "SCHEDULE", min: 17 },
  { heading: "NEXT" },
  { heading: "LAST" },
  { heading: "STATUS" },
];

/** The status for a person: the verdict first, then what it rests on, then the jobs. */
export function renderStatus(snapshot: Snapshot, status: Status, terminal: Terminal): string {
  const away = snapshot.gateway instanceof ManagerError ? [describeError(snapshot.gateway)] : [];
  const lines = [
    renderVerdict(status, terminal),
    "",
    `gateway  ${describeGateway(snapshot, terminal)}`,
    ...renderProblems(away, terminal),
    `config   ${describeConfig(snapshot, status, terminal)}`,
    ...renderProblems(status.config.problems, terminal),
    `cron     ${describeCron(status, terminal)}`,
    ...renderProblems(
      status.cron.problems.filter((problem) => !away.includes(problem)),
      terminal,
    ),
  ];
  const advice = status.healthy ? [] : ["", `${terminal.paint("faint", "hint:")} config-manager doctor`];
  return [...lines, ...renderJobs(snapshot, status, terminal), ...advice, ""].join("\n");
}

function renderVerdict({ healthy, gateway, config, cron }: Status, { paint }: Terminal): string {
  if (healthy) return paint("good", "Healthy");
  const reasons = [
    ...(gateway.connected ? [] : ["gateway away"]),
    ...(config.state === "in-sync" ? [] : [`config ${config.state}`]),
    ...(cron.state === "in-sync" ? [] : [`cron ${cron.state}`]),
  ];
  return paint("bad", `Not healthy: ${reasons.join(", ")}`);
}

function renderProblems(problems: readonly string[], { paint }: Terminal): string[] {
  return problems.map((problem) => `         ${paint("bad", "!")} ${escapeControls(problem)}`);
}

function describeGateway({ gateway, settings }: Snapshot, { paint }: Terminal): string {
  if (gateway instanceof ManagerError) return `${paint("bad", "away")}  ${settings.gatewayUrl}`;
  return `${paint("good", "connected")}  ${settings.gatewayUrl}  ${describeRelease(gateway)}`;
}

function describeConfig({ settings }: Snapshot, { config }: Status, { paint }: Terminal): string {
  const file = config.checksum === null ? "no file" : `md5 ${config.checksum.slice(0, 12)}`;
  return `${paint(MEANINGS[config.state], config.state)}  ${settings.pvcConfig}  ${file}`;
}

function describeCron({ cron }: Status, { paint }: Terminal): string {
  const counts = `${cron.declared} declared, ${cron.owned} ours, ${cron.unmanaged} not ours`;
  return `${paint(MEANINGS[cron.state], cron.state)}  ${counts}`;
}

function renderJobs({ live, settings, nowMs }: Snapshot, { jobs }: Status, terminal: Terminal): string[] {
  if (live instanceof ManagerError || jobs.length === 0) return [];
  const byId = new Map(live.map((job) => [job.id, job]));
  const rows = jobs.flatMap((job) => {
    const held = byId.get(job.id);
    return held ? [toRow(job, held, settings.owner, nowMs, terminal)] : [];
  });
  return ["", renderTable(COLUMNS, rows, terminal.columns)];
}

function toRow(job: JobStatus, held: LiveJob, owner: string, nowMs: number, terminal: Terminal): string[] {
  const run = readRunState(held);
  return [
    escapeControls(job.name),
    describeOwner(held, owner),
    escapeControls(job.schedule),
    run.nextRunAtMs === undefined ? "-" : run.nextRunAtMs <= nowMs ? "due" : describeAge(run.nextRunAtMs - nowMs),
    run.lastRunAtMs === undefined ? "-" : describeAge(Math.max(0, nowMs - run.lastRunAtMs)),
    describeRun(job, run, terminal),
  ];
}

/** Another manager's name is the beginning of its keys. */
function describeOwner(job: LiveJob, owner: string): string {
  const claim = readClaim(job, owner);
  switch (claim.kind) {
    case "ours":
      return "ours";
    case "unclaimed":
      return "-";
    case "foreign":
      return escapeControls(job.declarationKey?.split(":")[0] || "other");
  }
}

function describeRun({ enabled, lastStatus }: JobStatus, run: RunState, { paint }: Terminal): string {
  if (run.isRunning) return paint("change", "running");
  const isFailing = lastStatus === "error";
  const outcome = isFailing && run.consecutiveErrors > 1 ? `error ×${run.consecutiveErrors}` : (lastStatus ?? "-");
  if (!enabled) return paint("faint", isFailing ? `off, ${outcome}` : "off");
  if (isFailing) return paint("bad", escapeControls(outcome));
  return lastStatus === "ok" ? paint("good", "ok") : escapeControls(outcome);
}
