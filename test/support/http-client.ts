import { type Socket, connect } from "node:net";

export interface Client {
  readonly socket: Socket;
  /** All that it was sent, as soon as the connection is over. */
  readonly ended: Promise<string>;
}

/** Connects to a port of this machine, sends this, and does no more. */
export async function openClient(port: number, text: string, { isDeaf = false } = {}): Promise<Client> {
  const { promise: connected, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect(port, "127.0.0.1", resolve);
  let received = "";
  if (!isDeaf) socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
  socket.on("error", reject); // a reset, once it is connected: the end says enough
  const ended = new Promise<string>((resolve) => socket.once("close", () => resolve(received)));
  await connected;
  if (text) socket.write(text);
  return { socket, ended };
}
