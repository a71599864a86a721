import { dirname } from "node:path";
import { toResult } from "../errors.ts";
import { inspectMadeDirectory } from "../files/places.ts";
import { findCredentials } from "../gateway/credentials.ts";
import { cutLine } from "../printable.ts";
import { checkPlace } from "../reconcile/check-places.ts";
import type { Check } from "../reconcile/check.ts";
import type { Checks } from "../reconcile/report.ts";
import type { Environment, Settings } from "../settings.ts";
import { checkGateway } from "./check-gateway.ts";
import { findPortMismatch, readConfigPorts } from "./gateway-port.ts";
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
  const [kinds, checksums, credentials, ports] = await Promise.all([
    Promise.all(reports.map(({ report }) => report.check())),
    checkChecksumPlace(settings),
    toResult(findCredentials({ tokenFile: settings.gatewayTokenFile, pvcConfig: settings.pvcConfig, env })),
    readConfigPorts(settings),
  ]);
  const mismatch = findPortMismatch(settings.gatewayUrl, ports, env);
  const checksOf = (phase: keyof Checks) => kinds.flatMap((checks) => checks[phase]);
  const checks = [
    ...checksOf("source"),
    ...checksOf("place"),
    checksums,
    ...checkGateway(snapshot, credentials, { pod: namePod(env), mismatch }),
    ...checksOf("ownership"),
    ...checksOf("applied"),
  ];
  const cut = checks.map((check) => ({ ...check, detail: cutLine(check.detail) }));
  return { ok: checks.every(({ state }) => state !== "failed"), checks: cut };
}

async function checkChecksumPlace({ checksumDir }: Settings): Promise<Check> {
  const place = await inspectMadeDirectory(checksumDir);
  return checkPlace("checksum directory", checksumDir, place, `{ name: tmp, mountPath: ${dirname(checksumDir)} }`);
}

/** Names the Pod for kubectl. In Kubernetes, `HOSTNAME` is the Pod's name. */
function namePod({ KUBERNETES_SERVICE_HOST, HOSTNAME }: Environment): string {
  return (KUBERNETES_SERVICE_HOST && HOSTNAME) || "deploy/openclaw";
}
