import { ManagerError, toResult } from "../errors.ts";
import { isInMemory } from "../files/places.ts";
import type { Gateway } from "../gateway/connection.ts";
import { canReloadSecrets } from "../gateway/secret-calls.ts";
import { type ObservedSecrets, observeSecrets } from "./observe.ts";
import { type SecretsPlan, planSecrets } from "./plan.ts";
import { type DesiredSecrets, readSecrets } from "./read.ts";

/** The Secret, its copies, and the plan of the next pass. */
export interface SecretsSnapshot {
  desired: DesiredSecrets;
  observed: ObservedSecrets;
  /** Undefined if the Secret is not taken. */
  plan: SecretsPlan | undefined;
  /** The gateway that answers, and whether it has `secrets.reload`; undefined without one. */
  gateway: { release: string; canReload: boolean } | undefined;
  /** Whether the copies are in memory only; undefined if that is unknown. */
  isInMemory: boolean | undefined;
  /** There is no Secret, and was none before. */
  isUnused: boolean;
}

/**
 * Observes and plans once. Changes nothing.
 *
 * @throws {ManagerError} `file` if a directory or a file exists and cannot be read.
 */
export async function takeSecretsSnapshot(
  { secretsDir, targetDir }: { secretsDir: string; targetDir: string },
  prune: "owned" | "none",
  gateway: Gateway | undefined,
): Promise<SecretsSnapshot> {
  const desired = await readSecrets(secretsDir);
  const files = desired.kind === "valid" ? desired.files : [];
  const observed = await observeSecrets(
    targetDir,
    files.map(({ name }) => name),
  );
  return {
    desired,
    observed,
    plan: desired.kind === "valid" ? planSecrets(files, observed, prune) : undefined,
    gateway: gateway && (await inspectGateway(gateway)),
    isInMemory: await isInMemory(targetDir),
    isUnused: desired.kind === "empty" && observed.record.names.length === 0,
  };
}

/** One that goes away meanwhile counts as none. */
async function inspectGateway(gateway: Gateway): Promise<SecretsSnapshot["gateway"]> {
  const canReload = await toResult(canReloadSecrets(gateway));
  return canReload instanceof ManagerError ? undefined : { release: gateway.version, canReload };
}
