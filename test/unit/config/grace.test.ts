import { describe, expect, test } from "bun:test";
import { createGrace } from "../../../lib/config/grace.ts";
import { createClock } from "../../support/fakes.ts";

describe("createGrace()", () => {
  test("allows to wait for three minutes in a row, and again after a minute without", () => {
    const clock = createClock();
    const mayWait = createGrace(clock.uptimeMs);
    const waits: boolean[] = [];
    for (let pass = 0; pass < 40; pass++) {
      waits.push(mayWait());
      clock.advance(5_000);
    }
    expect(waits).toEqual([...Array<boolean>(36).fill(true), ...Array<boolean>(4).fill(false)]);
    clock.advance(60_000);
    expect(mayWait()).toBeTrue();
  });
});
