import { resolveSafeTimeoutDelayMs } from "@openclaw/gateway-client/browser";
import * as v from "valibot";
import { ManagerError } from "../errors.ts";

/** How often a gateway sends a tick if its greeting does not say, in milliseconds. */
const TICK_INTERVAL_MS = 30_000;

/** The limits of an interval, in milliseconds: not so short that a slow gateway is cut off, not so long that a half-open
 * connection is kept. Real gateways say 30,000. */
const TICK_LIMITS_MS = { min: 5_000, max: 120_000 };

/** What the handshake tells about the gateway. */
export interface Greeting {
  /** `dev` if it does not tell. */
  version: string;
  protocol: number;
  /** How long its process has been running, in milliseconds; undefined if it does not tell. */
  uptimeMs: number | undefined;
  /** The largest message that it accepts: 512 KiB on 2026.2.9, 25 MiB from 2026.2.26. */
  maxBytes: number;
  /** In milliseconds, within limits that do no harm. */
  tickMs: number;
}

const PositiveSchema = v.pipe(v.number(), v.finite(), v.gtValue(0));

/** An uptime that is none is ignored: only the time of the last start is unknown then. */
const UptimeSchema = v.pipe(v.number(), v.finite(), v.minValue(0));

const HelloSchema = v.object({
  protocol: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  server: v.nullish(v.object({ version: v.nullish(v.pipe(v.string(), v.maxLength(100))) })),
  policy: v.nullish(v.object({ tickIntervalMs: v.nullish(PositiveSchema), maxPayload: v.nullish(PositiveSchema) })),
  snapshot: v.fallback(v.nullish(v.object({ uptimeMs: UptimeSchema })), undefined),
});

/**
 * Reads the gateway's answer to `connect`.
 *
 * @throws {ManagerError} `rejected` with the field at which it makes no sense.
 */
export function readGreeting(hello: unknown): Greeting {
  const parsed = v.safeParse(HelloSchema, hello);
  if (!parsed.success) {
    const field = v.getDotPath(parsed.issues[0]) ?? "the whole of it";
    throw new ManagerError("rejected", `its greeting makes no sense at ${field}`);
  }
  const { protocol, server, policy, snapshot } = parsed.output;
  const tickMs = resolveSafeTimeoutDelayMs(policy?.tickIntervalMs ?? TICK_INTERVAL_MS);
  return {
    version: server?.version ?? "dev",
    protocol,
    uptimeMs: snapshot?.uptimeMs,
    maxBytes: policy?.maxPayload ?? Number.POSITIVE_INFINITY,
    tickMs: Math.min(Math.max(tickMs, TICK_LIMITS_MS.min), TICK_LIMITS_MS.max),
  };
}
