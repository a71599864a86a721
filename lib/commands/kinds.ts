import type { Log } from "../log.ts";
import type { Transport } from "../gateway/transport.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import type { Warnings } from "../reconcile/warnings.ts";
import type { Settings } from "../settings.ts";

/** What a kind of setting may use; each takes what it needs. */
export interface KindContext {
  settings: Settings;
  /** Whether what something else edits is put back. */
  selfHeal: boolean;
  allowMassRemoval: boolean;
  /** Whether the first pass tells of what was applied before: the sidecar does, a `sync` does not. */
  tellsFirst: boolean;
  transport: Transport;
  /** How long a pass waits for a gateway that it can do without, in milliseconds. */
  connectLimitMs: number;
  log: Log;
  warnings: Warnings;
  signal: AbortSignal;
  clock: { nowMs: () => number; pause: (ms: number) => Promise<void> };
}

type Load = (context: KindContext) => Promise<Reconciler>;

/**
 * The kinds of settings, in the order in which they are reconciled and shown. A new kind is a folder and a line here.
 * Each is loaded when there is work for it: the version and a page of help want none of it.
 */
const KINDS = {
  config: async (context) => (await import("../config/kind.ts")).createConfigReconciler(context),
  cron: async (context) => (await import("../cron/kind.ts")).createCronReconciler(context),
} as const satisfies Record<string, Load>;

export type Reconcilers = Readonly<Record<keyof typeof KINDS, Reconciler>>;

/** The name of a kind, as `--only` takes it. */
export type KindName = keyof typeof KINDS;

export const KIND_NAMES = Object.keys(KINDS) as KindName[];

/** Every kind, in order, ready to work. */
export async function loadReconcilers(context: KindContext): Promise<Reconcilers> {
  const loads = Object.entries(KINDS).map(async ([name, load]) => [name, await load(context)] as const);
  return Object.fromEntries(await Promise.all(loads)) as Reconcilers;
}
