// The row of one release in docs/compatibility.md: what is measured, in which order, and how it is kept.

/** The columns: each is a capability, under its heading. */
export const CAPABILITIES = {
  install: "installs",
  start: "starts",
  login: "login, version",
  merge: "three-way merge",
  hot: "config, hot",
  refused: "refused key put back",
  include: "include",
  features: "features as known",
  jobs: "kinds of jobs",
  update: "adopt, update, prune",
  export: "export → sync",
  approvals: "approvals",
  workspace: "workspace",
  secrets: "secrets",
  clean: "status, diff, doctor",
} as const;

export type Capability = keyof typeof CAPABILITIES;

/** One cell. A `no` that the release is the reason of is no failure of ours. */
export type Cell =
  | { is: "yes"; note?: string }
  | { is: "no"; reason: string; isFailure?: true }
  | { is: "not tried"; reason: string };

/** What was measured of one release. */
export interface Row {
  release: string;
  /** When it was measured: an ISO time. */
  measured: string;
  /** What was measured: `config-manager VERSION (COMMIT)`. */
  subject: string;
  cells: Partial<Record<Capability, Cell>>;
}

/** All that was measured, in the file that is committed. */
export interface Results {
  /** When the current run over all releases began: an ISO time. Older rows are measured again. */
  began: string;
  /** Newest release first. */
  rows: Row[];
}

/** The release has no such thing, or does it otherwise. That is to be told, and is no failure. */
export class Lacking extends Error {}
