import { describe, expect, test } from "bun:test";
import { createHold } from "../../../lib/config/hold.ts";
import { createClock } from "../../support/fakes.ts";

describe("createHold()", () => {
  test("allows to wait for three minutes in a row, and again after a minute without", () => {
    const clock = createClock();
    const mayHold = createHold(clock.uptimeMs);
    const waits: boolean[] = [];
    for (let pass = 0; pass < 40; pass++) {
      waits.push(mayHold());
      clock.advance(5_000);
    }
    expect(waits).toEqual([...Array<boolean>(36).fill(true), ...Array<boolean>(4).fill(false)]);
    clock.advance(60_000);
    expect(mayHold()).toBeTrue();
  });
});
