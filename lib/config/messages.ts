import { listSome } from "../printable.ts";
import type { Generation } from "./generation.ts";
import type { HealDecision } from "../reconcile/healing.ts";
import { readReloadMode } from "./document.ts";
import { describeMisnamed } from "./misnamed.ts";
import type { ConfigPlan } from "./plan.ts";
import { pathOfRecord } from "./record.ts";
import type { PathChange } from "./reload.ts";
import { APPLY_TIMEOUT_MS } from "./applied.ts";

/** How many paths one line names. */
const MAX_PATHS_IN_LINE = 10;

/** The same for a line that is told once, and that people look a path up in. */
const MAX_PATHS_TOLD_ONCE = 100;

/** Lets in what is held. */
export const LET_IN_COMMAND = "config-manager apply-held";

/** The way back into Git after OpenClaw has migrated a config. */
export const EXPORT_COMMAND = "config-manager export config";

/** Returns a WARNING per problem. `isLive`: the rejected config stays in place, since there is none to put back. */
export function describeRejection(pvcConfig: string, problems: readonly string[], isLive = false): string[] {
  const outcome = isLive ? "no earlier one is known to put back" : `${pvcConfig} stays as it is`;
  return problems.map((problem) => `WARNING: Config rejected, ${outcome}: ${problem}${adviseExport(problem)}`);
}

/** Returns the WARNINGs of a config that is not delivered. `names`: the files of the ConfigMap. */
export function describeRefusal(
  plan: Extract<ConfigPlan, { kind: "missing" | "reject" }>,
  { configDir, pvcConfig }: { configDir: string; pvcConfig: string },
  names: readonly string[],
): string[] {
  if (plan.kind === "reject") return describeRejection(pvcConfig, nameSource(pvcConfig, plan));
  const advice = describeMisnamed(names);
  return [`WARNING: Config file not found: ${configDir}/openclaw.json${advice === undefined ? "" : ` (${advice})`}`];
}

/** @param isUnused whether there was none before either, so that nothing is wrong */
export function describeMissing(configDir: string, isUnused: boolean): string {
  const remark = isUnused ? ", and none was applied before: the live config is left alone" : "";
  return `there is no openclaw.json in ${configDir}${remark}`;
}

/** The problems of a rejected config. The record is named if only that says so: the agent can write there. */
export function nameSource(pvcConfig: string, { problems, source }: Extract<ConfigPlan, { kind: "reject" }>): string[] {
  const remark = source === "record" ? ` (recorded in ${pathOfRecord(pvcConfig, "rejected")})` : "";
  return problems.map((problem) => `${problem}${remark}`);
}

/** Returns one line for files that are no longer included, and that something else has changed. */
export function describeKept(names: readonly string[]): string {
  return `  No longer included, changed by something else, left as it is: ${names.join(", ")}`;
}

/** OpenClaw's own advice mends the live file only, which Git then overwrites. */
export function adviseExport(problem: string): string {
  return /doctor --fix/.test(problem) ? ` (in Git: ${EXPORT_COMMAND} prints it as OpenClaw has migrated it)` : "";
}

/** Returns one WARNING, without values. `healing`: undefined without `--self-heal`. */
export function describeDrift(pvcConfig: string, paths: readonly string[], healing: HealDecision | undefined): string {
  const limit = healing === "given-up" ? MAX_PATHS_TOLD_ONCE : MAX_PATHS_IN_LINE;
  const named = listPaths(paths, limit) || "it is no longer JSON5";
  const advice = {
    now: "--self-heal puts it back, at most once a minute",
    later: "--self-heal puts it back, at most once a minute",
    "given-up": `--self-heal gives up: two heals did not last; put it into Git: ${EXPORT_COMMAND}`,
    none: "it stays so until the ConfigMap changes; --self-heal would put it back",
  }[healing ?? "none"];
  return `WARNING: Config drift: ${pvcConfig} was changed by something else: ${named} (${advice})`;
}

/** The same for a report. */
export function describeChanged(pvcConfig: string, paths: readonly string[]): string {
  return `${pvcConfig} was changed by something else: ${paths.join(", ") || "it is no longer JSON5"}`;
}

/** Returns one line, without values. */
export function describeStartChanges(paths: readonly string[]): string {
  return `  OpenClaw changed its config at its start: ${listPaths(paths, MAX_PATHS_TOLD_ONCE)}`;
}

/** Returns one WARNING, without values. */
export function describeRestored(paths: readonly string[]): string {
  return `WARNING: OpenClaw put an older config back at its start; Git's is delivered again: ${listPaths(paths)}`;
}

/** Returns one WARNING for keys of Git's that OpenClaw has replaced in the live file. */
export function describeMigrated(paths: readonly string[]): string {
  const named = listPaths(paths, MAX_PATHS_TOLD_ONCE);
  return `WARNING: Config merged: OpenClaw has migrated keys that Git still has: ${named} (in Git: ${EXPORT_COMMAND})`;
}

/** Names the first paths, and how many more there are. */
export function listPaths(paths: readonly string[], limit = MAX_PATHS_IN_LINE): string {
  return listSome(paths, limit);
}

/** Returns one line for a change that is held, without values. `work`: what the gateway does meanwhile. */
export function describeHeld(work: readonly string[], changes: readonly PathChange[], untilMs: number): string {
  const listThose = (isRestart: boolean) =>
    listPaths(
      changes.flatMap(({ path, reload }) => ((reload === "restart") === isRestart ? [`${path} (${reload})`] : [])),
    );
  const named = [listThose(true), listThose(false)].filter((list) => list !== "").join("; held with it: ");
  return `Config change held until the gateway has no work (${work.join(", ")}), ${describeEnd(untilMs)}: ${named} (${LET_IN_COMMAND} lets it in now)`;
}

/** The same for a report, which names the paths elsewhere. */
export function describeHold(untilMs: number): string {
  return `held until the gateway has no work, ${describeEnd(untilMs)}`;
}

function describeEnd(untilMs: number): string {
  return `at most until ${new Date(untilMs).toISOString().slice(0, 19)}Z`;
}

/** Returns one WARNING about a gateway that tells nothing of its work. */
export function describeUnknownWork(release: string): string {
  return `WARNING: --restart when-idle holds nothing: OpenClaw ${release} does not say whether it has work`;
}

/** Returns one WARNING about a gateway that tells of a part of its work. */
export function describePartialWork(release: string): string {
  return `WARNING: --restart when-idle waits for cron runs only: OpenClaw ${release} does not tell of other work`;
}

/** Returns one line for a config that is in place and that no gateway has validated. */
export function describeNotValidated({ reason }: { reason: string | undefined }): string {
  return `  Not validated by the gateway yet: ${reason ?? "no gateway to ask"}`;
}

/** Returns one WARNING for a config that the gateway has not applied in time. */
export function describeApplyTimeout(live: Generation): string {
  return `WARNING: Config not in force after ${APPLY_TIMEOUT_MS / 1000} s: ${explainApplyTimeout(live)}`;
}

/** The likely cause. */
export function explainApplyTimeout({ value }: Generation): string {
  const mode = readReloadMode(value);
  return mode === "off"
    ? "gateway.reload.mode is off, so it takes a restart of the gateway"
    : "a restart may be deferred until running work is done, or the gateway cannot apply it and would not start with it; read its log before you restart it";
}
