import { type Check, GATEWAY_CONTAINER, fail, pass, skip, warn } from "../reconcile/check.ts";
import type { FoundCredentials } from "../gateway/credentials.ts";
import { devicePathOf } from "../gateway/device.ts";
import { ManagerError, describeError } from "../errors.ts";
import { isScopeMissing } from "../gateway/refusal.ts";
import { type CronStore, describeRelease } from "../gateway/store.ts";
import { type Pod, suggestLogs } from "./pod-hints.ts";
import type { PortMismatch } from "./gateway-port.ts";
import type { Snapshot } from "./snapshot.ts";

const TOKEN = "token";
const GATEWAY = "gateway";
const LOGIN = "login";
const SCOPES = "scopes";
const VERSION = "version";

/** Checks the access to the gateway in order of dependence: token, connection, login, scopes, version. */
export function checkGateway(
  snapshot: Pick<Snapshot, "gateway" | "settings">,
  found: FoundCredentials | ManagerError,
  { pod, mismatch }: { pod: Pod | undefined; mismatch: PortMismatch | undefined },
): Check[] {
  const checks = [checkToken(found, snapshot.settings.httpPort)];
  const next = (name: string, check: () => Check) => {
    const broken = checks.find((before) => before.state === "failed");
    checks.push(broken ? skip(name, broken.name) : check());
  };
  const { gateway, settings } = snapshot;
  const error = gateway instanceof ManagerError ? gateway : undefined;
  const isScope = isScopeMissing(error);

  next(GATEWAY, () => {
    if (error?.code !== "unreachable") return checkPort(settings.gatewayUrl, mismatch);
    if (mismatch) return fail(GATEWAY, `${describeError(error)}; ${mismatch.message}`, mismatch.hint);
    return fail(GATEWAY, describeError(error), suggestLogs(pod));
  });
  next(LOGIN, () => {
    if (!error || isScope) return pass(LOGIN, "the gateway lets us in");
    return fail(LOGIN, error.message, hintOfLogin(error, devicePathOf(settings.stagingDir)));
  });
  next(SCOPES, () => {
    if (error) return fail(SCOPES, error.message, DEVICES_HINT);
    return pass(SCOPES, "operator.admin was asked for, and calls are answered");
  });
  next(VERSION, () => checkVersion(gateway));
  return checks;
}

/** A port of Git's that is not live yet is no contradiction. */
function checkPort(gatewayUrl: string, mismatch: PortMismatch | undefined): Check {
  if (!mismatch?.isLive) return pass(GATEWAY, `${gatewayUrl} answers`);
  const finding = `gateway.port of ${mismatch.path} is not the port that the gateway listens on`;
  return warn(GATEWAY, `${gatewayUrl} answers; ${finding}: its --port or OPENCLAW_GATEWAY_PORT wins`);
}

function checkToken(found: FoundCredentials | ManagerError, httpPort: number | undefined): Check {
  if (found instanceof ManagerError) return fail(TOKEN, found.message, TOKEN_HINT);
  const { credentials, source } = found;
  const kind = credentials.password === undefined ? "a token" : "a password";
  return source === undefined
    ? warn(TOKEN, `there is none, which few gateways allow${httpPort === undefined ? "" : NO_STATUS}`, TOKEN_HINT)
    : pass(TOKEN, `${kind} from ${source}`);
}

const NO_STATUS = "; GET /status answers nobody without one";
const TOKEN_HINT =
  "give this container OPENCLAW_GATEWAY_TOKEN, from the Secret that the gateway's container has it from";
const DEVICES_HINT = `${GATEWAY_CONTAINER}openclaw devices list`;

function hintOfLogin(error: ManagerError, devicePath: string): string {
  if (error.code === "file") return `remove ${devicePath}: the sidecar makes another one`;
  return /pairing/i.test(error.message) ? DEVICES_HINT : TOKEN_HINT;
}

/** Lists what an old gateway lacks for all jobs. A feature that one job lacks is reported with that job. */
function checkVersion(gateway: CronStore | ManagerError): Check {
  if (gateway instanceof ManagerError) return skip(VERSION, SCOPES);
  const { features } = gateway;
  const losses = [
    ...(features.commandPayload ? [] : ["no command jobs, so a command runs as an agent turn and costs model tokens"]),
    ...(features.declarationKey ? [] : ["no declaration keys, so jobs are known by a mark in their description"]),
  ];
  const detail = [describeRelease(gateway), ...losses].join("; ");
  return losses.length > 0 ? warn(VERSION, detail) : pass(VERSION, detail);
}
