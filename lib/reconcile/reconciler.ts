import type { Leftovers } from "./leftovers.ts";
import type { PassOutcome } from "./loop.ts";
import type { Report } from "./report.ts";
import type { Mounted, Standing } from "./standing.ts";
import type { GatewayEvent } from "./trigger.ts";

/**
 * Keeps one kind of setting equal to Git. The loop, `sync`, `init`, `status`, `diff`, `doctor`, metrics and readiness
 * iterate over a list of reconcilers and use nothing else of a kind.
 */
export interface Reconciler {
  /** Used for `--only NAME`, as the key in JSON, as the label of metrics, and in the text output. */
  readonly name: string;
  /** Logged at the start, after `  Monitoring: `; undefined for a kind that nothing is mounted for. */
  readonly monitoring: string | undefined;
  /** A change in one of these directories triggers a pass. */
  readonly directories: readonly string[];
  /** The gateway events that trigger a pass. */
  readonly events: readonly GatewayEvent[];
  /** Whether the first pass waits for the gateway. The config does not: it may be the fix that lets a gateway start. */
  readonly needsGateway: boolean;
  /** Whether the config refers to its files: `init` and `sync` reconcile it before the config. */
  readonly precedesConfig?: boolean;
  /** The metrics of this kind, in addition to those of every loop. */
  readonly gauges: readonly Gauge[];
  /** Does the work of `init`, before the gateway starts. @returns false if the gateway cannot start afterwards. */
  readonly prepare: () => Promise<boolean>;
  /** Runs one pass: read, observe, plan, apply, log. A failure is an outcome; a thrown error is a bug. */
  readonly reconcile: (pass: PassContext) => Promise<PassOutcome>;
  /** Takes a snapshot and reports on it. Changes nothing. */
  readonly report: () => Promise<Report>;
  /**
   * Reads what is mounted here, without a gateway. Absent, as `standing`, for a kind that `wait` does not wait for.
   *
   * @throws {ManagerError} `file` if the directory or a file in it exists and cannot be read.
   */
  readonly readMounted?: () => Promise<Mounted>;
  /** What the passes of this process have found; undefined before the first has read something. */
  readonly standing?: () => Standing | undefined;
  /** The change that waits until the gateway has no work. Absent for a kind that puts none off. */
  readonly held?: HeldChanges;
  /** Exports what is live as Git should have it. Absent for a kind that has no export. */
  readonly export?: () => Promise<Export>;
  /**
   * Lists what is there when config-manager is taken out, without a gateway. Absent for a kind that leaves nothing.
   *
   * @throws {ManagerError} `file` if a directory cannot be read.
   */
  readonly leftovers?: () => Promise<Leftovers>;
}

/** A change that is put off until the gateway has no work. */
export interface Held {
  /** Of what Git says. */
  checksum: string;
  /** What it changes. */
  paths: readonly string[];
  /** When it goes in at the latest, in milliseconds since 1970. */
  untilMs: number;
}

/** What a sidecar puts off, and the way to let it in: for any process that shares its `$CHECKSUM_DIR`. */
export interface HeldChanges {
  /** Undefined if nothing is held. */
  read(): Promise<Held | undefined>;
  /** Lets the sidecar apply this change at its next pass, half a second later at most. */
  letIn(held: Held): Promise<void>;
  /** Takes that back, if the sidecar has not taken it. */
  keep(): Promise<void>;
}

/** A file for Git. */
export interface Export {
  text: string;
  /** What a person has to know of it, a line each, without values. */
  caveats: readonly string[];
  /** Whether all that is live could be exported. */
  isComplete: boolean;
}

/** What the loop passes to each pass. */
export interface PassContext {
  /** Whether the pass should stop waiting: the desired state has changed, or the program is stopping. */
  readonly isSuperseded: () => boolean;
  /** Reports that a long pass makes progress. */
  readonly beat: () => void;
}

/** One gauge of `/metrics`. */
export interface Gauge {
  /** Without the prefix `config_manager_`. Do not rename it: alerts and dashboards use it. */
  readonly name: string;
  readonly help: string;
  /** Undefined while the value is unknown. */
  readonly read: () => number | boolean | undefined;
}
