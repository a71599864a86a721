import {
  type ErrorShape,
  GatewayProtocolRequestError,
  formatConnectErrorMessage,
} from "@openclaw/gateway-client/browser";
import type { GatewayAddress } from "./address.ts";
import { ManagerError, describeError } from "../errors.ts";
import { MAX_ASKED_PAUSE_MS } from "../reconcile/loop.ts";
import { boundText } from "../text/bounded.ts";
import { maskText } from "../text/secrets.ts";

/** The longest message of a refusal that is kept, in characters. */
const MAX_MESSAGE_LENGTH = 4_000;

/**
 * An error answer of the gateway itself, as opposed to a connection that failed on the way to it. Its message may quote
 * a secret; that of a {@link ManagerError} made of it quotes none that looks like one.
 */
export class GatewayRefusal extends GatewayProtocolRequestError {
  constructor(error: Partial<ErrorShape>) {
    const { retryAfterMs } = error;
    super({
      ...error,
      message: formatConnectErrorMessage({ ...error, message: boundText(error.message ?? "", MAX_MESSAGE_LENGTH) }),
      ...(retryAfterMs !== undefined && { retryAfterMs: Math.min(retryAfterMs, MAX_ASKED_PAUSE_MS) }),
    });
  }
}

/** What came is not read, and the connection was closed for it, whichever call it was meant for. */
export class UnreadableError extends Error {}

/** What to do when the gateway does not know the device of this container. */
export const APPROVE_HINT =
  "approve this container's device, in the gateway's container: openclaw devices list, then openclaw devices approve ID";

/** How the message of a connection begins that failed over its certificate. */
export const TLS_FAILURE = "TLS handshake failed: ";

const TLS_HINT = "NODE_EXTRA_CA_CERTS=FILE trusts its certificate or authority; the certificate has to name this host";

const CONNECT_HINTS: readonly (readonly [RegExp, string])[] = [
  [/pairing required/i, APPROVE_HINT],
  [/token|password|unauthorized|device/i, "give this container the gateway's OPENCLAW_GATEWAY_TOKEN"],
];

/** The error for a connection that was not made: `refused` when the gateway rejects us, else `unreachable`. */
export function connectError({ url, hint: advice }: GatewayAddress, error: unknown): ManagerError {
  const retryAfterMs = error instanceof GatewayRefusal ? error.retryAfterMs : undefined;
  if (!(error instanceof GatewayRefusal) || error.gatewayCode === "UNAVAILABLE") {
    const message = `the gateway at ${url} cannot be reached: ${maskText(describeError(error))}`;
    const isTls = message.includes(TLS_FAILURE);
    const hint = isTls || url.startsWith("ws:") ? (advice ?? (isTls ? TLS_HINT : undefined)) : undefined;
    return new ManagerError("unreachable", message, { ...(hint && { hint }), retryAfterMs, cause: error });
  }
  const hint = CONNECT_HINTS.find(([pattern]) => pattern.test(error.message))?.[1];
  return new ManagerError("refused", `the gateway at ${url} does not let us in: ${maskText(error.message)}`, {
    ...(hint === undefined ? {} : { hint }),
    retryAfterMs,
    cause: error,
  });
}

/**
 * The error for a call that failed: `interrupted` when the connection has ended, `unreachable` without an answer,
 * `refused` when our scopes do not cover the call, else `rejected` with the gateway's own message, or because its answer
 * is not read.
 */
export function callError(method: string, error: unknown, isOpen = true): ManagerError {
  if (error instanceof UnreadableError) return new ManagerError("rejected", error.message);
  if (!(error instanceof GatewayRefusal)) {
    return new ManagerError(isOpen ? "unreachable" : "interrupted", `${method}: ${maskText(describeError(error))}`, {
      cause: error,
    });
  }
  if (isAboutScope(error)) {
    return new ManagerError("refused", `the gateway lets us in, but not to ${method}: ${maskText(error.message)}`, {
      hint: APPROVE_HINT,
      cause: error,
    });
  }
  return new ManagerError("rejected", maskText(error.message), { retryAfterMs: error.retryAfterMs, cause: error });
}

/** Whether the gateway accepted the connection, but refuses the calls over it. */
export function isScopeMissing(error: unknown): boolean {
  const refusal = refusalBehind(error);
  return refusal !== undefined && isAboutScope(refusal);
}

/**
 * Whether a device key may help: the gateway accepted the connection and refuses the calls over it, or it wants to know
 * who connects, where its `auth.mode` is `none`.
 */
export function isDeviceWanted(error: unknown): boolean {
  const refusal = refusalBehind(error);
  return refusal !== undefined && (isAboutScope(refusal) || /device identity required/i.test(refusal.message));
}

/** Whether the gateway answers, but cannot serve calls now: it starts, or is about to restart. */
export function isUnavailable(error: unknown): boolean {
  return refusalBehind(error)?.gatewayCode === "UNAVAILABLE";
}

/** Whether the release has no such call. */
export function isUnknownMethod(error: unknown): error is ManagerError {
  return error instanceof ManagerError && error.code === "rejected" && /unknown method/i.test(error.message);
}

/** The details that newer gateways add to an error; empty without any. */
export function refusalDetails(error: unknown): Readonly<Record<string, unknown>> {
  const details = refusalBehind(error)?.details;
  return details && typeof details === "object" ? { ...details } : {};
}

/** The code in those details, such as `CRON_JOB_CHANGED`; undefined without one. */
export function refusalCode(error: unknown): string | undefined {
  const { code } = refusalDetails(error);
  return typeof code === "string" ? code : undefined;
}

function refusalBehind(error: unknown): GatewayRefusal | undefined {
  const cause = error instanceof ManagerError ? error.cause : undefined;
  return cause instanceof GatewayRefusal ? cause : undefined;
}

function isAboutScope({ message }: GatewayRefusal): boolean {
  return /missing scope/.test(message);
}
