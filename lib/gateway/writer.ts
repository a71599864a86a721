import type { Gateway } from "./connection.ts";

/**
 * How many calls of one writing method go over one connection within {@link WINDOW_MS}: 2026.9.6 refuses the 31st,
 * 2026.2.9 and 2026.5.20 none. The openclaw CLI opens a connection for each write, so another connection for
 * each batch of them is what a gateway is used to.
 */
const WRITES_PER_CONNECTION = 30;

const WINDOW_MS = 60_000;

/** Sends writes, over as many connections as it takes, one after the other. */
export interface GatewayWriter {
  /** @throws {ManagerError} as {@link Gateway.call} does, and where no further connection can be made. */
  call(method: string, params: object): Promise<unknown>;
  /** There is nothing more to write for now: lets go of the connections that were opened for it. */
  rest(): Promise<void>;
}

/** @param main the connection that is there anyway; used until it has taken its share. */
export function createGatewayWriter(
  main: Gateway,
  openAnother: () => Promise<Gateway>,
  nowMs: () => number,
): GatewayWriter {
  const first = createLane(main, nowMs);
  let current = first;

  async function rest(): Promise<void> {
    const used = current;
    current = first;
    if (used !== first) await used.gateway.close();
  }

  return {
    async call(method, params) {
      if (!current.hasRoom(method)) {
        await rest();
        if (!current.hasRoom(method)) current = createLane(await openAnother(), nowMs);
      }
      current.count(method);
      return current.gateway.call(method, params);
    },
    rest,
  };
}

/** One connection, and what has gone over it in the last minute. */
function createLane(gateway: Gateway, nowMs: () => number) {
  const sentMs = new Map<string, number[]>();
  const recent = (method: string) => (sentMs.get(method) ?? []).filter((sent) => sent > nowMs() - WINDOW_MS);
  return {
    gateway,
    hasRoom: (method: string) => recent(method).length < WRITES_PER_CONNECTION,
    count(method: string) {
      sentMs.set(method, [...recent(method), nowMs()]);
    },
  };
}
