import { formatProblem } from "../definition/files.ts";
import { ManagerError } from "../errors.ts";
import { type MountedDirectory, inspectMadeDirectory } from "../files/places.ts";
import { capProblems } from "../printable.ts";
import { findFrozen } from "../reconcile/check-places.ts";
import type { Checks, DiffReport, Report, State, StatusReport } from "../reconcile/report.ts";
import type { Settings } from "../settings.ts";
import {
  checkCronApplied,
  checkCronSource,
  checkNames,
  checkRuns,
  checkScheduler,
  checkStagingPlace,
} from "./checks.ts";
import { listFieldChanges } from "./field-changes.ts";
import { toJobStatuses, toJobTable, toRunNotes } from "./job-status.ts";
import { isOurs } from "./ownership.ts";
import { checkAgents, checkMoments, describeHomeless, describePassed, listPassed } from "./prospects.ts";
import type { CronAction } from "./plan.ts";
import { SCHEDULER_OFF, isIdle } from "./scheduler.ts";
import { type CronSnapshot, findCronProblems } from "./snapshot.ts";

export type CronReportSettings = Pick<Settings, "cronDir" | "stagingDir" | "owner" | "gatewayUrl">;

/** Reports on the cron jobs for `status`, `diff` and `doctor`. */
export function reportCron(snapshot: CronSnapshot, settings: CronReportSettings, mount: MountedDirectory): Report {
  const problems = findCronProblems(snapshot, settings.cronDir);
  return {
    status: () => toStatus(snapshot, settings, [...problems, ...findFrozen(mount)]),
    diff: () => toDiff(snapshot, settings, problems),
    check: () => check(snapshot, settings, problems, mount),
  };
}

function toState(snapshot: CronSnapshot, owner: string): State {
  const { desired, plan } = snapshot;
  if (!(desired instanceof ManagerError) && desired.kind === "invalid") return "failed";
  if (!plan) return "unknown";
  if (plan.unsupported.length > 0 || plan.refusedRemovals.length > 0) return "failed";
  if (plan.actions.length > 0) return "pending";
  return isIdle(snapshot, owner) ? "failed" : "in-sync";
}

function toStatus(snapshot: CronSnapshot, { owner }: CronReportSettings, problems: string[]): StatusReport {
  const live = snapshot.live instanceof ManagerError ? [] : snapshot.live;
  const jobs = toJobStatuses(live, owner);
  const idle = isIdle(snapshot, owner) ? [SCHEDULER_OFF] : [];
  const { declared, owned, unmanaged } = countJobs(snapshot, owner);
  return {
    json: { state: toState(snapshot, owner), declared, owned, unmanaged, problems: [...problems, ...idle] },
    beside: { jobs },
    detail: [`${declared} declared, ${owned} ours, ${unmanaged} not ours`, ...countPassed(snapshot, owner)].join(", "),
    isUnused: snapshot.isUnused,
    notes: [...describeHomeless(snapshot), ...toRunNotes(live, owner)],
    ...(live.length > 0 ? { table: toJobTable(live, owner, snapshot.nowMs) } : {}),
  };
}

function countPassed(snapshot: CronSnapshot, owner: string): string[] {
  const { length } = listPassed(snapshot, owner) ?? [];
  return length > 0 ? [`${length} past ${length === 1 ? "its" : "their"} moment`] : [];
}

function countJobs({ desired, live }: CronSnapshot, owner: string) {
  const jobs = live instanceof ManagerError ? [] : live;
  const owned = jobs.filter((job) => isOurs(job, owner)).length;
  const isRead = !(desired instanceof ManagerError) && desired.kind === "valid";
  return { declared: isRead ? desired.definitions.length : 0, owned, unmanaged: jobs.length - owned };
}

function toDiff(snapshot: CronSnapshot, settings: CronReportSettings, problems: string[]): DiffReport {
  const { desired, live, plan } = snapshot;
  const actions = plan?.actions ?? [];
  const namesOf = (kind: CronAction["kind"]) => actions.filter((one) => one.kind === kind).map(({ name }) => name);
  const update = actions.flatMap((one) => (one.kind === "update" ? [{ name: one.name, fields: one.fields }] : []));
  const [add, remove, adopt] = [namesOf("add"), namesOf("remove"), namesOf("adopt")];
  const unchanged = plan?.unchanged ?? 0;
  const unmanaged = plan?.unmanaged ?? countJobs(snapshot, settings.owner).unmanaged;
  const stays = [`${unchanged} unchanged`, `${unmanaged} not ours`];
  const isLeftOut = plan !== undefined && (plan.unsupported.length > 0 || plan.refusedRemovals.length > 0);
  const isUnread = desired instanceof ManagerError || live instanceof ManagerError;
  const notes = listNotes(snapshot, settings.owner);
  const isShown = actions.length > 0 || problems.length > 0 || notes.length > 0;
  return {
    json: { add, update, remove, adopt, unchanged, unmanaged, problems },
    changes: actions.length,
    isBroken: isUnread || desired.kind === "invalid" || isLeftOut,
    heading: isShown ? `Cron jobs: ${settings.gatewayUrl}` : undefined,
    notes,
    entries: toEntries(snapshot, actions, settings.owner),
    counts: {
      planned: [
        `${add.length} to add`,
        `${update.length} to update`,
        `${remove.length} to remove`,
        `${adopt.length} to adopt`,
        ...stays,
      ],
      unchanged: stays,
    },
  };
}

/** What is no problem, and worth a line. */
function listNotes(snapshot: CronSnapshot, owner: string): string[] {
  const { desired } = snapshot;
  const isRead = !(desired instanceof ManagerError) && desired.kind === "valid";
  const warnings = isRead ? desired.warnings.map(formatProblem) : [];
  return capProblems([...warnings, ...(listPassed(snapshot, owner) ?? []).map(describePassed)]);
}

type Entry = DiffReport["entries"][number];

/** The mark of each action, in Terraform's style, and the meaning of its colour. */
const MARKS = {
  add: ["+ add", "good"],
  update: ["~ update", "change"],
  adopt: ["= adopt", "change"],
  remove: ["- remove", "bad"],
} as const satisfies Record<CronAction["kind"], [string, Entry["meaning"]]>;

function toEntries({ live }: CronSnapshot, actions: readonly CronAction[], owner: string): Entry[] {
  const byId = new Map(live instanceof ManagerError ? [] : live.map((job) => [job.id, job]));
  return actions.map((action) => {
    const [mark, meaning] = MARKS[action.kind];
    const job = action.kind === "add" ? undefined : byId.get(action.id);
    const remark = toRemark(action);
    const changes = listFieldChanges(action, job, owner);
    return { mark, meaning, text: action.name, changes, ...(remark ? { remark } : {}) };
  });
}

function toRemark(action: CronAction): Entry["remark"] {
  switch (action.kind) {
    case "add":
    case "update":
      if (action.kind === "add" && action.spentId !== undefined) {
        return { meaning: "faint", text: "  instead of the one that has run" };
      }
      if (!action.commandAsTurn) return undefined;
      return { meaning: "warning", text: "  as an agent turn, which costs model tokens" };
    case "adopt":
      if (action.namesakes.length === 0) return undefined;
      return { meaning: "warning", text: `  not touching its namesakes ${action.namesakes.join(", ")}` };
    case "remove":
      if (action.reason !== "duplicate") return undefined;
      return { meaning: "faint", text: "  an older one of the same name is ours" };
  }
}

async function check(
  snapshot: CronSnapshot,
  settings: CronReportSettings,
  problems: string[],
  mount: MountedDirectory,
): Promise<Checks> {
  const staging = await inspectMadeDirectory(settings.stagingDir);
  return {
    source: checkCronSource(snapshot, settings.cronDir, mount),
    place: [checkStagingPlace(settings.stagingDir, staging)],
    ownership: [checkNames(snapshot, settings.owner)],
    applied: [
      checkCronApplied(snapshot, countJobs(snapshot, settings.owner), problems),
      checkScheduler(snapshot, settings.owner),
      checkMoments(snapshot, settings.owner),
      checkAgents(snapshot),
      checkRuns(snapshot, settings.owner),
    ],
  };
}
