import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { devicePathOf } from "../gateway/device.ts";
import { createTransport } from "../gateway/transport.ts";
import { createLog, isClockUtc } from "../log.ts";
import type { GatewayEvent } from "../reconcile/trigger.ts";
import { type SidecarState, createSidecarState } from "../reconcile/sidecar-state.ts";
import { createWarnings } from "../reconcile/warnings.ts";
import type { Settings } from "../settings.ts";
import { type KindContext, type Reconcilers, loadReconcilers } from "./kinds.ts";
import { print } from "./print.ts";
import type { WorkInvocation } from "./program.ts";
import { type Progress, showProgress } from "./progress.ts";

/** How long a config waits for a gateway before it goes in without being validated. Who types `sync` has the time. */
const CONNECT_LIMIT_MS = { sync: 10_000, others: 1_000 };

/** What every command that works stands on. */
export interface Runtime extends KindContext {
  readonly reconcilers: Reconcilers;
  /** A loop for each reconciler, in their order. */
  readonly state: SidecarState;
  /** Aborts {@link KindContext.signal}: we are told to stop. */
  stop(): void;
  /** Prints a result. Resolved once whoever reads has it. */
  readonly print: (text: string) => Promise<void>;
  /** Lets go of the gateway, and waits a moment for whoever reads the log. */
  close(): Promise<void>;
}

export async function openRuntime(invocation: WorkInvocation): Promise<Runtime> {
  const { command, settings } = invocation;
  const stopping = new AbortController();
  let printed: Promise<void> = Promise.resolve();
  const write = (text: string) => {
    progress.clear();
    printed = print(text, process.stdout);
    printed.catch(() => undefined); // a log has no place left to tell it; a result is awaited
    return printed;
  };
  const progress: Progress = showProgress(`asking ${settings.gatewayUrl}`, command === "run" ? {} : process.stderr);
  const isQuiet = isForPerson(invocation);
  const log = isQuiet ? () => undefined : createLog({ ...toLogOptions(settings), write: (line) => void write(line) });
  const warnings = createWarnings(log);
  const tell = (event: GatewayEvent) => {
    for (const { reconciler, trigger } of state) if (reconciler.events.includes(event)) trigger.fire(event);
  };
  const transport = createTransport({
    // What the CLI can do where the gateway refuses us is no diagnosis.
    kind: command === "doctor" && settings.transport === "auto" ? "gateway" : settings.transport,
    url: settings.gatewayUrl,
    credentials: { tokenFile: settings.gatewayTokenFile, pvcConfig: settings.pvcConfig, env: process.env },
    devicePath: devicePathOf(settings.stagingDir),
    log,
    onEvent: tell,
    signal: stopping.signal,
  });
  const context: KindContext = {
    settings,
    selfHeal: invocation.selfHeal,
    allowMassRemoval: invocation.allowMassRemoval,
    tellsFirst: command !== "sync",
    transport,
    connectLimitMs: command === "sync" ? CONNECT_LIMIT_MS.sync : CONNECT_LIMIT_MS.others,
    log,
    warnings,
    signal: stopping.signal,
    clock: { nowMs: Date.now, pause: (ms) => sleep(ms) },
  };
  const reconcilers = await loadReconcilers(context);
  const state = createSidecarState(Object.values(reconcilers), {
    nowMs: Date.now,
    uptimeMs: () => performance.now(),
  });
  return {
    ...context,
    reconcilers,
    state,
    stop: () => stopping.abort(),
    print: write,
    async close() {
      progress.end();
      await transport.close();
      await Promise.race([printed.catch(() => undefined), sleep(500)]); // nobody may be reading the log
    },
  };
}

function toLogOptions({ logFormat }: Settings) {
  return { format: logFormat, isUtc: isClockUtc(process.env.TZ) };
}

/** Whether a person has typed it, who reads a result. The output of the others is a container's log. */
export function isForPerson({ command }: WorkInvocation): boolean {
  return ["status", "diff", "doctor", "export"].includes(command);
}
