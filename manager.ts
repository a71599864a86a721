#!/usr/bin/env zx
// config-manager-sidecar: watches ConfigMaps and makes a running OpenClaw equal to them, without a restart.
//
// This file is manager.sh in TypeScript: the same steps, in the same order, under the same names. Each step is one call
// into lib/. The other commands (init, register, sync, status, …) are in lib/commands/.
//
//   main config: replaced on the volume; OpenClaw reloads it by itself
//   cron jobs:   compared with the gateway's jobs; only differences are written

import process from "node:process";
import { readArguments } from "./lib/commands/argv.ts";
import { main } from "./lib/commands/main.ts";
import type { PassOutcome } from "./lib/reconcile/loop.ts";
import type { PassContext, Reconciler } from "./lib/reconcile/reconciler.ts";

// Every command except `run` ends here.
const command = await main(readArguments(process.argv, import.meta.filename), process.env);
if (command.kind === "done") process.exit(command.exitCode);

const { sidecar } = command;
const { settings, log } = sidecar;
const { config, cron } = sidecar.reconcilers;

// CONFIG_DIR, CRON_DIR, PVC_CONFIG, STAGING_DIR and CHECKSUM_DIR are in lib/settings.ts; the reconcilers use them.
const POLL_INTERVAL = settings.pollInterval;

// compute_checksum is in lib/files/checksum.ts. A checksum is stored after success only, so that a failure is retried.

// === Main config ===
// OpenClaw watches the file. A pass replaces it, then asks the gateway whether it is valid and applied.
async function handleConfigChange(pass: PassContext): Promise<PassOutcome> {
  return config.reconcile(pass);
}

// === Cron jobs ===
// A pass compares the gateway's jobs with the definitions and writes only the differences.
async function handleCronChange(pass: PassContext): Promise<PassOutcome> {
  return cron.reconcile(pass);
}

// manager.sh has these two handlers. A further kind of setting uses its own reconcile().
const handlers = new Map([
  [config, handleConfigChange],
  [cron, handleCronChange],
]);
const kinds: Reconciler[] = Object.values(sidecar.reconcilers);
const follow = (kind: Reconciler) => sidecar.follow(kind, handlers.get(kind) ?? kind.reconcile);

// === Main loop ===
await sidecar.listen(); // first, so that nothing is changed if the port is in use

log("Starting config-manager-sidecar");
for (const { monitoring } of kinds) if (monitoring !== undefined) log(`  Monitoring: ${monitoring}`);
log(`  Poll interval: ${POLL_INTERVAL}s`);

// The config does not wait for the gateway: it may be the fix that lets the gateway start.
const loops = kinds.filter(({ needsGateway }) => !needsGateway).map(follow);

await sidecar.waitForMainProcess(300);

// Sync the cron jobs now, then at each trigger and poll.
if (!sidecar.isStopping) log("Performing initial cron job sync...");
loops.push(...kinds.filter(({ needsGateway }) => needsGateway).map(follow));

await sidecar.end(loops);
process.exit(0);
