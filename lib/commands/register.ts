import { createCronPasses } from "../cron/reconcile.ts";
import { readStaged } from "../cron/staging.ts";
import { reconcileWithin } from "../reconcile/loop.ts";
import { createTrigger } from "../reconcile/trigger.ts";
import { waitForMainProcess } from "./main-process.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Registers the staged cron jobs at the start of the main container: waits for the gateway, then adds and updates jobs.
 * It removes none: the staged files may be older than Git, so only the sidecar removes jobs.
 *
 * @returns whether all jobs are registered; true if none are staged
 */
export async function register(runtime: Runtime, waitSeconds: number): Promise<boolean> {
  const { settings, log, signal } = runtime;
  const endMs = Date.now() + waitSeconds * 1000;
  if ((await readStaged(settings.stagingDir)).kind === "missing") {
    log("=== No cron config found, skipping ===");
    return true;
  }
  log("=== Registering cron jobs from staged config ===");
  await waitForMainProcess(runtime, waitSeconds);
  const passes = createCronPasses(runtime);
  const pass = () => passes.register({ isSuperseded: () => signal.aborted, beat: () => undefined });
  const outcome = await reconcileWithin(endMs - Date.now(), { pass, trigger: createTrigger(), signal });
  if (outcome.kind === "equal") log("=== Cron job registration complete ===");
  return outcome.kind === "equal";
}
