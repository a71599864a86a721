import { dirname } from "node:path";
import { toResult } from "../errors.ts";
import { inspectMadeDirectory } from "../files/places.ts";
import { credentialSourcesOf, findCredentials } from "../gateway/credentials.ts";
import { cutLine } from "../printable.ts";
import { checkPlace } from "../reconcile/check-places.ts";
import type { Check } from "../reconcile/check.ts";
import type { Checks } from "../reconcile/report.ts";
import type { Environment } from "../setting-sources.ts";
import type { Settings } from "../settings.ts";
import { checkGateway } from "./check-gateway.ts";
import { checkUpgrade } from "./check-upgrade.ts";
import { findPortMismatch, readConfigPorts } from "./gateway-port.ts";
import { findPod, toPastable } from "./pod-hints.ts";
import type { Snapshot } from "./snapshot.ts";

/** The shape of `doctor --json`. */
export interface Diagnosis {
  /** Whether no check has failed. */
  ok: boolean;
  /** In order of dependence: the first failure is to be fixed first. */
  checks: Check[];
}

/** Checks everything that config-manager depends on. Changes nothing. */
export async function examine(snapshot: Snapshot, env: Environment): Promise<Diagnosis> {
  const { settings, reports } = snapshot;
  const [kinds, checksums, credentials, ports, pod, upgrade] = await Promise.all([
    Promise.all(reports.map(({ report }) => report.check())),
    checkChecksumPlace(settings),
    toResult(findCredentials(credentialSourcesOf(settings, env))),
    readConfigPorts(settings),
    findPod(env),
    checkUpgrade(snapshot, env),
  ]);
  const mismatch = findPortMismatch(settings.gatewayUrl, ports, env);
  const checksOf = (phase: keyof Checks) => kinds.flatMap((checks) => checks[phase]);
  const checks = [
    ...checksOf("source"),
    ...checksOf("place"),
    checksums,
    ...checkGateway(snapshot, credentials, { pod, mismatch }),
    ...checksOf("ownership"),
    ...checksOf("applied"),
    upgrade,
  ];
  const cut = checks.map(({ hint, ...check }) => ({
    ...check,
    detail: cutLine(check.detail),
    ...(hint === undefined ? {} : { hint: toPastable(hint, pod) }),
  }));
  return { ok: checks.every(({ state }) => state !== "failed"), checks: cut };
}

async function checkChecksumPlace({ checksumDir }: Settings): Promise<Check> {
  const place = await inspectMadeDirectory(checksumDir);
  return checkPlace("checksum directory", checksumDir, place, `an emptyDir at ${dirname(checksumDir)}`);
}
