import type { Socket } from "node:net";

/** Far more than kubelet and Prometheus need. With so many, those that have sent no request for a while go. */
const ROOM = 64;

/** How long a client has its place however many come after it, in milliseconds: a probe's request comes at once. */
const GRACE_MS = 1_000;

/** The most clients at any moment: few enough to bound the memory that they take. */
const MAX_CLIENTS = 512;

/** How long a client may take to send its request, and then to read the answer, in milliseconds. A probe takes a few. */
const CLIENT_LIMIT_MS = 5_000;

/** The clients on the line. There is always room for another one: a probe must not wait for whoever says nothing. */
export interface Clients {
  /** Takes in a client. If there is no room, the oldest without a whole request goes; in need, the oldest at all. */
  add(socket: Socket): void;
  /** Notes that the client has sent its whole request: it has as much time again, for the answer. */
  hasAsked(socket: Socket): void;
  /** Cuts all connections. */
  close(): void;
}

interface Entry {
  sinceMs: number;
  timer: ReturnType<typeof setTimeout>;
}

/** @param uptimeMs a monotonic clock */
export function createClients(uptimeMs: () => number = () => performance.now()): Clients {
  /** Both in order of arrival. */
  const reading = new Map<Socket, Entry>();
  const answering = new Map<Socket, Entry>();

  function put(group: typeof reading, socket: Socket): void {
    const timer = setTimeout(() => socket.destroy(), CLIENT_LIMIT_MS);
    group.set(socket, { sinceMs: uptimeMs(), timer });
  }

  function take(socket: Socket): void {
    clearTimeout(reading.get(socket)?.timer);
    clearTimeout(answering.get(socket)?.timer);
    reading.delete(socket);
    answering.delete(socket);
  }

  function drop(socket: Socket | undefined): void {
    if (!socket) return;
    take(socket);
    socket.destroy();
  }

  function makeRoom(): void {
    const size = reading.size + answering.size;
    if (size < ROOM) return;
    const [[silent, entry] = []] = reading;
    if (silent && entry && uptimeMs() - entry.sinceMs >= GRACE_MS) drop(silent);
    else if (size >= MAX_CLIENTS) drop(findOldest());
  }

  function findOldest(): Socket | undefined {
    const [[silent, since] = []] = reading;
    const [[reader, readerSince] = []] = answering;
    return silent && since && since.sinceMs < (readerSince?.sinceMs ?? Number.POSITIVE_INFINITY) ? silent : reader;
  }

  return {
    add(socket) {
      makeRoom();
      put(reading, socket);
      socket.on("close", () => take(socket));
    },
    hasAsked(socket) {
      take(socket);
      put(answering, socket);
    },
    close() {
      for (const socket of [...reading.keys(), ...answering.keys()]) drop(socket);
    },
  };
}
