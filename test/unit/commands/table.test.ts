import { describe, expect, test } from "bun:test";
import stringWidth from "string-width";
import { renderTable } from "../../../lib/commands/table.ts";

const COLUMNS = [{ heading: "NAME", min: 6 }, { heading: "SCHEDULE", min: 5 }, { heading: "STATUS" }];
const LONG = ["a-job-with-a-long-name", "0 3 * * * Asia/Tokyo", "ok"];

describe("renderTable()", () => {
  test("aligns columns, without trailing blanks", () => {
    expect(
      renderTable(COLUMNS, [
        ["backup", "@daily", "ok"],
        ["毎日の報告", "-", ""],
      ]),
    ).toBe(["NAME        SCHEDULE  STATUS", "backup      @daily    ok", "毎日の報告  -"].join("\n"));
  });

  test("cuts nothing without a screen width", () => {
    expect(renderTable(COLUMNS, [LONG])).toContain("a-job-with-a-long-name  0 3 * * * Asia/Tokyo  ok");
  });

  test("fits the screen by cutting columns that have a minimum", () => {
    const lines = renderTable(COLUMNS, [LONG], 40).split("\n");
    expect(lines.map((line) => stringWidth(line) <= 40)).toEqual([true, true]);
    expect(lines[1]).toMatch(/^a-job\S*…\s+0 3 .*…\s+ok$/);
  });

  test("never cuts below the minimum, nor a column without one", () => {
    expect(renderTable(COLUMNS, [LONG], 5).split("\n")[1]).toBe("a-job…  0 3 …  ok");
  });

  test("measures a coloured cell without its escape sequences", () => {
    const [, row = ""] = renderTable(COLUMNS, [["\u001b[31mbackup\u001b[39m", "@daily", "ok"]]).split("\n");
    expect(row).toBe("\u001b[31mbackup\u001b[39m  @daily    ok");
  });
});
