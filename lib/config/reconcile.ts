import type { Log } from "../log.ts";
import { removeStaleTempFiles, replaceFile } from "../files/replace.ts";
import { writeChecksum } from "../files/checksum.ts";
import type { ConfigGateway } from "../gateway/config-calls.ts";
import type { PassOutcome } from "../reconcile/loop.ts";
import { NOT_VALIDATED, UNHEALED, attemptPass } from "../reconcile/pass.ts";
import type { PassContext, Reconciler } from "../reconcile/reconciler.ts";
import type { Warnings } from "../reconcile/warnings.ts";
import { type Delivery, type LiveConfig, createLiveConfig } from "./apply.ts";
import type { ConfigFile } from "./config-file.ts";
import { describeApplyTimeout, describeDrift, describeNotValidated, describeRejection } from "./messages.ts";
import { type ConfigPlaces, observeConfig, readLiveConfig } from "./observe.ts";
import { type ConfigPlan, type ConfigUpdate, planConfig } from "./plan.ts";
import { describeChanges } from "./reload.ts";
import type { Clock } from "./verdict.ts";

/** Opens the gateway's view of its config. {@link Transport} of lib/gateway implements it. */
export interface ConfigTransport {
  openConfig(limitMs: number): Promise<ConfigGateway | undefined>;
  isRestarting(): boolean;
}

export interface ConfigDependencies {
  settings: ConfigPlaces;
  /** Whether drift is reverted. */
  selfHeal: boolean;
  transport: ConfigTransport;
  /** How long a pass or a report waits for a gateway that does not answer, in milliseconds. It goes on without one. */
  connectLimitMs: number;
  log: Log;
  warnings: Warnings;
  clock: Clock;
}

export interface ConfigPasses extends Pick<Reconciler, "prepare" | "reconcile"> {
  /** The kind of the last pass's plan; undefined before the first pass. */
  readonly planKind: ConfigPlan["kind"] | undefined;
}

/**
 * Keeps the live `openclaw.json` equal to the ConfigMap's. OpenClaw watches the file, so a pass replaces it and then
 * asks the gateway for its verdict.
 */
export function createConfigPasses(dependencies: ConfigDependencies): ConfigPasses {
  const { settings, selfHeal, transport, connectLimitMs, log, warnings, clock } = dependencies;
  const { configDir, pvcConfig, checksumDir } = settings;
  const live: LiveConfig = createLiveConfig(pvcConfig, clock);
  let planKind: ConfigPlan["kind"] | undefined;
  /** Whether "Config in force" is still to be logged for a delivered config. */
  let mustLogApplied = false;

  const record = (file: ConfigFile) => writeChecksum(checksumDir, "config", file.md5);

  async function prepareConfig(): Promise<PassOutcome> {
    await removeStaleTempFiles(pvcConfig);
    // Without lastApplied there is no drift: at the start of a Pod, Git wins.
    const state = { ...(await observeConfig(settings)), lastApplied: undefined };
    const plan = planConfig(state, { release: undefined, selfHeal: false, isPodStart: true });
    if (plan.kind === "update") {
      for (const warning of plan.warnings) log(warning);
      await live.deliver(plan, undefined);
      log(`Config copied to PVC: ${pvcConfig}`);
    }
    if (plan.kind !== "missing" && plan.kind !== "reject") return { kind: "equal" };
    warnOfRefusal(plan);
    if (plan.lastGood) {
      await replaceFile(pvcConfig, plan.lastGood.bytes);
      log(`Last good config put back: ${pvcConfig}`);
    }
    return { kind: "rejected" };
  }

  async function reconcileConfig(pass: PassContext): Promise<PassOutcome> {
    await removeStaleTempFiles(pvcConfig, `${checksumDir}/config`);
    const gateway = await transport.openConfig(connectLimitMs);
    if (!gateway && transport.isRestarting()) return NOT_VALIDATED; // it would start with a file that nobody validated
    const policy = { release: gateway?.release, selfHeal: selfHeal && live.mayHeal(), isPodStart: false };
    const plan = planConfig(await observeConfig(settings), policy);
    planKind = plan.kind;
    switch (plan.kind) {
      case "missing":
      case "reject":
        if (plan.lastGood) await replaceFile(pvcConfig, plan.lastGood.bytes);
        warnOfRefusal(plan);
        return { kind: "rejected" };
      case "drift":
        warnings.warnOnce("drift", [describeDrift(pvcConfig, plan.paths, selfHeal)]);
        return selfHeal ? UNHEALED : { kind: "equal" };
      case "none":
        return confirm(plan.file, gateway, pass);
      case "validate":
        return conclude(plan.file, await live.validate(plan.file, gateway), gateway, pass);
      case "update":
        if (gateway && !(await live.isReady(gateway))) return NOT_VALIDATED;
        return conclude(plan.file, await deliver(plan, gateway), gateway, pass);
    }
  }

  function warnOfRefusal(plan: Extract<ConfigPlan, { kind: "missing" | "reject" }>): void {
    if (plan.kind === "missing")
      warnings.warnOnce("config", [`WARNING: Config file not found: ${configDir}/openclaw.json`]);
    else warnings.warnOnce("config", describeRejection(pvcConfig, plan.problems), plan.file.md5);
  }

  async function deliver(plan: ConfigUpdate, gateway: ConfigGateway | undefined): Promise<Delivery> {
    log(
      plan.isHealing ? `Healing config drift in ${pvcConfig}` : `Config change detected in ${configDir}/openclaw.json`,
    );
    for (const warning of plan.warnings) log(warning);
    const delivery = await live.deliver(plan, gateway);
    if (delivery.kind === "invalid") return delivery;
    log(`Config copied to PVC: ${pvcConfig}`);
    for (const line of await describeChanges(plan.paths, gateway)) log(line);
    if (delivery.kind === "unknown") warnings.warnOnce("validation", [describeNotValidated(delivery)], plan.file.md5);
    await record(plan.file);
    log("Config update complete (openclaw will auto-detect via chokidar)");
    mustLogApplied = true;
    return delivery;
  }

  async function conclude(
    file: ConfigFile,
    delivery: Delivery,
    gateway: ConfigGateway | undefined,
    pass: PassContext,
  ): Promise<PassOutcome> {
    if (delivery.kind === "invalid") {
      planKind = "reject";
      if (delivery.restored) await record(delivery.restored);
      warnings.warnOnce("config", describeRejection(pvcConfig, delivery.problems, !delivery.restored), file.md5);
      return { kind: "rejected" };
    }
    await record(file);
    for (const topic of ["config", "drift"]) warnings.clear(topic);
    if (delivery.kind === "unknown") {
      if (delivery.reason) warnings.warnOnce("validation", [describeNotValidated(delivery)], file.md5);
      return NOT_VALIDATED;
    }
    mustLogApplied &&= delivery.isApplied !== undefined;
    for (const warning of delivery.warnings) log(`WARNING: Config accepted, but ${warning}`);
    return confirm(file, gateway, pass);
  }

  /** Waits until the gateway has applied the file, or the pass is superseded. */
  async function confirm(
    file: ConfigFile,
    gateway: ConfigGateway | undefined,
    { isSuperseded }: PassContext,
  ): Promise<PassOutcome> {
    await record(file);
    for (const topic of ["config", "drift", "validation"]) warnings.clear(topic);
    const applied = gateway && (await live.confirm(file, gateway, isSuperseded));
    if (applied === "applied") {
      if (mustLogApplied) log("Config in force");
      mustLogApplied = false;
      warnings.clear("applied");
    }
    if (applied === "timeout") warnings.warnOnce("applied", [describeApplyTimeout(file)], file.md5);
    return { kind: "equal" };
  }

  return {
    get planKind() {
      return planKind;
    },
    async prepare() {
      await attemptPass("Failed to update config", prepareConfig, warnings);
      const file = await readLiveConfig(pvcConfig).catch(() => undefined);
      return file?.parsed.kind === "parsed";
    },
    reconcile: (pass) => attemptPass("Failed to update config", () => reconcileConfig(pass), warnings),
  };
}
