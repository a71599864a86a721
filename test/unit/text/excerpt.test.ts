import { describe, expect, test } from "bun:test";
import { cutPair, cutText } from "../../../lib/text/excerpt.ts";

describe("cutText()", () => {
  test("leaves what fits", () => {
    expect(cutText("twelve chars", 12)).toBe("twelve chars");
    expect(cutText("", 5)).toBe("");
  });

  test("cuts what does not, and says so", () => {
    expect(cutText("twelve chars", 11)).toBe("twelve cha…");
  });

  test("counts what a reader sees: two columns for kanji, no half emoji", () => {
    expect(cutText("毎日の報告", 7)).toBe("毎日の…");
    expect(cutText("👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", 5)).toBe("👩‍👩‍👧👩‍👩‍👧…");
  });
});

describe("cutPair()", () => {
  test("shows where two long texts begin to differ", () => {
    const shared = "a long beginning that both of them have ";
    expect(cutPair(`${shared}old`, `${shared}new and more`, 20)).toEqual(["…f them have old", "…f them have new an…"]);
  });

  test("leaves two that fit, and cuts two that differ at once", () => {
    expect(cutPair("one", "other", 5)).toEqual(["one", "other"]);
    expect(cutPair("one and more", "two and more", 8)).toEqual(["one and…", "two and…"]);
  });

  test("cuts one that is the beginning of the other", () => {
    const [one, other] = cutPair("x".repeat(30), "x".repeat(40), 20);
    expect([one, other]).toEqual([`…${"x".repeat(12)}`, `…${"x".repeat(18)}…`]);
  });
});
