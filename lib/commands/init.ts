import { describeRejection, isUsable, observeConfig, planConfig, readLiveFile } from "../config/plan.ts";
import { createWarnings } from "../reconcile/warnings.ts";
import { describeProblem, readDefinitions } from "../definition/files.ts";
import type { Log } from "../log.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import { attemptPass } from "../reconcile/pass.ts";
import { replaceFile, removeStaleTempFiles } from "../files/replace.ts";
import type { Settings } from "../settings.ts";
import { stageDefinitions } from "../cron/staging.ts";

/**
 * Does what the plan's init containers do, before the gateway starts: the config to the volume, the cron
 * definitions to the staging directory. What is broken never replaces what is good.
 *
 * @param only what to do where it is not both.
 * @returns whether OpenClaw will find a config that it can read; true where that is not this one's to see to.
 */
export async function initialize(settings: Settings, log: Log, only?: "config" | "cron"): Promise<boolean> {
  const warnings = createWarnings(log);
  if (only !== "cron") await attemptPass("Failed to update config", () => initConfig(settings, log), warnings);
  if (only !== "config") await attemptPass("Failed to stage cron config", () => initCron(settings, log), warnings);
  if (only === "cron") return true;
  return isUsable(await readLiveFile(settings.pvcConfig).catch(() => undefined));
}

async function initConfig({ configDir, pvcConfig, checksumDir }: Settings, log: Log): Promise<PassOutcome> {
  await removeStaleTempFiles(pvcConfig);
  const state = await observeConfig({ configDir, pvcConfig, checksumDir });
  // Git wins over an edit of the live file, as it does in a new container.
  const plan = planConfig(
    { ...state, lastApplied: undefined },
    { release: undefined, selfHeal: false, isPodStart: true },
  );
  switch (plan.kind) {
    case "missing":
      log(`WARNING: Config file not found: ${configDir}/openclaw.json`);
      break;

    case "reject":
      for (const line of describeRejection(pvcConfig, plan.problems)) log(line);
      break;

    case "update":
      for (const warning of plan.warnings) log(warning);
      await replaceFile(pvcConfig, plan.bytes);
      log(`Config copied to PVC: ${pvcConfig}`);
      return { kind: "equal" };

    case "none":
    case "validate":
    case "drift":
      return { kind: "equal" };
  }
  if (plan.lastGood) {
    await replaceFile(pvcConfig, plan.lastGood);
    log(`Last good config put back: ${pvcConfig}`);
  }
  return { kind: "rejected" };
}

async function initCron({ cronDir, stagingDir }: Settings, log: Log): Promise<PassOutcome> {
  log("=== Staging cron job config from ConfigMap ===");
  const desired = await readDefinitions(cronDir);
  switch (desired.kind) {
    case "missing":
      log("=== No cron config found, skipping ===");
      return { kind: "rejected" };

    case "invalid":
      for (const problem of desired.problems) log(describeProblem(problem));
      return { kind: "rejected" };

    case "valid":
      await stageDefinitions(desired.files, stagingDir);
      log("=== Cron config staged successfully ===");
      return { kind: "equal" };
  }
}
