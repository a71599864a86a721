import type { Check } from "./check.ts";

/** What `status`, `diff` and `doctor` report on one kind of setting: data, not text, without secrets. */
export interface Report {
  status(): StatusReport;
  diff(): DiffReport;
  check(): Promise<Checks>;
}

/** How observed compares with desired. */
export type State =
  | "in-sync"
  /** The next pass will change something, or the gateway has not confirmed the change yet. */
  | "pending"
  | "rejected"
  | "drifted"
  | "failed"
  | "unknown";

export interface StatusReport {
  /** The object of `status --json` under the kind's name: state, problems, counts. */
  json: { state: State; problems: string[]; [count: string]: unknown };
  /** Git has nothing of this kind here, and had nothing before. So it is no part of the health. */
  isUnused?: boolean;
  /** Further top-level keys of `status --json`. */
  beside?: Readonly<Record<string, unknown>>;
  /** The text after the state, for people. */
  detail: string;
  /** Lines below the problems: worth a look, and nothing unhealthy. */
  notes?: readonly string[];
  table?: Table;
}

export interface DiffReport {
  /** The object of `diff --json` under the kind's name. */
  json: { problems: string[]; [part: string]: unknown };
  /** How many writes a sync would do. */
  changes: number;
  /** Whether the desired state or the gateway has an error. Drift is no error. */
  isBroken: boolean;
  /** The heading of the section; undefined if there is nothing to show. */
  heading: string | undefined;
  /** Lines below the problems. */
  notes: readonly string[];
  entries: readonly DiffEntry[];
  /** The parts of the last line: what a sync would do, and what it would leave as it is. */
  counts: { planned: readonly string[]; unchanged: readonly string[] };
}

/** One action of a diff, with its field changes. */
export interface DiffEntry {
  /** The action in Terraform's style: `+ add`, `~`. */
  mark: string;
  meaning: Meaning;
  text: string;
  /** A remark after the text; it includes the leading blanks. */
  remark?: { meaning: Meaning; text: string };
  changes: readonly FieldChange[];
}

/** One field's observed and desired value, formatted for people, without secrets. */
export interface FieldChange {
  /** Dotted path, in OpenClaw's names. */
  field: string;
  /** Undefined if the field is absent. */
  before: string | undefined;
  after: string | undefined;
}

/** A table in kubectl's style. */
export interface Table {
  columns: readonly Column[];
  rows: readonly (readonly Cell[])[];
}

export interface Column {
  heading: string;
  /** The least width on a narrow screen, in characters. Without it, the column is never cut. */
  min?: number;
}

export interface Cell {
  text: string;
  meaning?: Meaning;
}

/** The meaning of a colour. The text alone must say the same. */
export type Meaning = "good" | "bad" | "warning" | "change" | "strong" | "faint";

/** The checks of one kind, in order of dependence: each phase depends on the earlier phases of all kinds. */
export interface Checks {
  /** The desired state: mounts and files. */
  source: readonly Check[];
  /** The places that config-manager writes to. */
  place: readonly Check[];
  /** Who owns the live objects. */
  ownership: readonly Check[];
  /** Whether observed equals desired, and works. */
  applied: readonly Check[];
}
