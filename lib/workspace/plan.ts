import type { Entries, Entry } from "./manifest.ts";
import { type DesiredFile, contentOf } from "./read.ts";

/** What is at a path of a workspace. */
export type Observed =
  | { kind: "absent" }
  | { kind: "file"; mark: string }
  /** Something that we neither write through nor replace: `is a symbolic link`, `cannot be read: EACCES`. */
  | { kind: "obstacle"; what: string };

export interface PlanInput {
  desired: readonly DesiredFile[];
  /** Of all paths that are desired or in `entries`. What is left out is absent. */
  observed: ReadonlyMap<string, Observed>;
  entries: Entries;
  mode: "own" | "seed";
  /** Whether what Git has dropped may go: all was read and valid, and removal is wanted. */
  mayRemove: boolean;
  /** Whether what the agent edited is put back. */
  heals: boolean;
}

export interface WorkspacePlan {
  writes: readonly DesiredFile[];
  removals: readonly string[];
  /** Edited or removed by somebody else, while Git is the same. */
  drifted: readonly string[];
  /** Gone from Git, and edited since we wrote it: it stays, and is the agent's from now on. */
  left: readonly string[];
  /** What is in the way, each as `PATH WHAT`. */
  problems: readonly string[];
  /** The entries to note before the plan is applied. */
  before: Entries;
  /** How many files are as Git says. */
  unchanged: number;
}

/** This file is the agent's to delete: OpenClaw does so after its first use. */
const ONCE = "BOOTSTRAP.md";

/** Decides what to do in one workspace. Pure. */
export function planWorkspace(input: PlanInput): WorkspacePlan {
  const { desired, entries } = input;
  const before = new Map<string, Entry>();
  const plan = {
    writes: [] as DesiredFile[],
    removals: [] as string[],
    drifted: [] as string[],
    left: [] as string[],
    problems: [] as string[],
    unchanged: 0,
  };
  for (const file of desired) {
    const entry = entries.get(file.path);
    const observed = input.observed.get(file.path) ?? { kind: "absent" };
    const verdict = decide(file, observed, entry, input);
    if (verdict === "write") plan.writes.push(file);
    else if (verdict === "drifted") plan.drifted.push(file.path);
    else if (verdict === "unchanged") plan.unchanged += 1;
    else plan.problems.push(`${file.path} ${verdict.problem}`);
    const next = noteBefore(file, observed, entry, verdict);
    if (next) before.set(file.path, next);
  }
  const wanted = new Set(desired.map(({ path }) => path));
  for (const [path, entry] of entries) {
    if (wanted.has(path)) continue;
    if (!input.mayRemove) {
      before.set(path, entry);
      continue;
    }
    const observed = input.observed.get(path) ?? { kind: "absent" };
    if (observed.kind === "absent") continue;
    if (observed.kind === "file" && isOurs(entry, observed.mark)) {
      plan.removals.push(path);
      before.set(path, entry);
    } else {
      plan.left.push(path);
    }
  }
  return { ...plan, before };
}

type Verdict = "write" | "drifted" | "unchanged" | { problem: string };

function decide(
  file: DesiredFile,
  observed: Observed,
  entry: Entry | undefined,
  { mode, heals }: Pick<PlanInput, "mode" | "heals">,
): Verdict {
  const isSeed = mode === "seed" || file.path === ONCE;
  if (isSeed) {
    const isUsed = file.path === ONCE && entry?.written !== undefined;
    return observed.kind === "absent" && !isUsed ? "write" : "unchanged";
  }
  if (observed.kind === "obstacle") return { problem: observed.what };
  if (observed.kind === "file" && observed.mark === file.mark) return "unchanged";
  const isGitUnchanged = entry?.written === file.mark && entry.next === undefined;
  if (isGitUnchanged) return heals ? "write" : "drifted";
  return "write";
}

/** Noted before the write: a pass that is killed in between must know both as ours. */
function noteBefore(
  file: DesiredFile,
  observed: Observed,
  entry: Entry | undefined,
  verdict: Verdict,
): Entry | undefined {
  if (verdict === "write") {
    // A killed pass has written this: it is what is known of the file from now on.
    const isDone = observed.kind === "file" && observed.mark === entry?.next;
    const written = isDone ? entry?.next : entry?.written;
    return written === undefined ? { next: file.mark } : { written, next: file.mark };
  }
  const isThere = observed.kind === "file" && observed.mark === file.mark;
  return verdict === "unchanged" && isThere ? { written: file.mark } : entry;
}

/** Whether a file is still as we wrote it. Whether it may be run does not count: nobody loses anything by that. */
export function isOurs(entry: Entry | undefined, mark: string): boolean {
  const marks = [entry?.written, entry?.next].filter((one) => one !== undefined);
  return marks.some((one) => contentOf(one) === contentOf(mark));
}
