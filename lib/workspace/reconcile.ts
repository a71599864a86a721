import { describeObstacle } from "../files/regular-file.ts";
import type { Log } from "../log.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import { FAILED, UNHEALED, attemptPass } from "../reconcile/pass.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import { NOTHING, createStanding } from "../reconcile/standing.ts";
import type { Warnings } from "../reconcile/warnings.ts";
import { createMemory } from "./memory.ts";
import { describeDrift, describeMissing, toRejected } from "./messages.ts";
import { type Manifest, manifestPathOf, writeManifest } from "./manifest.ts";
import { type Calls, type Survey, type WorkspaceDependencies, findSkillProblems, survey } from "./snapshot.ts";
import { isUnnoticed } from "./skills.ts";
import { type Tally, reconcileTarget, refreshTargets } from "./target-pass.ts";

/** The least time between two self-healings, in milliseconds: another writer may be at work. */
const HEAL_INTERVAL_MS = 60_000;

export interface WorkspacePassDependencies extends WorkspaceDependencies {
  selfHeal: boolean;
  /** Whether a problem with an agent may pass by itself: beside the sidecar's other kinds it does, in `sync` not. */
  logsFirstPass: boolean;
  transport: {
    openCalls(limitMs: number): Promise<Calls>;
    /** Whether there are no calls, and no wait for any. Absent: there may be some. */
    usesCli?(): boolean;
  };
  connectLimitMs: number;
  log: Log;
  warnings: Warnings;
  clock: { uptimeMs: () => number; nowMs: () => number };
}

export interface WorkspacePasses extends Required<Pick<Reconciler, "prepare" | "reconcile" | "standing">> {
  /** Counts of the last pass; undefined before the first. */
  readonly last: Counts | undefined;
}

interface Counts {
  declared: number;
  drifted: number;
  problems: number;
}

const NO_COUNTS = { declared: 0, changes: 0, failures: 0, healed: 0 };

/** Keeps the files of workspaces equal to the volume. */
export function createWorkspacePasses(dependencies: WorkspacePassDependencies): WorkspacePasses {
  const { settings, selfHeal, logsFirstPass, transport, connectLimitMs, log, warnings, clock } = dependencies;
  const manifestPath = manifestPathOf(settings.stagingDir);
  const standing = createStanding();
  const memory = createMemory(clock);
  const remembering = { ...dependencies, memory };
  let last: Counts | undefined;
  let healedMs = Number.NEGATIVE_INFINITY;
  let heldBack = "";
  /** Whether "Workspace sync complete" is still to be logged. */
  let mustLogComplete = false;
  /** The manifest as it is on the volume. */
  let stored: Manifest | undefined;

  async function store(manifest: Manifest): Promise<void> {
    stored = await writeManifest(manifestPath, stored, manifest);
  }

  async function reconcileWorkspaces(calls: Calls, isRunning: boolean): Promise<PassOutcome> {
    const found = await survey(remembering, calls);
    for (const obstacle of found.obstacles) warnings.warnOnce(obstacle.path, [describeObstacle(obstacle)]);
    standing.hasRead(found.desired.kind === "missing" ? NOTHING : found.desired.checksum);
    if (found.desired.kind === "missing") {
      if (found.manifest === undefined) return { kind: "equal" };
      const problem = describeMissing(settings.workspaceDir);
      warnings.warnOnce("workspace source", [`WARNING: ${problem}`]);
      standing.note([problem]);
      return { kind: "rejected" };
    }
    warnings.warnOnce("workspace source", found.sourceProblems.map(toRejected));
    warnings.warnOnce(
      "workspace agents told",
      found.differences.map((line) => `WARNING: Workspace is elsewhere: ${line}`),
    );
    tellAgentProblems(found.agentProblems);

    const tally: Tally = { ...NO_COUNTS, drifted: [], problems: [] };
    const heals = selfHeal && clock.uptimeMs() - healedMs >= HEAL_INTERVAL_MS;
    stored = found.manifest;
    let manifest: Manifest = found.manifest ?? new Map();
    const context = { dependencies: remembering, heals, store, isRunning, log, warnings };
    for (const target of found.targets)
      manifest = await reconcileTarget(context, { ...found, manifest }, target, tally);
    if (tally.healed > 0) healedMs = clock.uptimeMs();
    await store(manifest);
    warnings.warnOnce("workspace drift", tally.drifted.map(describeDrift));
    warnings.warnOnce("workspace places", tally.problems.map(toRejected));
    if (tally.changes + tally.drifted.length > 0) memory.answers.forget();
    const skillProblems = await askAboutSkills(calls, found);
    if (calls)
      warnings.warnOnce(
        "skills",
        skillProblems.map((line) => `WARNING: Skill not used: ${line}`),
      );
    const problems = [...found.sourceProblems, ...found.agentProblems, ...tally.problems, ...skillProblems];
    last = { declared: tally.declared, drifted: tally.drifted.length, problems: problems.length };
    note(problems, tally, calls !== undefined || transport.usesCli?.() === true);
    return conclude(tally, found, problems.length > 0);
  }

  /** Asks what the gateway makes of the skills. 2026.9.6 misses some that come while it begins to watch their folder. */
  async function askAboutSkills(calls: Calls, found: Survey): Promise<string[]> {
    let problems = await findSkillProblems(remembering, calls, found);
    if (problems.some(isUnnoticed)) {
      memory.answers.forget();
      await refreshTargets(remembering, found.targets);
      problems = await findSkillProblems(remembering, calls, found);
    }
    if (problems.length > 0) memory.answers.forget(); // what is missing may come
    return problems;
  }

  function note(problems: readonly string[], { failures, drifted }: Tally, isAsked: boolean): void {
    if (failures > 0) standing.note([...problems, "files could not be written: see its log"]);
    else if (problems.length > 0) standing.note(problems);
    else if (drifted.length > 0)
      standing.note(
        drifted.map((path) => `${path} was edited by something else`),
        "drifted",
      );
    else if (!isAsked)
      standing.note(["no gateway answers"], "pending"); // it may load no skill
    else standing.note([]);
  }

  function conclude(tally: Tally, found: Survey, isWrong: boolean): PassOutcome {
    mustLogComplete ||= tally.changes > 0;
    if (tally.failures > 0 || found.agentProblems.length > 0) return FAILED;
    // What one pass has moved out of the way, the next one can replace.
    if (isWrong && tally.changes > 0) return FAILED;
    if (isWrong) return { kind: "rejected" };
    if (mustLogComplete) log("Workspace sync complete");
    mustLogComplete = false;
    return tally.drifted.length > 0 && selfHeal ? UNHEALED : { kind: "equal" };
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
    standing: () => standing.current,
    async prepare() {
      await attemptPass("Failed to write workspace files", () => reconcileWorkspaces(undefined, false), warnings);
      return true; // a gateway can start without them
    },
    async reconcile() {
      const run = async () => reconcileWorkspaces(await transport.openCalls(connectLimitMs), true);
      return standing.attempt("Failed to sync workspace files", run, warnings);
    },
  };
}
