import type { Check } from "./check.ts";

/** What `status`, `diff` and `doctor` say of one kind of setting: data, not text, without values and secrets. */
export interface Report {
  status(): StatusReport;
  diff(): DiffReport;
  check(): Promise<Checks>;
}

/** How what is there stands to what Git says. */
export type State =
  | "in-sync"
  /** The next pass sees to it, or the gateway has not said yet that it runs on it. */
  | "pending"
  | "rejected"
  | "drifted"
  | "failed"
  | "unknown";

export interface StatusReport {
  /** The object of `status --json` under the kind's name: state, problems, and what it counts. */
  json: { state: State; problems: string[]; [count: string]: unknown };
  /** What stands beside the kinds in `status --json`. */
  beside?: Readonly<Record<string, unknown>>;
  /** What a person reads after the state. */
  detail: string;
  table?: Table;
}

export interface DiffReport {
  /** The object of `diff --json` under the kind's name. */
  json: { problems: string[]; [part: string]: unknown };
  /** How many writes a sync would do. */
  changes: number;
  /** Whether something is wrong with what Git says, or with the gateway. An edit by hand is no error. */
  isBroken: boolean;
  /** What stands above the section; undefined where there is nothing to show. */
  heading: string | undefined;
  /** Remarks beneath the problems. */
  notes: readonly string[];
  entries: readonly DiffEntry[];
  /** The parts of the last line: what a sync would do, and what stays. */
  counts: { planned: readonly string[]; unchanged: readonly string[] };
}

/** One action of a diff, and what it changes. */
export interface DiffEntry {
  /** `+ add`, `~`: what is done, as Terraform marks it. */
  mark: string;
  meaning: Meaning;
  text: string;
  /** What follows the text, the blanks before it included. */
  remark?: { meaning: Meaning; text: string };
  changes: readonly FieldChange[];
}

/** One field as it is and as it is to be, in words for a person, without secrets. */
export interface FieldChange {
  /** Dotted, in OpenClaw's names. */
  field: string;
  /** Undefined where it is not there. */
  before: string | undefined;
  after: string | undefined;
}

/** Rows as kubectl shows them. */
export interface Table {
  columns: readonly Column[];
  rows: readonly (readonly Cell[])[];
}

export interface Column {
  heading: string;
  /** How narrow a screen may make it, in characters; absent: it is never cut. */
  min?: number;
}

export interface Cell {
  text: string;
  meaning?: Meaning;
}

/** What a colour is to say; it never says it alone. */
export type Meaning = "good" | "bad" | "warning" | "change" | "strong" | "faint";

/** The checks of one kind, in order of dependence: each phase rests on those before it, of all kinds. */
export interface Checks {
  /** What Git says: mounts and files. */
  source: readonly Check[];
  /** The places that are written to. */
  place: readonly Check[];
  /** Whose what is there is. */
  ownership: readonly Check[];
  /** Whether what is there is what Git says, and does what it is for. */
  applied: readonly Check[];
}
