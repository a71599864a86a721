// What the dashboard shows: each panel with its queries, as data.

/** A state by its number: its name and its color. */
export type States = readonly (readonly [text: string, color: string])[];

export interface Panel {
  /** stat: the number of now. series: numbers over time. timeline: a named state over time. */
  kind: "stat" | "series" | "timeline";
  title: string;
  description: string;
  queries: readonly { expr: string; legend: string }[];
  unit?: string;
  /** Of 24 columns; the default is that of the kind. */
  span?: number;
  /** The names of the values 0, 1, … */
  states?: States;
  /** The values from which on it wants attention, and much of it. */
  limits?: readonly number[];
}

/** The Pods that are chosen at the head of the dashboard. */
const CHOSEN = 'job=~"$job", namespace=~"$namespace", pod=~"$pod"';

const RESULTS: States = [
  ["no pass yet", "text"],
  ["in force", "green"],
  ["pending", "yellow"],
  ["held", "blue"],
  ["rejected", "orange"],
  ["failed", "red"],
];

/** The last result of each kind as one number, in the order of {@link RESULTS}. */
const LAST_RESULT = `sum by (namespace, pod, reconciler) (
  config_manager_last_pass_result{result="equal", ${CHOSEN}} * 1
  or config_manager_last_pass_result{result="pending", ${CHOSEN}} * 2
  or config_manager_last_pass_result{result="held", ${CHOSEN}} * 3
  or config_manager_last_pass_result{result="rejected", ${CHOSEN}} * 4
  or config_manager_last_pass_result{result="failed", ${CHOSEN}} * 5
)`;

const KIND = "{{pod}} {{reconciler}}";

/** The gauges of all kinds whose names end so, with the kind as a label. */
const ofEachKind = (end: string) =>
  `label_replace({__name__=~"config_manager_[a-z]+_${end}", ${CHOSEN}}, "reconciler", "$1", "__name__", "config_manager_(.+)_${end}")`;

const ofPod = (metric: string, legend = "") => ({
  expr: `max by (namespace, pod) (config_manager_${metric}{${CHOSEN}})`,
  legend: `{{pod}} ${legend}`.trim(),
});

/** The rows, from the top down. */
export const ROWS: readonly (readonly [title: string, panels: readonly Panel[]])[] = [
  [
    "At a glance",
    [
      {
        kind: "stat",
        title: "What Git says",
        description:
          "How the last pass over each kind of setting ended. pending: not confirmed by the gateway yet. held: put off until the gateway has no work. rejected: only a change in Git helps. failed: it is tried again.",
        queries: [{ expr: LAST_RESULT, legend: KIND }],
        span: 24,
        states: RESULTS,
      },
      {
        kind: "stat",
        title: "Gateway",
        description: "Whether a connection to the gateway is up. Over the openclaw CLI there is none, ever.",
        queries: [ofPod("gateway_connected")],
        states: [
          ["not connected", "red"],
          ["connected", "green"],
        ],
      },
      {
        kind: "stat",
        title: "Config held",
        description: "Whether a config that would restart the gateway waits until the gateway has no work.",
        queries: [ofPod("config_held")],
        states: [
          ["no", "green"],
          ["held", "yellow"],
        ],
      },
      {
        kind: "stat",
        title: "Drift",
        description: "How much of what Git declares was changed by something else, over all kinds.",
        queries: [
          { expr: `sum by (namespace, pod) ({__name__=~"config_manager_[a-z]+_drift", ${CHOSEN}})`, legend: "{{pod}}" },
        ],
        limits: [1],
      },
      {
        kind: "stat",
        title: "Cron scheduler",
        description: "Whether the gateway's cron scheduler is on. While it is off, no job runs.",
        queries: [ofPod("cron_scheduler_enabled")],
        states: [
          ["off", "orange"],
          ["on", "green"],
        ],
      },
      {
        kind: "stat",
        title: "Restarts of the sidecar",
        description: "How often its counters began anew in the time that is shown. A new Pod is not counted.",
        queries: [
          {
            expr: `max by (namespace, pod) (resets(config_manager_passes_total{${CHOSEN}}[$__range]))`,
            legend: "{{pod}}",
          },
        ],
        limits: [1],
      },
      {
        kind: "stat",
        title: "Version",
        description: "How many sidecars run which version.",
        queries: [
          {
            expr: `count by (version, revision) (config_manager_build_info{${CHOSEN}})`,
            legend: "{{version}} {{revision}}",
          },
        ],
      },
    ],
  ],
  [
    "Passes",
    [
      {
        kind: "timeline",
        title: "How the last pass ended",
        description: "The first panel over time.",
        queries: [{ expr: LAST_RESULT, legend: KIND }],
        states: RESULTS,
      },
      {
        kind: "series",
        title: "Since the last success",
        description: "How long ago a pass last ended equal. ConfigManagerNotApplied fires after 15 minutes.",
        queries: [
          {
            expr: `time() - max by (namespace, pod, reconciler) (config_manager_last_success_timestamp_seconds{${CHOSEN}} > 0)`,
            legend: KIND,
          },
        ],
        unit: "s",
        limits: [300, 900],
      },
      {
        kind: "series",
        title: "Passes by result",
        description: "Per minute. At rest there is one per poll and kind; failed ones come with growing pauses.",
        queries: [
          {
            expr: `60 * sum by (reconciler, result) (rate(config_manager_passes_total{${CHOSEN}}[$__rate_interval]))`,
            legend: "{{reconciler}} {{result}}",
          },
        ],
        unit: "cpm",
      },
      {
        kind: "series",
        title: "Duration of the last pass",
        description: "Over the openclaw CLI, a pass takes 1 to 2 s for each call.",
        queries: [
          {
            expr: `max by (namespace, pod, reconciler) (config_manager_last_pass_duration_seconds{${CHOSEN}})`,
            legend: KIND,
          },
        ],
        unit: "s",
      },
      {
        kind: "series",
        title: "Jobs left out",
        description: "Declared jobs that this release cannot take, and removals that were refused: too many at once.",
        queries: [ofPod("impossible_jobs", "cannot be taken"), ofPod("refused_removals", "not removed")],
        limits: [1],
      },
    ],
  ],
  [
    "Drift and rejections",
    [
      {
        kind: "series",
        title: "Drift by kind",
        description: "What Git declares and something else has changed: 1 for the config, else how many.",
        queries: [{ expr: ofEachKind("drift"), legend: KIND }],
        limits: [1],
      },
      {
        kind: "series",
        title: "Wrong by kind",
        description:
          "What of Git's is missing or wrong: problems of workspace files, else 1. definitions are those of jobs.",
        queries: [{ expr: ofEachKind("rejected"), legend: KIND }],
        limits: [1],
      },
      {
        kind: "timeline",
        title: "What else keeps Git's settings out",
        description:
          "held: a config waits until the gateway has no work. foreign: the gateway reads another file. unconfirmed: no gateway is known to hold the secrets as they are.",
        queries: [
          ofPod("config_held", "config held"),
          ofPod("config_foreign", "config foreign"),
          ofPod("secrets_unconfirmed", "secrets unconfirmed"),
        ],
        states: [
          ["no", "green"],
          ["yes", "orange"],
        ],
      },
    ],
  ],
  [
    "What is managed",
    [
      {
        kind: "series",
        title: "Cron jobs",
        description: "declared: by Git. owned: live and ours. unmanaged: live and somebody else's, left alone.",
        queries: ["declared", "owned", "unmanaged"].map((name) => ofPod(`${name}_jobs`, name)),
      },
      {
        kind: "series",
        title: "Files, approvals and secrets",
        description: "What Git declares of the other kinds, and the exec approvals that people have granted.",
        queries: [
          ofPod("workspace_declared_files", "workspace files"),
          ofPod("approvals_declared", "approvals"),
          ofPod("approvals_not_in_git", "approvals not in Git"),
          ofPod("secrets_files", "secrets"),
        ],
      },
    ],
  ],
];
