import { afterEach, describe, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { type Clients, createClients } from "../../../lib/http/clients.ts";
import { createClock } from "../../support/fakes.ts";

/** A client that only knows whether it was dropped. */
class FakeSocket extends EventEmitter {
  isDropped = false;
  destroy(): void {
    this.isDropped = true;
    this.emit("close");
  }
}

let clients: Clients | undefined;
afterEach(() => clients?.close());

function start() {
  const clock = createClock();
  const opened = createClients(clock.uptimeMs);
  clients = opened;
  const add = (count: number, hasAsked = false) =>
    Array.from({ length: count }, () => {
      const socket = new FakeSocket();
      opened.add(socket as unknown as Socket);
      if (hasAsked) opened.hasAsked(socket as unknown as Socket);
      return socket;
    });
  return { clock, add, clients: opened };
}

const dropped = (sockets: readonly FakeSocket[]) => sockets.filter(({ isDropped }) => isDropped).length;

describe("add()", () => {
  test("drops the oldest clients without a request, one for each that comes, if they have had their time", () => {
    const { clock, add } = start();
    const old = add(64);
    clock.advance(1_000);
    const probe = add(1);
    expect([dropped(old), old[0]?.isDropped, dropped(probe)]).toEqual([1, true, 0]);
    add(10);
    expect(dropped(old)).toBe(11);
  });

  test("drops none that has just come, however many come with it", () => {
    const { add } = start();
    expect([dropped(add(1)), dropped(add(300))]).toEqual([0, 0]);
  });

  test("drops no client that reads its answer before those that have asked nothing", () => {
    const { clock, add } = start();
    const readers = add(10, true);
    const silent = add(60);
    clock.advance(1_000);
    add(40);
    expect([dropped(readers), dropped(silent)]).toEqual([0, 40]);
  });

  test("has a limit at any moment", () => {
    const { add } = start();
    const readers = add(512, true);
    const more = add(20);
    expect([dropped(readers), dropped(more)]).toEqual([20, 0]);
  });

  test("forgets clients that leave", () => {
    const { add } = start();
    for (const socket of add(512)) socket.emit("close");
    expect(dropped(add(512))).toBe(0);
  });
});

describe("close()", () => {
  test("drops all clients", () => {
    const { add, clients: opened } = start();
    const sockets = [...add(3), ...add(3, true)];
    opened.close();
    expect(dropped(sockets)).toBe(6);
  });
});
