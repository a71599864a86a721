import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import {
  type Figure,
  atMostTimes,
  below,
  formatNumber,
  median,
  quantile,
  timesLess,
  toFigure,
  within,
} from "../../../bench/figure.ts";
import { type Report, describeRun, findRegressions, renderTable } from "../../../bench/report.ts";
import { REPOSITORY } from "../../support/repository.ts";

const RESULTS = join(REPOSITORY, "bench/results");

/** Ours beside one other, in milliseconds. */
function figure(ours: number, other: number, limit?: number): Figure {
  const beside = [{ what: "the other", value: other }];
  const measured = { what: "a pass", unit: "ms" as const, beside, samples: [ours], ...(limit ? { limit } : {}) };
  return toFigure(measured, below(20), timesLess("the other", 5), atMostTimes("the other", 3));
}

describe("quantile()", () => {
  test("is a sample, however they are sorted", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(quantile([4, 2, 3, 1], 0.99)).toBe(4);
    expect(quantile([4, 2, 3, 1], 0)).toBe(1);
  });
});

describe("toFigure()", () => {
  test("judges each goal by itself", () => {
    expect(figure(10, 60).goals.map(({ isMet }) => isMet)).toEqual([true, true, true]);
    expect(figure(30, 60).goals.map(({ isMet }) => isMet)).toEqual([false, false, true]);
    expect(figure(30, 5).goals.map(({ isMet }) => isMet)).toEqual([false, false, false]);
  });
});

test("within() allows so much more than the other", () => {
  const goals = (ours: number) => {
    const beside = [{ what: "the other", value: 60 }];
    return toFigure({ what: "a sync", unit: "ms", beside, samples: [ours] }, within(15, "the other")).goals;
  };
  expect(goals(75)).toEqual([{ says: "≤ 15 ms more than the other", isMet: true }]);
  expect(goals(76)).toEqual([{ says: "≤ 15 ms more than the other", isMet: false }]);
});

test.each([
  [0.5, "0.5"],
  [7.254, "7.25"],
  [18.66, "18.7"],
  [18_664.4, "18,664"],
])("formatNumber() writes %d as %s", (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

describe("findRegressions()", () => {
  test("holds ours against the other of the same run, not against a clock", () => {
    expect(findRegressions({ fast: [figure(20, 10, 3)], slow: [figure(2_000, 1_000, 3)] })).toEqual([]);
    expect(findRegressions({ fast: [figure(40, 10, 3)] })).toEqual([
      "a pass: 4 times the other, and 3 times is what it may take",
    ]);
    expect(findRegressions({ fast: [figure(40, 10)] })).toEqual([]);
  });
});

describe("renderTable()", () => {
  test("puts a figure into a line, with what was missed", () => {
    expect(renderTable({ pass: [figure(10, 40)] }).split("\n")[2]).toBe(
      "| a pass | 10 ms | the other 40 | 4 × less | ✓ < 20 ms<br>✗ 5 times less than the other<br>✓ ≤ 3 × the other |",
    );
  });

  test("has made the table of docs/performance.md, of the last run in bench/results", async () => {
    const last = (await readdir(RESULTS)).toSorted().at(-1) ?? "";
    const report = JSON.parse(await readFile(join(RESULTS, last), "utf8")) as Report;
    const document = await readFile(join(REPOSITORY, "docs/performance.md"), "utf8");
    expect(document).toContain(`(../bench/results/${last})`);
    expect(document).toContain(describeRun(report));
    expect(document).toContain(renderTable(report.rows));
  });
});
