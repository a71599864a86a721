import { describe, expect, test } from "bun:test";
import { describeTerminal } from "../../../lib/commands/terminal.ts";

const COLOURED = { isTTY: true, columns: 120, hasColors: () => true };

describe("describeTerminal()", () => {
  test("colours text on a terminal with colours", () => {
    const { columns, paint } = describeTerminal(COLOURED);
    expect([columns, paint("bad", "x")]).toEqual([120, "\u001b[31mx\u001b[39m"]);
  });

  test("does not colour text on a terminal without colours, or with NO_COLOR", () => {
    expect(describeTerminal({ ...COLOURED, hasColors: () => false }).paint("bad", "x")).toBe("x");
  });

  test("has no width for a pipe, and does not colour it", () => {
    const { columns, paint } = describeTerminal({ ...COLOURED, isTTY: false });
    expect([columns, paint("good", "x")]).toEqual([undefined, "x"]);
  });

  test("assumes 80 columns if the terminal does not tell", () => {
    expect(describeTerminal({ isTTY: true }).columns).toBe(80);
    expect(describeTerminal({ isTTY: true, columns: 0 }).columns).toBe(80);
  });
});
