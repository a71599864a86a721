import type { Gateway } from "./connection.ts";

/**
 * How many calls of one writing method to send over one connection within {@link WINDOW_MS}: 2026.9.6 refuses the
 * 31st, 2026.2.9 and 2026.5.20 refuse none. Gateways are used to more connections: the openclaw CLI opens one for each
 * write.
 */
const WRITES_PER_CONNECTION = 30;

const WINDOW_MS = 60_000;

/** Sends writes over as many connections as the rate limit takes, one after the other. */
export interface GatewayWriter {
  /** @throws {ManagerError} as {@link Gateway.call} does, and when no further connection can be made. */
  call(method: string, params: object): Promise<unknown>;
  /** Closes the connection that was opened for further writes; call it when a batch of writes is over. */
  closeExtra(): Promise<void>;
}

/** @param main the connection of the session; it is used first and never closed here. */
export function createGatewayWriter(
  main: Gateway,
  openAnother: () => Promise<Gateway>,
  uptimeMs: () => number,
): GatewayWriter {
  const first = createRateLimit(main, uptimeMs);
  let current = first;

  async function closeExtra(): Promise<void> {
    const used = current;
    current = first;
    if (used !== first) await used.gateway.close();
  }

  return {
    async call(method, params) {
      if (!current.hasRoom(method)) {
        await closeExtra();
        if (!current.hasRoom(method)) current = createRateLimit(await openAnother(), uptimeMs);
      }
      current.count(method);
      return current.gateway.call(method, params);
    },
    closeExtra,
  };
}

/** A connection, and which methods it was used for within the window. */
function createRateLimit(gateway: Gateway, uptimeMs: () => number) {
  const sentMs = new Map<string, number[]>();
  const recent = (method: string) => (sentMs.get(method) ?? []).filter((sent) => sent > uptimeMs() - WINDOW_MS);
  return {
    gateway,
    hasRoom: (method: string) => recent(method).length < WRITES_PER_CONNECTION,
    count(method: string) {
      sentMs.set(method, [...recent(method), uptimeMs()]);
    },
  };
}
