import type { ConfigGateway } from "../gateway/config-calls.ts";
import type { Rejection } from "./record.ts";

/**
 * How long a recorded rejection holds a config back without a gateway to ask, in milliseconds. The agent can write that
 * record, and the config may be the one that a gateway needs to start. So it is tried for as long, and held again.
 */
const HINT_MS = 600_000;

/** A rejection, and where it comes from. */
export type KnownRejection = Rejection & {
  /** `gateway`: this process was told by it. `record`: the volume says so. */
  source: "gateway" | "record";
};

/** What this process knows of rejected configs. */
export interface Rejections {
  /** The rejection that counts now: what a gateway has told this process, or the record while none can be asked. */
  choose(observed: KnownRejection | undefined, gateway: ConfigGateway | undefined): KnownRejection | undefined;
  /** To be called when a gateway has rejected a config. */
  add(rejection: Rejection): void;
}

/** @param uptimeMs a monotonic clock */
export function createRejections(uptimeMs: () => number): Rejections {
  let told: KnownRejection | undefined;
  let lastGatewayMs = uptimeMs();
  return {
    choose(observed, gateway) {
      if (gateway) {
        lastGatewayMs = uptimeMs();
        return told; // once per process, a gateway is asked, whatever the record says
      }
      if (told && (!observed || observed.checksum === told.checksum)) return told;
      const isHeld = Math.floor((uptimeMs() - lastGatewayMs) / HINT_MS) % 2 === 0;
      return isHeld ? observed : undefined;
    },
    add(rejection) {
      told = { ...rejection, source: "gateway" };
    },
  };
}
