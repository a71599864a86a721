import type { Page, Pages } from "./server.ts";
import { createMetrics } from "./metrics.ts";
import { type StatusAccess, createStatusPage } from "./status.ts";
import type { HeartbeatReading } from "../reconcile/heartbeat.ts";
import { type SidecarState, hasPassed } from "../reconcile/sidecar-state.ts";

/**
 * Health, readiness and metrics, which need no login, so that they name no job and quote no config; and the status for
 * `wait`, which takes the gateway's token.
 */
export function createPages(state: SidecarState, isConnected: () => boolean, access: StatusAccess): Pages {
  const metrics = createMetrics(state, isConnected);
  return {
    "/healthz": () => showHealth(state),
    "/readyz": () => showReadiness(state),
    "/metrics": async () => ({ status: 200, type: metrics.contentType, body: await metrics.render() }),
    "/status": createStatusPage(state, access),
  };
}

/** Fails only if a loop is stalled: a restart of the sidecar helps then, and not if the gateway is away. */
function showHealth(state: SidecarState): Page {
  const readings = state.map(({ reconciler, heartbeat }) => ({ name: reconciler.name, reading: heartbeat.read() }));
  const isStalled = readings.some(({ reading }) => reading.kind === "stalled");
  return showLines(
    !isStalled,
    readings.map(({ name, reading }) => `${name}: ${describeReading(reading)}`),
  );
}

/** Succeeds once every loop has ended a pass. A bad ConfigMap must not take the Pod out of its Service. */
function showReadiness(state: SidecarState): Page {
  const lines = state.map((loop) => {
    return `${loop.reconciler.name}: ${hasPassed(loop) ? "first pass done" : "first pass not done yet"}`;
  });
  return showLines(state.every(hasPassed), lines);
}

function showLines(isFine: boolean, lines: readonly string[]): Page {
  const body = [isFine ? "ok" : "not ok", ...lines, ""].join("\n");
  return { status: isFine ? 200 : 503, type: "text/plain; charset=utf-8", body };
}

function describeReading({ kind, silentMs }: HeartbeatReading): string {
  const seconds = Math.floor(silentMs / 1000);
  switch (kind) {
    case "working":
      return `working, last sign of life ${seconds} s ago`;
    case "idle":
      return `idle for ${seconds} s`;
    case "stalled":
      return `stalled, no sign of life for ${seconds} s`;
  }
}
