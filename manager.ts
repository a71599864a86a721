#!/usr/bin/env zx
// config-manager-sidecar: follows ConfigMaps and makes a running OpenClaw equal to them, with no restart.
//
// This file is manager.sh in TypeScript, top to bottom, under the same names. It decides nothing: each step is a call
// into lib/. The other commands (init, register, sync, status, …) are in lib/commands/.
//
//   main config: put into place on the volume; OpenClaw reloads it by itself
//   cron jobs:   compared with the gateway's, and only the difference is written

import process from "node:process";
import { readArguments } from "./lib/commands/argv.ts";
import { main } from "./lib/commands/main.ts";
import type { PassOutcome } from "./lib/reconcile/loop.ts";
import type { PassContext, Reconciler } from "./lib/reconcile/reconciler.ts";

// Any other command than `run` is done here.
const command = await main(readArguments(process.argv, import.meta.filename), process.env);
if (command.kind === "done") process.exit(command.exitCode);

const { sidecar } = command;
const { settings, log } = sidecar;
const { config, cron } = sidecar.reconcilers;

// CONFIG_DIR, CRON_DIR, PVC_CONFIG, STAGING_DIR and CHECKSUM_DIR: lib/settings.ts. Each kind of setting knows its own.
const POLL_INTERVAL = settings.pollInterval;

// compute_checksum: lib/files/checksum.ts. It is stored once its files were applied, so that what failed is tried again.

// === Main config ===
// OpenClaw watches the file: to replace it whole is all there is to do. Then it is asked what it makes of it.
async function handleConfigChange(pass: PassContext): Promise<PassOutcome> {
  return config.reconcile(pass);
}

// === Cron jobs ===
// The gateway's list is compared with the definitions, and only the difference is written.
async function handleCronChange(pass: PassContext): Promise<PassOutcome> {
  return cron.reconcile(pass);
}

// manager.sh has these two; a further kind of setting brings its own.
const handlers = new Map([
  [config, handleConfigChange],
  [cron, handleCronChange],
]);
const kinds: Reconciler[] = Object.values(sidecar.reconcilers);
const follow = (kind: Reconciler) => sidecar.follow(kind, handlers.get(kind) ?? kind.reconcile);

// === Main loop ===
await sidecar.listen(); // first: where the port cannot be had, nothing is touched

log("Starting config-manager-sidecar");
for (const { monitoring } of kinds) log(`  Monitoring: ${monitoring}`);
log(`  Poll interval: ${POLL_INTERVAL}s`);

// The config from the first second: it may be what a gateway that cannot start is waiting for.
const loops = kinds.filter(({ needsGateway }) => !needsGateway).map(follow);

await sidecar.waitForMainProcess(300);

// The first sync of the cron jobs, then again whenever there is a reason.
if (!sidecar.isStopping) log("Performing initial cron job sync...");
loops.push(...kinds.filter(({ needsGateway }) => needsGateway).map(follow));

await sidecar.end(loops);
process.exit(0);
