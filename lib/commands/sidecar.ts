import process from "node:process";
import { follow } from "../reconcile/follow.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import type { PassContext, Reconciler } from "../reconcile/reconciler.ts";
import { waitForMainProcess } from "./main-process.ts";
import type { Runtime } from "./runtime.ts";

/** What the sidecar is made of; `manager.ts` puts it in order. */
export interface Sidecar extends Pick<Runtime, "settings" | "log" | "reconcilers"> {
  /** Answers on the port of the settings, if they have one. @throws {ManagerError} `port` where it cannot be had. */
  listen(): Promise<void>;
  /** Waits until the gateway answers, or so many seconds are over, or we are told to stop. */
  waitForMainProcess(limitSeconds: number): Promise<void>;
  /** Keeps one kind reconciled until we are told to stop. SIGHUP starts a pass. */
  follow(reconciler: Reconciler, pass: (context: PassContext) => Promise<PassOutcome>): Promise<void>;
  readonly isStopping: boolean;
  /** Waits until these have ended, or have had their time to; then lets go of all. */
  end(loops: readonly Promise<void>[]): Promise<void>;
}

export function createSidecar(runtime: Runtime, stopped: Promise<void>): Sidecar {
  const { settings, log, reconcilers, state, signal } = runtime;
  let server: { close(): void } | undefined;
  process.on("SIGHUP", () => {
    for (const { trigger } of state) trigger.fire("signal");
  });
  return {
    settings,
    log,
    reconcilers,
    async listen() {
      if (settings.httpPort === undefined) return;
      // Loaded only where it is wanted: it takes some 3 MB.
      const { openHttpServer } = await import("../http/server.ts");
      const { createPages } = await import("../http/pages.ts");
      server = await openHttpServer(
        settings.httpPort,
        createPages(state, () => runtime.transport.isConnected()),
      );
    },
    waitForMainProcess: (limitSeconds) => waitForMainProcess(runtime, limitSeconds),
    async follow(reconciler, pass) {
      const loop = state.find((each) => each.reconciler === reconciler);
      const pollIntervalMs = Number(settings.pollInterval) * 1000;
      if (loop) await follow(loop, pass, { pollIntervalMs, signal });
    },
    get isStopping() {
      return signal.aborted;
    },
    async end(loops) {
      await Promise.race([Promise.all(loops), stopped]);
      server?.close();
      await runtime.close();
    },
  };
}
