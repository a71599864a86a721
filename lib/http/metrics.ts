import { Counter, Gauge, Registry } from "prom-client";
import { readBuild } from "../version.ts";
import { type Loop, RESULTS, type SidecarState } from "../reconcile/sidecar-state.ts";

/** Do not rename metrics: `deploy/alerts/` and users' dashboards use the names. */
const PREFIX = "config_manager_";

export interface Metrics {
  readonly contentType: string;
  /** Returns the current values in the text format of Prometheus. */
  render(): Promise<string>;
}

/** Creates the metrics. They read `state` at each scrape and store no values. */
export function createMetrics(state: SidecarState, isConnected: () => boolean): Metrics {
  const registry = new Registry();

  /** A gauge without labels; it is left out while its value is unknown. */
  function gauge(name: string, help: string, read: () => number | boolean | undefined): void {
    const metric = new Gauge({
      name: `${PREFIX}${name}`,
      help,
      registers: [],
      collect() {
        const value = read();
        if (value === undefined) this.remove();
        else this.set(Number(value));
      },
    });
    registry.registerMetric(metric);
  }

  function loopGauge(name: string, help: string, read: (loop: Loop) => number): void {
    const metric = new Gauge({
      name: `${PREFIX}${name}`,
      help,
      labelNames: ["reconciler"],
      registers: [],
      collect() {
        for (const loop of state) this.set({ reconciler: loop.reconciler.name }, read(loop));
      },
    });
    registry.registerMetric(metric);
  }

  const { version, commit } = readBuild();
  const buildInfo = new Gauge({
    name: `${PREFIX}build_info`,
    help: "Always 1; the labels tell the version and the commit that it was built from.",
    labelNames: ["version", "revision"],
    registers: [],
  });
  buildInfo.set({ version, revision: commit }, 1);
  registry.registerMetric(buildInfo);

  const passes = new Counter({
    name: `${PREFIX}passes_total`,
    help: "Passes by how they ended: equal, pending (somebody else has to say so), held (put off until the gateway has no work), rejected (what Git says cannot be applied as it is), failed (to be tried again).",
    labelNames: ["reconciler", "result"],
    registers: [],
    collect() {
      this.reset();
      for (const { reconciler, passes: counts } of state) {
        for (const result of RESULTS) this.inc({ reconciler: reconciler.name, result }, counts[result]);
      }
    },
  });
  registry.registerMetric(passes);

  const lastResult = new Gauge({
    name: `${PREFIX}last_pass_result`,
    help: "1 for the way in which the last pass ended, 0 for the others; all are 0 until one has ended.",
    labelNames: ["reconciler", "result"],
    registers: [],
    collect() {
      for (const loop of state) {
        for (const result of RESULTS) {
          this.set({ reconciler: loop.reconciler.name, result }, Number(loop.lastResult === result));
        }
      }
    },
  });
  registry.registerMetric(lastResult);

  loopGauge(
    "last_success_timestamp_seconds",
    "When a pass last ended equal, in seconds since 1970; 0 until one has.",
    ({ lastSuccessMs }) => lastSuccessMs / 1000,
  );
  loopGauge(
    "last_pass_duration_seconds",
    "How long the last pass took; 0 until one has ended.",
    ({ lastPassMs = 0 }) => lastPassMs / 1000,
  );

  for (const { reconciler } of state) {
    for (const { name, help, read } of reconciler.gauges) gauge(name, help, read);
  }

  gauge(
    "gateway_connected",
    "Whether a connection to the gateway is up; never, where the openclaw CLI is the way to it.",
    isConnected,
  );

  return { contentType: registry.contentType, render: () => registry.metrics() };
}
