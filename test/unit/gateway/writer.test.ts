import { describe, expect, test } from "bun:test";
import { ManagerError } from "../../../lib/errors.ts";
import type { Gateway } from "../../../lib/gateway/connection.ts";
import { createGatewayWriter } from "../../../lib/gateway/writer.ts";
import { createClock, refusalOf } from "../../support/fakes.ts";

/** A writer over connections that record their calls. */
function startWriter(openAnother?: () => Promise<Gateway>) {
  const clock = createClock();
  const sent: string[] = [];
  const closed: string[] = [];
  const connection = (name: string): Gateway => ({
    version: "2026.9.6",
    protocol: 4,
    processStartedMs: undefined,
    isOpen: true,
    receivedLength: 0,
    async call(method) {
      sent.push(`${name} ${method}`);
      return {};
    },
    async close() {
      closed.push(name);
    },
  });
  let made = 0;
  const open = async () => {
    made += 1;
    return connection(`extra-${made}`);
  };
  const writer = createGatewayWriter(connection("main"), openAnother ?? open, clock.nowMs);
  const write = async (method: string, times: number) => {
    for (let time = 1; time <= times; time++) await writer.call(method, {});
  };
  /** How many calls went over each connection, by method. */
  const counts = () =>
    Object.fromEntries([...Map.groupBy(sent, (call) => call)].map(([call, all]) => [call, all.length]));
  return { writer, write, counts, closed, clock };
}

describe("createGatewayWriter()", () => {
  test("sends thirty calls of a method over one connection, and the next over another", async () => {
    const { write, counts, closed } = startWriter();
    await write("cron.add", 70);
    expect(counts()).toEqual({ "main cron.add": 30, "extra-1 cron.add": 30, "extra-2 cron.add": 10 });
    expect(closed).toEqual(["extra-1"]);
  });

  test("counts each method separately", async () => {
    const { write, counts } = startWriter();
    for (const method of ["cron.add", "cron.update", "cron.remove"]) await write(method, 30);
    expect(counts()).toEqual({ "main cron.add": 30, "main cron.update": 30, "main cron.remove": 30 });
  });

  test("closes the extra connection, and remembers the calls over the main one", async () => {
    const { writer, write, counts, closed } = startWriter();
    await write("cron.add", 31);
    await writer.closeExtra();
    await writer.closeExtra();
    expect(closed).toEqual(["extra-1"]);
    await write("cron.add", 1);
    await write("cron.remove", 1);
    expect(counts()).toMatchObject({ "main cron.add": 30, "extra-2 cron.add": 1, "extra-2 cron.remove": 1 });
  });

  test("returns to the main connection after a minute", async () => {
    const { writer, write, counts, clock } = startWriter();
    await write("cron.add", 30);
    clock.advance(59_999);
    await write("cron.add", 1);
    await writer.closeExtra();
    clock.advance(1);
    await write("cron.add", 30);
    expect(counts()).toEqual({ "main cron.add": 60, "extra-1 cron.add": 1 });
  });

  test("throws, and sends nothing, when no further connection can be made", async () => {
    const gone = new ManagerError("unreachable", "nobody there");
    const { write, writer, counts } = startWriter(() => Promise.reject(gone));
    await write("cron.add", 30);
    expect(await refusalOf(writer.call("cron.add", {}))).toBe(gone);
    expect(counts()).toEqual({ "main cron.add": 30 });
  });
});
