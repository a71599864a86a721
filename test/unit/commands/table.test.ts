import { describe, expect, test } from "bun:test";
import stringWidth from "string-width";
import { renderTable } from "../../../lib/commands/table.ts";

const COLUMNS = [{ heading: "NAME", min: 6 }, { heading: "SCHEDULE", min: 5 }, { heading: "STATUS" }];
const LONG = ["a-job-with-a-long-name", "0 3 * * * Asia/Tokyo", "ok"];

describe("renderTable()", () => {
  test("puts rows into columns, with nothing at the end of a line", () => {
    expect(
      renderTable(COLUMNS, [
        ["backup", "@daily", "ok"],
        ["毎日の報告", "-", ""],
      ]),
    ).toBe(["NAME        SCHEDULE  STATUS", "backup      @daily    ok", "毎日の報告  -"].join("\n"));
  });

  test("cuts nothing where there is no screen", () => {
    expect(renderTable(COLUMNS, [LONG])).toContain("a-job-with-a-long-name  0 3 * * * Asia/Tokyo  ok");
  });

  test("fits a screen by cutting the columns that may be cut", () => {
    const lines = renderTable(COLUMNS, [LONG], 40).split("\n");
    expect(lines.map((line) => stringWidth(line) <= 40)).toEqual([true, true]);
    expect(lines[1]).toMatch(/^a-job\S*…\s+0 3 .*…\s+ok$/);
  });

  test("cuts no further than it may, and never a column that may not be", () => {
    expect(renderTable(COLUMNS, [LONG], 5).split("\n")[1]).toBe("a-job…  0 3 …  ok");
  });

  test("knows how wide a coloured cell is", () => {
    const [, row = ""] = renderTable(COLUMNS, [["\u001b[31mbackup\u001b[39m", "@daily", "ok"]]).split("\n");
    expect(row).toBe("\u001b[31mbackup\u001b[39m  @daily    ok");
  });
});
