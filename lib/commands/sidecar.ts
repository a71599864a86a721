import { hostname } from "node:os";
import process from "node:process";
import { toResult } from "../errors.ts";
import { credentialSourcesOf, findCredentials } from "../gateway/credentials.ts";
import { follow } from "../reconcile/follow.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import type { PassContext, Reconciler } from "../reconcile/reconciler.ts";
import { letHeldIn } from "./apply-held.ts";
import { waitForMainProcess } from "./main-process.ts";
import type { Runtime } from "./runtime.ts";

/** The steps of the sidecar. `manager.ts` calls them in order. */
export interface Sidecar extends Pick<Runtime, "settings" | "log" | "reconcilers"> {
  /** Opens the HTTP port, if one is set. @throws {ManagerError} `port` if it cannot be opened. */
  listen(): Promise<void>;
  /** Waits until the gateway answers, `limitSeconds` are over, or the program is stopping. */
  waitForMainProcess(limitSeconds: number): Promise<void>;
  /** Reconciles one kind until the program is stopping. SIGHUP triggers a pass. */
  follow(reconciler: Reconciler, pass: (context: PassContext) => Promise<PassOutcome>): Promise<void>;
  readonly isStopping: boolean;
  /** Waits until the loops have ended, but not for long after the stop signal. Then closes all connections. */
  end(loops: readonly Promise<void>[]): Promise<void>;
}

/** Reads what `GET /status` takes. Warns if there is nothing: it then answers nobody. */
async function readSecret({ settings, env, warnings }: Runtime): Promise<string | undefined> {
  const { token, password } = (await findCredentials(credentialSourcesOf(settings, env))).credentials;
  const secret = token ?? password;
  if (secret) warnings.clear("status");
  else warnings.warnOnce("status", [`WARNING: GET /status answers nobody: ${NO_SECRET}`]);
  return secret;
}

/** Lets in what is held, as `apply-held` does. What keeps it from that is told by a pass. */
async function letIn({ reconcilers, state }: Runtime): Promise<void> {
  await Promise.all(Object.values(reconcilers).map(async ({ held }) => toResult(letHeldIn(held))));
  for (const { trigger } of state) trigger.fire("signal");
}

const NO_SECRET = "this container has no gateway token to compare with (give it OPENCLAW_GATEWAY_TOKEN)";

export function createSidecar(runtime: Runtime, stopped: Promise<void>): Sidecar {
  const { settings, log, reconcilers, state, signal } = runtime;
  let server: { close(): void } | undefined;
  process.on("SIGHUP", () => {
    for (const { trigger } of state) trigger.fire("signal");
  });
  process.on("SIGUSR1", () => void letIn(runtime));
  return {
    settings,
    log,
    reconcilers,
    async listen() {
      if (settings.httpPort === undefined) return;
      // Loaded only if a port is set: it takes some 3 MB.
      const { openHttpServer } = await import("../http/server.ts");
      const { createPages } = await import("../http/pages.ts");
      server = await openHttpServer(
        settings.httpPort,
        createPages(state, () => runtime.transport.isConnected(), {
          readSecret: () => readSecret(runtime),
          mask: (text) => runtime.guard.mask(text),
          hostName: hostname(),
        }),
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
