import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { findAddress } from "../gateway/address.ts";
import { credentialSourcesOf } from "../gateway/credentials.ts";
import { devicePathOf } from "../gateway/device.ts";
import { readMemoryLimit } from "../gateway/memory.ts";
import { createTransport } from "../gateway/transport.ts";
import { createSystemClock } from "../clock.ts";
import { createLog, isClockUtc } from "../log.ts";
import type { GatewayEvent } from "../reconcile/trigger.ts";
import { type SidecarState, createSidecarState } from "../reconcile/sidecar-state.ts";
import { createWarnings } from "../reconcile/warnings.ts";
import type { Settings } from "../settings.ts";
import { createSecretGuard } from "../text/guard.ts";
import { isDefaultUrl } from "./gateway-port.ts";
import { type KindContext, type Reconcilers, loadReconcilers } from "./kinds.ts";
import { print } from "./print.ts";
import type { WorkInvocation } from "./invocation.ts";
import { type Progress, showProgress } from "./progress.ts";

/**
 * How long a pass or a report waits for a gateway that does not answer, in milliseconds. In a container, the gateway
 * may need the new config to start, so the pass must not wait long. A person who runs a command can wait.
 */
const CONNECT_LIMIT_MS = { container: 1_000, person: 10_000 };

/** The dependencies of every command that works with settings. */
export interface Runtime extends KindContext {
  readonly reconcilers: Reconcilers;
  /** A loop per reconciler, in the order of {@link Runtime.reconcilers}. */
  readonly state: SidecarState;
  /** Aborts {@link KindContext.signal}: the program is stopping. */
  stop(): void;
  /** Prints a result. Resolves once it is written. */
  readonly print: (text: string) => Promise<void>;
  /** Closes the connection to the gateway, and waits up to 500 ms until the log is written. */
  close(): Promise<void>;
}

export async function openRuntime(invocation: WorkInvocation): Promise<Runtime> {
  const { command } = invocation;
  const address = {
    url: invocation.settings.gatewayUrl,
    isDefault: isDefaultUrl(invocation.settings, process.env),
    pvcConfig: invocation.settings.pvcConfig,
    env: process.env,
  };
  const settings = { ...invocation.settings, gatewayUrl: (await findAddress(address)).url };
  const stopping = new AbortController();
  const guard = createSecretGuard();
  let printed: Promise<void> = Promise.resolve();
  const write = (text: string) => {
    progress.clear();
    printed = print(guard.mask(text), process.stdout);
    printed.catch(() => undefined); // a failed log line cannot be reported; callers await a result
    return printed;
  };
  const progress: Progress = showProgress(
    `asking ${settings.gatewayUrl}`,
    ["run", "wait", "apply-held", "uninstall"].includes(command) ? {} : process.stderr,
  );
  const isQuiet = isForPerson(invocation);
  const logLine = createLog({ ...toLogOptions(settings), write: (line) => void write(line) });
  const log = isQuiet ? () => undefined : (message: string) => logLine(guard.mask(message)); // before it is cut
  const warnings = createWarnings(log);
  const clock = createSystemClock();
  const fireTriggers = (event: GatewayEvent) => {
    for (const { reconciler, trigger } of state) if (reconciler.events.includes(event)) trigger.fire(event);
  };
  const transport = createTransport({
    // doctor must not fall back to the CLI: it would hide why the gateway refuses us.
    kind: command === "doctor" && settings.transport === "auto" ? "gateway" : settings.transport,
    address,
    credentials: credentialSourcesOf(settings, process.env),
    devicePath: devicePathOf(settings.stagingDir),
    // What a person asks must change nothing; but export is the first that one runs, before there is a sidecar.
    mayCreate: !isQuiet || command === "export",
    log,
    onEvent: fireTriggers,
    clock,
    signal: stopping.signal,
    memoryLimit: readMemoryLimit,
  });
  const context: KindContext = {
    settings,
    env: process.env,
    selfHeal: invocation.selfHeal,
    allowMassRemoval: invocation.allowMassRemoval,
    logsFirstPass: command !== "sync",
    transport,
    guard,
    connectLimitMs: isQuiet || command === "sync" ? CONNECT_LIMIT_MS.person : CONNECT_LIMIT_MS.container,
    log,
    warnings,
    signal: stopping.signal,
    clock,
  };
  const reconcilers = await loadReconcilers(context);
  const state = createSidecarState(Object.values(reconcilers), clock);
  return {
    ...context,
    reconcilers,
    state,
    stop: () => stopping.abort(),
    print: write,
    async close() {
      progress.end();
      await transport.close();
      await Promise.race([printed.catch(() => undefined), sleep(500)]); // the reader of the log may be stuck
    },
  };
}

function toLogOptions({ logFormat }: Settings) {
  return { format: logFormat, isUtc: isClockUtc(process.env.TZ) };
}

/** Returns whether a command prints a result, and can be broken off at any time. The output of the others is a log. */
export function isForPerson({ command }: WorkInvocation): boolean {
  return ["apply-held", "uninstall", "wait", "status", "diff", "doctor", "export"].includes(command);
}
