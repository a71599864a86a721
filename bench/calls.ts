import { type Gateway, connectGateway } from "../lib/gateway/connection.ts";

/** How many writes of a kind a gateway takes over one connection, in a minute. */
const WRITES_PER_CONNECTION = 30;

/**
 * The calls of a first sync, with nothing around them.
 *
 * @returns the connections that it took, to be closed.
 */
export async function makeCalls(url: string, token: string, writes: readonly object[]): Promise<Gateway[]> {
  const connect = () =>
    connectGateway({ url, credentials: { token }, onEvent: () => undefined, onClose: () => undefined });
  let connection = await connect();
  const opened = [connection];
  await connection.call("cron.status", {});
  await connection.call("cron.list", { includeDisabled: true });
  for (const [index, write] of writes.entries()) {
    if (index > 0 && index % WRITES_PER_CONNECTION === 0) opened.push((connection = await connect()));
    await connection.call("cron.add", write);
  }
  await connection.call("cron.list", { includeDisabled: true });
  return opened;
}
