import type { PassOutcome } from "./loop.ts";
import type { Report } from "./report.ts";
import type { GatewayEvent } from "./trigger.ts";

/**
 * One kind of setting that is kept equal to Git. The loop, `sync`, `init`, `status`, `diff`, `doctor`, metrics and
 * readiness go over a list of these, and know nothing else of a kind.
 */
export interface Reconciler {
  /** In `--only NAME`, as the key in JSON, as the label of metrics, at the head of a line. */
  readonly name: string;
  /** What the log says at the start, after `  Monitoring: `. */
  readonly monitoring: string;
  /** A change in one of these directories triggers a pass. */
  readonly directories: readonly string[];
  /** What a gateway does that triggers a pass. */
  readonly events: readonly GatewayEvent[];
  /** Whether the first pass waits for the gateway. A config does not: it may be what lets a gateway start. */
  readonly needsGateway: boolean;
  /** What `/metrics` says of it, beside what it says of each loop. */
  readonly gauges: readonly Gauge[];
  /** Does what has to be done before the gateway starts. @returns whether the gateway can start, for all that we know. */
  readonly prepare: () => Promise<boolean>;
  /** One pass: read, observe, plan, apply, with the log lines. A failure is an outcome; what is thrown is a bug. */
  readonly reconcile: (pass: PassContext) => Promise<PassOutcome>;
  /** Reads everything once, and changes nothing. */
  readonly report: () => Promise<Report>;
}

/** What a pass is handed by the loop that runs it. */
export interface PassContext {
  /** Whether to stop waiting: there is something newer, or we are to end. */
  readonly isSuperseded: () => boolean;
  /** A sign of life in a long pass. */
  readonly beat: () => void;
}

/** One number of `/metrics`. */
export interface Gauge {
  /** Without the prefix `config_manager_`. Public: alerts and dashboards use it. */
  readonly name: string;
  readonly help: string;
  /** Undefined while it is not known. */
  readonly read: () => number | boolean | undefined;
}
