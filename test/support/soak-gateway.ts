import type { TestGateway } from "./gateway.ts";

/** How long after its end a gateway is started again, in milliseconds. */
const RESTART_MS = 1_000;

/** A gateway that runs again whenever it has ended, as a container does. */
export interface KeptGateway {
  /** How often it could not start: its config was bad, or a file of it was gone. */
  readonly failedStarts: number;
  /** Ends it at once, with its group. */
  kill(): Promise<void>;
  /** Stops to keep it. The gateway goes on as it is. */
  stop(): Promise<void>;
}

/** Starts a gateway, and again each time it ends, as the kubelet does, in a tenth of its pauses. */
export function keepGateway(gateway: TestGateway): KeptGateway {
  let failedStarts = 0;
  const stopped = new AbortController();
  let killing: Promise<void> = Promise.resolve();
  let kills = 0;
  const keeping = (async () => {
    for (; !stopped.signal.aborted; await new Promise((resolve) => setTimeout(resolve, RESTART_MS))) {
      await killing;
      const before = kills;
      if (stopped.signal.aborted || gateway.isRunning) continue;
      const isUp = await gateway.start().then(
        () => true,
        () => false,
      );
      if (!isUp && kills === before) failedStarts += 1;
    }
  })();
  return {
    get failedStarts() {
      return failedStarts;
    },
    async kill() {
      kills += 1;
      killing = gateway.kill();
      await killing;
    },
    async stop() {
      stopped.abort();
      await keeping;
    },
  };
}
