import { createCronPasses } from "../cron/reconcile.ts";
import { readStaged } from "../cron/staging.ts";
import { reconcileWithin } from "../reconcile/loop.ts";
import { createTrigger } from "../reconcile/trigger.ts";
import { waitForMainProcess } from "./main-process.ts";
import type { Runtime } from "./runtime.ts";

/** How long the last pass may take after the wait is over, in milliseconds. */
const LAST_PASS_MS = 5_000;

/**
 * Registers the staged cron jobs at the start of the main container: waits for the gateway, then adds and updates jobs.
 * It removes none: the staged files may be older than Git, so only the sidecar removes jobs. It stops the program
 * {@link LAST_PASS_MS} after the wait, whatever has not answered until then.
 *
 * @returns whether all jobs are registered; true if none are staged
 */
export async function register(runtime: Runtime, waitSeconds: number): Promise<boolean> {
  const { settings, log, signal, clock } = runtime;
  const endMs = clock.uptimeMs() + waitSeconds * 1000;
  const limit = setTimeout(
    () => {
      log(`WARNING: Failed to register cron jobs: not done within ${waitSeconds} s`);
      runtime.stop();
    },
    waitSeconds * 1000 + LAST_PASS_MS,
  );
  try {
    if ((await readStaged(settings.stagingDir)).kind === "missing") {
      log("=== No cron config found, skipping ===");
      return true;
    }
    log("=== Registering cron jobs from staged config ===");
    await waitForMainProcess(runtime, waitSeconds);
    const passes = createCronPasses(runtime);
    const pass = () => passes.register({ isSuperseded: () => signal.aborted, beat: () => undefined });
    const { uptimeMs } = clock;
    const outcome = await reconcileWithin(endMs - uptimeMs(), { pass, trigger: createTrigger(), signal, uptimeMs });
    if (outcome.kind === "equal") log("=== Cron job registration complete ===");
    return outcome.kind === "equal";
  } finally {
    clearTimeout(limit);
  }
}
