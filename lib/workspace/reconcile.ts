import { describeObstacle } from "../files/regular-file.ts";
import type { Log } from "../log.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import { FAILED, UNHEALED, attemptPass } from "../reconcile/pass.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import type { Warnings } from "../reconcile/warnings.ts";
import { toRejected } from "./messages.ts";
import { type Manifest, manifestPathOf, writeManifest } from "./manifest.ts";
import { type Calls, type Survey, type WorkspaceDependencies, findSkillProblems, survey } from "./snapshot.ts";
import { type Tally, reconcileTarget } from "./target-pass.ts";

/** The least time between two self-healings, in milliseconds: another writer may be at work. */
const HEAL_INTERVAL_MS = 60_000;

export interface WorkspacePassDependencies extends WorkspaceDependencies {
  selfHeal: boolean;
  /** Whether a problem with an agent may pass by itself: beside the sidecar's other kinds it does, in `sync` not. */
  logsFirstPass: boolean;
  transport: { openCalls(limitMs: number): Promise<Calls> };
  connectLimitMs: number;
  log: Log;
  warnings: Warnings;
  clock: { uptimeMs: () => number };
}

export interface WorkspacePasses extends Pick<Reconciler, "prepare" | "reconcile"> {
  /** Counts of the last pass; undefined before the first. */
  readonly last: Counts | undefined;
}

interface Counts {
  declared: number;
  drifted: number;
  problems: number;
}

const NOTHING = { declared: 0, drifted: 0, changes: 0, failures: 0, healed: 0 };

/** Keeps the files of workspaces equal to the volume. */
export function createWorkspacePasses(dependencies: WorkspacePassDependencies): WorkspacePasses {
  const { settings, selfHeal, logsFirstPass, transport, connectLimitMs, log, warnings, clock } = dependencies;
  const manifestPath = manifestPathOf(settings.stagingDir);
  let last: Counts | undefined;
  let healedMs = Number.NEGATIVE_INFINITY;
  let heldBack = "";
  /** The manifest as it is on the volume. */
  let stored: Manifest | undefined;

  async function store(manifest: Manifest): Promise<void> {
    stored = await writeManifest(manifestPath, stored, manifest);
  }

  async function reconcileWorkspaces(calls: Calls, isRunning: boolean): Promise<PassOutcome> {
    const found = await survey(dependencies, calls);
    for (const obstacle of found.obstacles) warnings.warnOnce(obstacle.path, [describeObstacle(obstacle)]);
    if (found.desired.kind === "missing") {
      const isUnused = found.manifest === undefined;
      if (!isUnused)
        warnings.warnOnce("workspace source", [`WARNING: Workspace directory not found: ${settings.workspaceDir}`]);
      return { kind: isUnused ? "equal" : "rejected" };
    }
    warnings.warnOnce("workspace source", found.sourceProblems.map(toRejected));
    warnings.warnOnce(
      "workspace agents told",
      found.differences.map((line) => `WARNING: Workspace is elsewhere: ${line}`),
    );
    tellAgentProblems(found.agentProblems);

    const tally: Tally = { ...NOTHING, driftLines: [], problemLines: [] };
    const heals = selfHeal && clock.uptimeMs() - healedMs >= HEAL_INTERVAL_MS;
    stored = found.manifest;
    let manifest: Manifest = found.manifest ?? new Map();
    const context = { dependencies, heals, store, isRunning, log, warnings };
    for (const target of found.targets)
      manifest = await reconcileTarget(context, { ...found, manifest }, target, tally);
    if (tally.healed > 0) healedMs = clock.uptimeMs();
    await store(manifest);
    warnings.warnOnce("workspace drift", tally.driftLines);
    warnings.warnOnce("workspace places", tally.problemLines);
    const skillProblems = await findSkillProblems(calls, found.targets);
    if (calls)
      warnings.warnOnce(
        "skills",
        skillProblems.map((line) => `WARNING: Skill not used: ${line}`),
      );
    const problems = found.sourceProblems.length + found.agentProblems.length + tally.problemLines.length;
    last = { declared: tally.declared, drifted: tally.drifted, problems: problems + skillProblems.length };
    return conclude(tally, found, skillProblems);
  }

  function conclude(tally: Tally, found: Survey, skillProblems: readonly string[]): PassOutcome {
    if (tally.failures > 0 || found.agentProblems.length > 0) return FAILED;
    const isWrong = found.sourceProblems.length + tally.problemLines.length + skillProblems.length > 0;
    // What one pass has moved out of the way, the next one can replace.
    if (isWrong && tally.changes > 0) return FAILED;
    if (tally.changes > 0) log("Workspace sync complete");
    if (isWrong) return { kind: "rejected" };
    return tally.drifted > 0 && selfHeal ? UNHEALED : { kind: "equal" };
  }

  /** A config that declares the agent may be on its way: it is told if it is still so at the next pass. */
  function tellAgentProblems(problems: readonly string[]): void {
    const isNew = problems.join("\n") !== heldBack;
    heldBack = problems.join("\n");
    if (problems.length > 0 && isNew && logsFirstPass) return;
    warnings.warnOnce("workspace agents", problems.map(toRejected));
  }

  return {
    get last() {
      return last;
    },
    async prepare() {
      await attemptPass("Failed to write workspace files", () => reconcileWorkspaces(undefined, false), warnings);
      return true; // a gateway can start without them
    },
    async reconcile() {
      const run = async () => reconcileWorkspaces(await transport.openCalls(connectLimitMs), true);
      return attemptPass("Failed to sync workspace files", run, warnings);
    },
  };
}
