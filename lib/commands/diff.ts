import type { DiffReport } from "../reconcile/report.ts";
import type { Snapshot } from "./snapshot.ts";

/** What a sync would do, without secrets. */
export interface Diff {
  kinds: readonly NamedDiff[];
  /** How many writes a sync would do. */
  changes: number;
  /** Whether the desired state or the gateway has an error. */
  isBroken: boolean;
}

export interface NamedDiff extends DiffReport {
  name: string;
}

/** Collects the diffs of all kinds. Pure. */
export function toDiff({ reports }: Snapshot): Diff {
  const kinds = reports.map(({ name, report }) => ({ name, ...report.diff() }));
  return {
    kinds,
    changes: kinds.reduce((sum, { changes }) => sum + changes, 0),
    isBroken: kinds.some(({ isBroken }) => isBroken),
  };
}

/** Returns the shape of `diff --json`: an object per kind under its name, and the number of changes. */
export function toDiffJson({ kinds, changes }: Diff): Readonly<Record<string, unknown>> {
  return { ...Object.fromEntries(kinds.map(({ name, json }) => [name, json])), changes };
}
