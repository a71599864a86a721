import { type ManagerError, toResult } from "../errors.ts";
import type { CronStore } from "../gateway/store.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import type { Report } from "../reconcile/report.ts";
import type { Settings } from "../settings.ts";

/** What Git says, what is there, and what a sync would make of it, for every kind of setting. */
export interface Snapshot {
  settings: Settings;
  /** The way to the gateway, once it is open. */
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

/** Reads everything once, and changes nothing. */
export async function takeSnapshot({ settings, transport, reconcilers }: SnapshotOptions): Promise<Snapshot> {
  // All at once: they join one try at the connection.
  const [gateway, ...reports] = await Promise.all([
    toResult(transport.open()),
    ...Object.values(reconcilers).map(async (each) => ({ name: each.name, report: await each.report() })),
  ]);
  return { settings, gateway, reports };
}
