import { connect } from "node:net";

/** How long an answer may take, in milliseconds: it is on loopback. */
const LIMIT_MS = 1_000;

/** Whether something listens on this port of this Pod. */
export async function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: "127.0.0.1", timeout: LIMIT_MS });
  socket.on("connect", () => resolve(true));
  socket.on("error", () => resolve(false));
  socket.on("timeout", () => resolve(false));
  const isThere = await promise;
  socket.destroy();
  return isThere;
}
