import { describe, expect, test } from "bun:test";
import { ManagerError } from "../../../lib/errors.ts";
import type { Gateway } from "../../../lib/gateway/connection.ts";
import { createGatewayWriter } from "../../../lib/gateway/writer.ts";
import { createClock, refusalOf } from "../../support/fakes.ts";

/** Connections that note what goes over them, and a writer over them. */
function startWriter(openAnother?: () => Promise<Gateway>) {
  const clock = createClock();
  const sent: string[] = [];
  const closed: string[] = [];
  const connection = (name: string): Gateway => ({
    version: "2026.9.6",
    protocol: 4,
    isOpen: true,
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
  /** How many went over each connection. */
  const counts = () =>
    Object.fromEntries([...Map.groupBy(sent, (call) => call)].map(([call, all]) => [call, all.length]));
  return { writer, write, counts, closed, clock };
}

describe("createGatewayWriter()", () => {
  test("sends thirty of a kind over one connection, and the next ones over another", async () => {
    const { write, counts, closed } = startWriter();
    await write("cron.add", 70);
    expect(counts()).toEqual({ "main cron.add": 30, "extra-1 cron.add": 30, "extra-2 cron.add": 10 });
    expect(closed).toEqual(["extra-1"]);
  });

  test("counts each kind for itself", async () => {
    const { write, counts } = startWriter();
    for (const method of ["cron.add", "cron.update", "cron.remove"]) await write(method, 30);
    expect(counts()).toEqual({ "main cron.add": 30, "main cron.update": 30, "main cron.remove": 30 });
  });

  test("lets go of the others when it rests, and does not forget what the first has taken", async () => {
    const { writer, write, counts, closed } = startWriter();
    await write("cron.add", 31);
    await writer.rest();
    await writer.rest();
    expect(closed).toEqual(["extra-1"]);
    await write("cron.add", 1);
    await write("cron.remove", 1);
    expect(counts()).toMatchObject({ "main cron.add": 30, "extra-2 cron.add": 1, "extra-2 cron.remove": 1 });
  });

  test("comes back to the first after a minute", async () => {
    const { writer, write, counts, clock } = startWriter();
    await write("cron.add", 30);
    clock.advance(59_999);
    await write("cron.add", 1);
    await writer.rest();
    clock.advance(1);
    await write("cron.add", 30);
    expect(counts()).toEqual({ "main cron.add": 60, "extra-1 cron.add": 1 });
  });

  test("says so where there can be no other connection, and has sent nothing more", async () => {
    const gone = new ManagerError("unreachable", "nobody there");
    const { write, writer, counts } = startWriter(() => Promise.reject(gone));
    await write("cron.add", 30);
    expect(await refusalOf(writer.call("cron.add", {}))).toBe(gone);
    expect(counts()).toEqual({ "main cron.add": 30 });
  });
});
