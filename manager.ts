// config-manager-sidecar: follows two ConfigMaps and makes a running OpenClaw equal to them, with no restart.
//
// This file is manager.sh in TypeScript, top to bottom, under the same names. It decides nothing: each step
// is a call into lib/.
//
//   main config: put into place on the volume; OpenClaw reloads it by itself
//   cron jobs:   compared with the gateway's, and only the difference is written
//
// The other commands stand below the loop: what the plan's shell did in other containers, and what a person types.

import process from "node:process";
import { readCommandLine } from "./lib/commands/arguments.ts";
import type { ConfigGateway } from "./lib/gateway/config-calls.ts";
import type { Definition } from "./lib/definition/definition.ts";
import { ManagerError, describeBug, toResult } from "./lib/errors.ts";
import { formatJson } from "./lib/json.ts";
import type { ConfigBytes, Delivery } from "./lib/config/apply.ts";
import { createLog, escapeControls, isClockUtc } from "./lib/log.ts";
import type { PassOutcome } from "./lib/reconcile/loop.ts";
import { mayBeScreen, openOutput, writeOutput } from "./lib/commands/output.ts";
import type { Source } from "./lib/commands/sources.ts";
import { describeVersion } from "./lib/version.ts";

const output = openOutput(1);
const invocation = await readInvocation();

// What does the work, and the gateway's client with it: loaded once it is known that there is some. The version, a
// page of help and a slip of the finger want none of it.
const { setTimeout: sleep } = await import("node:timers/promises");
const { computeChecksum, readChecksum, writeChecksum } = await import("./lib/files/checksum.ts");
const { createWarnings } = await import("./lib/reconcile/warnings.ts");
const { describeDrift, describeRejection, observeConfig, planConfig } = await import("./lib/config/plan.ts");
const { converge, describeUnsupported, describeRefusal } = await import("./lib/cron/converge.ts");
const { createDefinitionReader, describeProblem, describeSource, readDefinitions } = await import(
  "./lib/definition/files.ts"
);
const { describeApplyTimeout } = await import("./lib/config/verdict.ts");
const { createLiveConfig, describeNotValidated } = await import("./lib/config/apply.ts");
const { keepReconciled, reconcileWithin } = await import("./lib/reconcile/loop.ts");
const { FAILED, UNHEALED, NOT_VALIDATED, attemptPass } = await import("./lib/reconcile/pass.ts");
const { showProgress } = await import("./lib/commands/progress.ts");
const { replaceFile, removeStaleTempFiles } = await import("./lib/files/replace.ts");
const { describeChanges } = await import("./lib/config/reload.ts");
const { devicePathOf, stageDefinitions } = await import("./lib/cron/staging.ts");
const { createTransport } = await import("./lib/gateway/transport.ts");
const { createSidecarState } = await import("./lib/reconcile/sidecar-state.ts");
const { createTrigger } = await import("./lib/reconcile/trigger.ts");
const { watchDirectory } = await import("./lib/files/watch.ts");

const { settings } = invocation;
const CONFIG_DIR = settings.configDir;
const CRON_DIR = settings.cronDir;
const PVC_CONFIG = settings.pvcConfig;
const STAGING_DIR = settings.stagingDir;
const CHECKSUM_DIR = settings.checksumDir;
const POLL_INTERVAL = settings.pollInterval;

/** How long a config waits for a gateway to be asked, before it goes in unasked. Who types `sync` has the time. */
const CONNECT_LIMIT_MS = invocation.command === "sync" ? 10_000 : 1_000;

const stopping = new AbortController();
const stopRequested = new Promise((resolve) => stopping.signal.addEventListener("abort", resolve));
const triggers = { config: createTrigger(), cron: createTrigger() };

let printed: Promise<void> = Promise.resolve(); // once whoever reads has taken it, or has gone
const isWatched = invocation.command !== "run" && mayBeScreen(2);
const progress = showProgress(`asking ${settings.gatewayUrl}`, isWatched ? process.stderr : {});
const log = isForPerson(invocation)
  ? () => undefined
  : createLog({ format: settings.logFormat, isUtc: isClockUtc(process.env.TZ), write: print });
const warnings = createWarnings(log);
const state = createSidecarState({ nowMs: Date.now, uptimeMs: () => performance.now() });

const live = createLiveConfig(PVC_CONFIG, { nowMs: Date.now, pause: (ms) => sleep(ms) });

const transport = createTransport({
  // What the CLI can do where the gateway refuses us is no diagnosis.
  kind: invocation.command === "doctor" && settings.transport === "auto" ? "gateway" : settings.transport,
  url: settings.gatewayUrl,
  credentials: { tokenFile: settings.gatewayTokenFile, pvcConfig: PVC_CONFIG, env: process.env },
  devicePath: devicePathOf(STAGING_DIR),
  log,
  onChange: (reason) => triggers.cron.fire(reason),
  onConnect: () => triggers.config.fire("connect"),
  signal: stopping.signal,
});

// === Main config ===
let isAppliedOwed = false; // whether it has been delivered and "Config in force" is still owed

// OpenClaw watches the file: to replace it whole is all there is to do. Then it is asked what it makes of it.
async function handleConfigChange(): Promise<PassOutcome> {
  await removeStaleTempFiles(PVC_CONFIG, `${CHECKSUM_DIR}/config`);
  const gateway = await transport.openConfig(CONNECT_LIMIT_MS);
  if (!gateway && transport.isRestarting()) return NOT_VALIDATED; // it would start with whatever came in now
  const plan = planConfig(
    await observeConfig({ configDir: CONFIG_DIR, pvcConfig: PVC_CONFIG, checksumDir: CHECKSUM_DIR }),
    {
      release: gateway?.release,
      selfHeal: invocation.selfHeal && live.mayHeal(),
      isPodStart: false,
    },
  );
  state.configPlan = plan.kind;
  switch (plan.kind) {
    case "missing":
      if (plan.lastGood) await replaceFile(PVC_CONFIG, plan.lastGood);
      warnings.warnOnce("config", [`WARNING: Config file not found: ${CONFIG_DIR}/openclaw.json`]);
      return { kind: "rejected" };

    case "reject":
      if (plan.lastGood) await replaceFile(PVC_CONFIG, plan.lastGood);
      warnings.warnOnce("config", describeRejection(PVC_CONFIG, plan.problems), plan.checksum);
      return { kind: "rejected" };

    case "drift":
      warnings.warnOnce("drift", [describeDrift(PVC_CONFIG, plan.paths, invocation.selfHeal)]);
      return invocation.selfHeal ? UNHEALED : { kind: "equal" };

    case "none":
      return confirmConfig(plan, gateway);

    case "validate":
      return concludeConfig(plan, await live.validate(plan, gateway), gateway);

    case "update": {
      if (gateway && !(await live.isReady(gateway))) return NOT_VALIDATED;
      log(
        plan.isHealing
          ? `Healing config drift in ${PVC_CONFIG}`
          : `Config change detected in ${CONFIG_DIR}/openclaw.json`,
      );
      for (const warning of plan.warnings) log(warning);

      // cp, but whole or not at all
      const delivery = await live.deliver(plan, gateway);
      if (delivery.kind !== "invalid") {
        log(`Config copied to PVC: ${PVC_CONFIG}`);
        for (const line of await describeChanges(plan.paths, gateway)) log(line);
        if (delivery.kind === "unknown")
          warnings.warnOnce("validation", [describeNotValidated(delivery)], plan.checksum);
        await writeChecksum(CHECKSUM_DIR, "config", plan.checksum);
        log("Config update complete (openclaw will auto-detect via chokidar)");
        isAppliedOwed = true;
      }
      return concludeConfig(plan, delivery, gateway);
    }
  }
}

/** Keeps it, if the gateway can read it; says which, if that is not known yet. */
async function concludeConfig(
  { checksum, bytes }: ConfigBytes,
  delivery: Delivery,
  gateway: ConfigGateway | undefined,
): Promise<PassOutcome> {
  if (delivery.kind === "invalid") {
    state.configPlan = "reject";
    if (delivery.restored) await writeChecksum(CHECKSUM_DIR, "config", computeChecksum(delivery.restored));
    warnings.warnOnce("config", describeRejection(PVC_CONFIG, delivery.problems, !delivery.restored), checksum);
    return { kind: "rejected" };
  }
  await writeChecksum(CHECKSUM_DIR, "config", checksum);
  for (const topic of ["config", "drift"]) warnings.clear(topic);
  if (delivery.kind === "unknown") {
    if (delivery.reason) warnings.warnOnce("validation", [describeNotValidated(delivery)], checksum);
    return NOT_VALIDATED;
  }
  isAppliedOwed &&= delivery.isApplied !== undefined;
  for (const warning of delivery.warnings) log(`WARNING: Config accepted, but ${warning}`);
  return confirmConfig({ checksum, bytes }, gateway);
}

/** Waits until the gateway runs on it, unless there is something newer. */
async function confirmConfig(
  { checksum, bytes }: ConfigBytes,
  gateway: ConfigGateway | undefined,
): Promise<PassOutcome> {
  await writeChecksum(CHECKSUM_DIR, "config", checksum);
  for (const topic of ["config", "drift", "validation"]) warnings.clear(topic);
  const isOver = () => stopping.signal.aborted || triggers.config.hasFired("file", "signal");
  const force = gateway && (await live.confirm(checksum, gateway, isOver));
  if (force === "applied") {
    if (isAppliedOwed) log("Config in force");
    isAppliedOwed = false;
    warnings.clear("force");
  }
  if (force === "timeout") warnings.warnOnce("force", [describeApplyTimeout(bytes)], checksum);
  return { kind: "equal" };
}

// === Cron jobs ===
const readCronDir = createDefinitionReader(CRON_DIR);
// What the last pass has seen. The sidecar says what it begins with, as manager.sh did; a sync only what is new.
let cronHash = invocation.command === "sync" ? await readChecksum(CHECKSUM_DIR, "cron") : undefined;
let cronPending = true; // whether "Cron job sync complete" is still owed

async function handleCronChange(): Promise<PassOutcome> {
  await removeStaleTempFiles(`${CHECKSUM_DIR}/cron`);
  const DESIRED_JOBS = await readCronDir();
  state.definitions = DESIRED_JOBS.kind;
  const newHash = DESIRED_JOBS.kind === "missing" ? "none" : DESIRED_JOBS.checksum;
  if (newHash !== cronHash) {
    log(`Cron config change detected in ${describeSource(CRON_DIR, DESIRED_JOBS)}`);
    cronHash = newHash;
    cronPending = true;
    warnings.clear("definitions");
  }

  switch (DESIRED_JOBS.kind) {
    case "missing":
      warnings.warnOnce("definitions", ["WARNING: Cron config file not found"]);
      return { kind: "rejected" };

    case "invalid":
      warnings.warnOnce("definitions", DESIRED_JOBS.problems.map(describeProblem));
      return { kind: "rejected" };

    case "valid": {
      // A copy for the start of the next Pod. A full or a slow volume is no reason to leave the gateway behind.
      const staging = attemptPass(
        "Failed to stage cron config",
        () => stageDefinitions(DESIRED_JOBS.files, STAGING_DIR),
        warnings,
      );

      const synced = await toResult(syncJobs(DESIRED_JOBS.definitions, settings.prune));
      const staged = await staging;
      if (synced instanceof ManagerError) throw synced;
      const { outcome, changed } = synced;
      if (outcome.kind !== "equal") return outcome;

      await writeChecksum(CHECKSUM_DIR, "cron", newHash);
      if (cronPending || changed > 0) log("Cron job sync complete");
      cronPending = false;
      return staged;
    }
  }
}

/** Makes the live jobs equal to these, and says what cannot be. */
async function syncJobs(
  definitions: readonly Definition[],
  prune: "owned" | "none",
): Promise<{ outcome: PassOutcome; changed: number }> {
  const store = await transport.open();
  const convergence = await converge({
    definitions,
    store,
    policy: { owner: settings.owner, prune, allowMassRemoval: invocation.allowMassRemoval },
    log(message) {
      state.cron.heartbeat.beat(); // a line for each job: over the CLI, many of them take hours
      log(message);
    },
    signal: stopping.signal,
  });
  state.convergence = convergence;
  const { isEqual, changed, refusedRemovals, unsupported } = convergence;
  if (refusedRemovals.length > 0) warnings.warnOnce("removals", [describeRefusal(refusedRemovals)]);
  else warnings.clear("removals");
  warnings.warnOnce("unsupported", describeUnsupported(unsupported, store.version));

  const isPossible = refusedRemovals.length === 0 && unsupported.length === 0;
  if (!isEqual && refusedRemovals.length === 0) return { outcome: FAILED, changed };
  return { outcome: { kind: isPossible ? "equal" : "rejected" }, changed };
}

const reconcileConfig = () => attemptPass("Failed to update config", handleConfigChange, warnings);
const reconcileCron = () => attemptPass("Failed to sync cron jobs", handleCronChange, warnings);

// === Main loop ===
async function run(): Promise<void> {
  const server = await openHttpPort(); // first: where it cannot be had, nothing is touched
  log("Starting config-manager-sidecar");
  log(`  Monitoring: ${CONFIG_DIR} (main config → file copy → chokidar auto-reload)`);
  log(`  Monitoring: ${CRON_DIR} (cron jobs → openclaw cron sync)`);
  log(`  Poll interval: ${POLL_INTERVAL}s`);

  const pollIntervalMs = Number(POLL_INTERVAL) * 1000;
  const watches = [
    watchDirectory(CONFIG_DIR, () => triggers.config.fire("file"), pollIntervalMs),
    watchDirectory(CRON_DIR, () => triggers.cron.fire("file"), pollIntervalMs),
  ];
  process.on("SIGHUP", () => {
    triggers.config.fire("signal");
    triggers.cron.fire("signal");
  });

  // The config from the first second: it may be what a gateway that cannot start is waiting for.
  const loop = { pollIntervalMs, signal: stopping.signal };
  const configLoop = keepReconciled({
    pass: () => state.config.track(reconcileConfig),
    trigger: triggers.config,
    heartbeat: state.config.heartbeat,
    ...loop,
  });

  await waitForMainProcess(300);

  // The first sync of the cron jobs, then again whenever there is a reason
  if (!stopping.signal.aborted) log("Performing initial cron job sync...");
  const cronLoop = keepReconciled({
    pass: () => state.cron.track(reconcileCron),
    trigger: triggers.cron,
    heartbeat: state.cron.heartbeat,
    ...loop,
  });

  await Promise.all([configLoop, cronLoop]);
  for (const watch of watches) watch.close();
  server?.close();
}

async function openHttpPort() {
  if (settings.httpPort === undefined) return undefined;
  // Loaded only where it is wanted: it takes some 3 MB.
  const { openHttpServer } = await import("./lib/http/server.ts");
  const { createPages } = await import("./lib/http/pages.ts");
  const pages = createPages(state, () => transport.isConnected());
  return openHttpServer(settings.httpPort, pages);
}

async function waitForMainProcess(limitSeconds: number): Promise<void> {
  log("Waiting for openclaw main process to start...");
  let WAIT_COUNT = 0;
  while (WAIT_COUNT < limitSeconds && !stopping.signal.aborted) {
    state.cron.heartbeat.beat();
    const { isUp, reason } = await transport.probe();
    if (isUp) {
      log("Main process detected");
      break;
    }
    warnings.warnOnce("main process", [`  Not yet: ${reason}`]);
    await Promise.race([sleep(1_000), stopRequested]);
    WAIT_COUNT += 1;
  }
}

// === One pass ===
async function sync(only: "config" | "cron" | undefined): Promise<boolean> {
  const outcomes = [];
  if (only !== "cron") outcomes.push(await reconcileConfig());
  if (only !== "config") outcomes.push(await reconcileCron());
  return outcomes.every(({ kind }) => kind === "equal" || kind === "pending");
}

// === Before the main container starts ===
async function prepare(only: "config" | "cron" | undefined): Promise<boolean> {
  const { initialize } = await import("./lib/commands/init.ts");
  return initialize(settings, log, only);
}

// === Cron jobs at the start of the main container ===
async function register(waitSeconds: number): Promise<boolean> {
  const endMs = Date.now() + waitSeconds * 1000;
  if ((await readDefinitions(STAGING_DIR)).kind === "missing") {
    log("=== No cron config found, skipping ===");
    return true;
  }
  log("=== Registering cron jobs from staged config ===");
  await waitForMainProcess(waitSeconds);
  const pass = () => attemptPass("Failed to register cron jobs", registerJobs, warnings);
  const outcome = await reconcileWithin(endMs - Date.now(), { pass, trigger: triggers.cron, signal: stopping.signal });
  if (outcome.kind === "equal") log("=== Cron job registration complete ===");
  return outcome.kind === "equal";
}

// What it does not find declared may be declared since: the sidecar sees to that.
async function registerJobs(): Promise<PassOutcome> {
  const STAGED_JOBS = await readDefinitions(STAGING_DIR);
  if (STAGED_JOBS.kind === "missing") return { kind: "rejected" };
  if (STAGED_JOBS.kind === "invalid") {
    warnings.warnOnce("definitions", STAGED_JOBS.problems.map(describeProblem));
    return { kind: "rejected" };
  }
  return (await syncJobs(STAGED_JOBS.definitions, "none")).outcome;
}

// === What a person types ===
async function takeOwnSnapshot() {
  const { takeSnapshot } = await import("./lib/commands/snapshot.ts");
  return takeSnapshot({ transport, ...invocation });
}

async function describeScreen() {
  const { describeTerminal } = await import("./lib/commands/terminal.ts");
  return describeTerminal(process.stdout);
}

async function printStatus(json: boolean): Promise<boolean> {
  const { toStatus } = await import("./lib/commands/status.ts");
  const { renderStatus } = await import("./lib/commands/status-text.ts");
  const snapshot = await takeOwnSnapshot();
  const status = toStatus(snapshot);
  print(json ? formatJson(status) : renderStatus(snapshot, status, await describeScreen()));
  return status.healthy;
}

async function printDiff(json: boolean, exitCode: boolean): Promise<number> {
  const { isBroken, toDiff } = await import("./lib/commands/diff.ts");
  const { renderDiff } = await import("./lib/commands/diff-text.ts");
  const snapshot = await takeOwnSnapshot();
  const diff = toDiff(snapshot);
  print(json ? formatJson(diff) : renderDiff(snapshot, diff, await describeScreen()));
  if (isBroken(snapshot)) return 1;
  return exitCode && diff.changes > 0 ? 2 : 0;
}

async function printDiagnosis(json: boolean): Promise<boolean> {
  const { examine } = await import("./lib/commands/doctor.ts");
  const { renderDiagnosis } = await import("./lib/commands/doctor-text.ts");
  const diagnosis = await examine(await takeOwnSnapshot(), process.env);
  print(json ? formatJson(diagnosis) : renderDiagnosis(diagnosis, await describeScreen()));
  return diagnosis.ok;
}

async function printExport(): Promise<boolean> {
  const { describeCaveats, exportJobs } = await import("./lib/cron/export.ts");
  const store = await transport.open();
  const options = { owner: settings.owner, features: store.features, nowMs: Date.now() };
  const exported = exportJobs(await store.listJobs(), options);
  for (const warning of describeCaveats(exported)) process.stderr.write(`warning: ${warning}\n`);
  print(formatJson(exported.definitions));
  return exported.skipped.length === 0;
}

async function readInvocation() {
  try {
    const found = readCommandLine(process.argv.slice(2), process.env);
    switch (found.command) {
      case "run":
      case "sync":
      case "init":
      case "register":
      case "status":
      case "diff":
      case "doctor":
        return found;
      case "export":
        return { ...found, selfHeal: false, allowMassRemoval: false };
      case "help":
        return await leave(found.text);
      case "version":
        return await leave(`${describeVersion()}\n`);
      case "schema":
        return await leave(formatJson((await import("./lib/definition/schema.ts")).toDefinitionSchema()));
      case "validate":
        return await printValidation(found.source);
    }
  } catch (error) {
    printError(error);
    process.exit(error instanceof ManagerError && error.code === "usage" ? 64 : 1);
  }
}

async function printValidation(source: Source): Promise<never> {
  const { readSources } = await import("./lib/commands/sources.ts");
  const { validate } = await import("./lib/commands/validate.ts");
  const { problems, warnings, checked } = await validate(await readSources(source));
  for (const warning of warnings) process.stderr.write(`warning: ${escapeControls(warning)}\n`);
  const lines = [...problems, ...checked].map((line) => `${escapeControls(line)}\n`);
  return leave(lines.join(""), problems.length > 0 ? 1 : 0);
}

async function leave(text: string, exitCode = 0): Promise<never> {
  await writeOutput(text, output);
  process.exit(exitCode);
}

/** Whether what it prints is for a person who has typed it, rather than for a container's log. */
function isForPerson({ command }: { command: string }): boolean {
  return ["status", "diff", "doctor", "export"].includes(command);
}

function print(text: string): void {
  progress.clear();
  printed = writeOutput(text, output);
  printed.catch(() => undefined); // told at the end, where it is a result; a log has no place left to tell it
}

function printError(error: unknown): void {
  if (!(error instanceof ManagerError)) {
    process.stderr.write(`error: ${describeBug(error)}\n`);
    return;
  }
  for (const problem of error.message.split("\n")) process.stderr.write(`error: ${problem}\n`);
  if (error.hint) process.stderr.write(`hint: ${error.hint}\n`);
}

/** @returns the exit code. */
async function work(): Promise<number> {
  const toExitCode = (isFine: boolean) => (isFine ? 0 : 1);
  switch (invocation.command) {
    case "run":
      await run();
      return 0;
    case "sync":
      return toExitCode(await sync(invocation.only));
    case "init":
      return toExitCode(await prepare(invocation.only));
    case "register":
      return toExitCode(await register(invocation.waitSeconds));
    case "status":
      return toExitCode(await printStatus(invocation.json));
    case "diff":
      return printDiff(invocation.json, invocation.exitCode);
    case "doctor":
      return toExitCode(await printDiagnosis(invocation.json));
    case "export":
      return toExitCode(await printExport());
  }
}

for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    printError(error);
    process.exit(1);
  });
}
for (const [signal, code] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const) {
  process.on(signal, () => {
    // Who types one of these has nothing to finish; and who asks a second time does not want to wait.
    if (isForPerson(invocation) || stopping.signal.aborted) process.exit(code);
    stopping.abort();
  });
}

// The pass in hand may finish what it has begun; the kubelet would wait, but nobody else has to.
const stopped = stopRequested.then(() => sleep(500)).then(() => (invocation.command === "run" ? 0 : 1));
const finished = work().catch((error: unknown) => {
  printError(error);
  return 1;
});
let exitCode = await Promise.race([finished, stopped]);
progress.end();
await transport.close();
if (isForPerson(invocation)) {
  await printed.catch((error: unknown) => {
    printError(error);
    exitCode = 1;
  });
} else {
  await Promise.race([printed.catch(() => undefined), sleep(500)]); // nobody may be reading the log
}
process.exit(exitCode);
