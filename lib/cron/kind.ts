import { toResult } from "../errors.ts";
import { readMounts } from "../files/mounts.ts";
import { inspectMount } from "../files/places.ts";
import { formatJson } from "../json.ts";
import type { Gauge, Reconciler } from "../reconcile/reconciler.ts";
import type { Settings } from "../settings.ts";
import type { CronDependencies } from "./dependencies.ts";
import { readMountedJobs } from "./read.ts";
import { type CronPasses, createCronPasses } from "./reconcile.ts";

export interface CronKindDependencies extends CronDependencies {
  settings: CronDependencies["settings"] & Pick<Settings, "gatewayUrl">;
  clock: { nowMs: () => number };
}

/** Creates the reconciler of cron jobs. */
export function createCronReconciler(dependencies: CronKindDependencies): Reconciler {
  const { settings, allowMassRemoval, transport, clock } = dependencies;
  const passes = createCronPasses(dependencies);
  return {
    name: "cron",
    monitoring: `${settings.cronDir} (cron jobs → openclaw cron sync)`,
    directories: [settings.cronDir],
    events: ["cron-event", "disconnect"],
    needsGateway: true,
    gauges: createGauges(passes),
    prepare: passes.prepare,
    reconcile: passes.reconcile,
    readMounted: () => readMountedJobs(settings.cronDir),
    standing: passes.standing,
    async report() {
      // Before any import, so that all reports join one attempt to connect.
      const gateway = await toResult(transport.open());
      const { reportCron } = await import("./report.ts");
      const { takeCronSnapshot } = await import("./snapshot.ts");
      const nowMs = clock.nowMs();
      const snapshot = await takeCronSnapshot({ settings, allowMassRemoval, gateway, nowMs });
      return reportCron(snapshot, settings, await inspectMount(settings.cronDir, await readMounts()));
    },
    async export() {
      const { describeCaveats, exportJobs } = await import("./export.ts");
      const store = await transport.open();
      const options = { owner: settings.owner, features: store.features, nowMs: clock.nowMs() };
      const exported = exportJobs(await store.listJobs(), options);
      return {
        text: formatJson(exported.definitions),
        caveats: describeCaveats(exported),
        isComplete: exported.skipped.length === 0,
      };
    },
    leftovers: async () => (await import("./leftovers.ts")).findCronLeftovers(settings),
  };
}

function createGauges(passes: CronPasses): Gauge[] {
  const jobs = () => passes.convergence;
  return [
    {
      name: "definitions_rejected",
      help: "Whether the cron job definitions are missing or wrong, so that no job is changed.",
      read: () => passes.definitions === "missing" || passes.definitions === "invalid",
    },
    {
      name: "declared_jobs",
      help: "Jobs that the definitions declare, when jobs were last compared.",
      read: () => jobs()?.declared,
    },
    {
      name: "owned_jobs",
      help: "Live jobs that are ours, when they were last listed.",
      read: () => jobs()?.owned,
    },
    {
      name: "unmanaged_jobs",
      help: "Live jobs that are not ours, when they were last listed.",
      read: () => jobs()?.unmanaged,
    },
    {
      name: "cron_scheduler_enabled",
      help: "Whether the gateway's cron scheduler is on; while it is off, no job runs.",
      read: () => passes.isSchedulerEnabled,
    },
    {
      name: "impossible_jobs",
      help: "Declared jobs that this release of the gateway cannot take.",
      read: () => jobs()?.unsupported.length,
    },
    {
      name: "refused_removals",
      help: "Jobs that were to be removed: too many at once, so that they stay.",
      read: () => jobs()?.refusedRemovals.length,
    },
  ];
}
