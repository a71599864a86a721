import { type ManagerError, toResult } from "../errors.ts";
import type { CronStore } from "../gateway/store.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import type { Report } from "../reconcile/report.ts";
import type { Settings } from "../settings.ts";

/** Desired and observed state and the plan of a sync, for every kind of setting. */
export interface Snapshot {
  settings: Settings;
  /** The gateway's API, or why it cannot be reached. */
  gateway: CronStore | ManagerError;
  /** In the order of the kinds. */
  reports: readonly NamedReport[];
}

interface NamedReport {
  name: string;
  report: Report;
}

export interface SnapshotOptions {
  settings: Settings;
  transport: { open(): Promise<CronStore> };
  reconcilers: Readonly<Record<string, Reconciler>>;
}

/** Takes a snapshot of every kind. Changes nothing. */
export async function takeSnapshot({ settings, transport, reconcilers }: SnapshotOptions): Promise<Snapshot> {
  // Concurrently, so that all share one attempt to connect.
  const [gateway, ...reports] = await Promise.all([
    toResult(openAnswering(transport)),
    ...Object.values(reconcilers).map(async (each) => ({ name: each.name, report: await each.report() })),
  ]);
  return { settings, gateway, reports };
}

/** Opens the store, and makes sure that the gateway answers over it: the CLI runs without one, too. */
async function openAnswering(transport: SnapshotOptions["transport"]): Promise<CronStore> {
  const store = await transport.open();
  if (store.transport === "cli") await store.listJobs();
  return store;
}
