import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Transport } from "../gateway/transport.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import type { Warnings } from "../reconcile/warnings.ts";
import type { Environment } from "../setting-sources.ts";
import type { Settings } from "../settings.ts";
import type { SecretGuard } from "../text/guard.ts";

/** The dependencies of all kinds of settings. Each kind takes the ones that it needs. */
export interface KindContext {
  settings: Settings;
  /** OpenClaw's own variables in it say where it may read from. */
  env: Environment;
  /** Whether drift is reverted. */
  selfHeal: boolean;
  allowMassRemoval: boolean;
  /** Whether the first pass logs settings that an earlier process applied: the sidecar does, `sync` does not. */
  logsFirstPass: boolean;
  transport: Transport;
  /** How long a pass or a report waits for a gateway that does not answer, in milliseconds. It goes on without one. */
  connectLimitMs: number;
  /** Masks the values of secrets in all that is printed. */
  guard: SecretGuard;
  log: Log;
  warnings: Warnings;
  signal: AbortSignal;
  clock: Clock;
}

type Load = (context: KindContext) => Promise<Reconciler>;

/**
 * The kinds of settings, in the order in which they are reconciled and shown. A new kind is a folder and a line here.
 * A kind is loaded only by commands that work with it, so that `version` and `help` start fast.
 */
const KINDS = {
  config: async (context) => (await import("../config/kind.ts")).createConfigReconciler(context),
  cron: async (context) => (await import("../cron/kind.ts")).createCronReconciler(context),
  workspace: async (context) => (await import("../workspace/kind.ts")).createWorkspaceReconciler(context),
  approvals: async (context) => (await import("../approvals/kind.ts")).createApprovalsReconciler(context),
  secrets: async (context) => (await import("../secrets/kind.ts")).createSecretsReconciler(context),
} as const satisfies Record<string, Load>;

export type Reconcilers = Readonly<Record<keyof typeof KINDS, Reconciler>>;

/** The name of a kind, as `--only` takes it. */
export type KindName = keyof typeof KINDS;

export const KIND_NAMES = Object.keys(KINDS) as KindName[];

/** Sorts the kinds as the Pod's start and a sync reconcile them: what the config refers to goes before it. */
export function inOrderOfNeed(reconcilers: Reconcilers): [KindName, Reconciler][] {
  const kinds = Object.entries(reconcilers) as [KindName, Reconciler][];
  const isFirst = ([, { precedesConfig = false }]: [KindName, Reconciler]) => precedesConfig;
  return [...kinds.filter(isFirst), ...kinds.filter((kind) => !isFirst(kind))];
}

/** Loads all kinds and creates their reconcilers, in order. */
export async function loadReconcilers(context: KindContext): Promise<Reconcilers> {
  const loads = Object.entries(KINDS).map(async ([name, load]) => [name, await load(context)] as const);
  return Object.fromEntries(await Promise.all(loads)) as Reconcilers;
}
