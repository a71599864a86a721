import { capProblems } from "../printable.ts";
import type { DiffReport } from "../reconcile/report.ts";
import type { Snapshot } from "./snapshot.ts";

/** What a sync would do, without secrets. */
export interface Diff {
  kinds: readonly NamedDiff[];
  /** How many writes a sync would do. */
  changes: number;
  /** How many problems there are; `kinds` has the first hundred of each. */
  problems: number;
  /** Whether the desired state or the gateway has an error. */
  isBroken: boolean;
}

export interface NamedDiff extends DiffReport {
  name: string;
}

/** Collects the diffs of all kinds. Pure. */
export function toDiff({ reports }: Snapshot): Diff {
  const all = reports.map(({ name, report }) => ({ name, ...report.diff() }));
  const kinds = all.map((kind) => ({ ...kind, json: { ...kind.json, problems: capProblems(kind.json.problems) } }));
  return {
    kinds,
    problems: all.reduce((sum, { json }) => sum + json.problems.length, 0),
    changes: kinds.reduce((sum, { changes }) => sum + changes, 0),
    isBroken: kinds.some(({ isBroken }) => isBroken),
  };
}

/** Returns the shape of `diff --json`: an object per kind under its name, and the number of changes. */
export function toDiffJson({ kinds, changes }: Diff): Readonly<Record<string, unknown>> {
  return { ...Object.fromEntries(kinds.map(({ name, json }) => [name, json])), changes };
}
