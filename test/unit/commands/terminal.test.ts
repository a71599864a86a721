import { describe, expect, test } from "bun:test";
import { describeTerminal } from "../../../lib/commands/terminal.ts";

const COLOURED = { isTTY: true, columns: 120, hasColors: () => true };

describe("describeTerminal()", () => {
  test("colours on a terminal that has colours", () => {
    const { columns, paint } = describeTerminal(COLOURED);
    expect([columns, paint("bad", "x")]).toEqual([120, "\u001b[31mx\u001b[39m"]);
  });

  test("paints nothing on one that has none, which NO_COLOR makes of any", () => {
    expect(describeTerminal({ ...COLOURED, hasColors: () => false }).paint("bad", "x")).toBe("x");
  });

  test("takes a pipe for no screen, whatever colours it would take", () => {
    const { columns, paint } = describeTerminal({ ...COLOURED, isTTY: false });
    expect([columns, paint("good", "x")]).toEqual([undefined, "x"]);
  });

  test("takes 80 columns for the usual width", () => {
    expect(describeTerminal({ isTTY: true }).columns).toBe(80);
    expect(describeTerminal({ isTTY: true, columns: 0 }).columns).toBe(80);
  });
});
