import { describe, expect, test } from "bun:test";
import { cutPair, cutText } from "../../../lib/text/excerpt.ts";

describe("cutText()", () => {
  test("keeps text that fits", () => {
    expect(cutText("twelve chars", 12)).toBe("twelve chars");
    expect(cutText("", 5)).toBe("");
  });

  test("cuts longer text and adds an ellipsis", () => {
    expect(cutText("twelve chars", 11)).toBe("twelve cha…");
  });

  test("counts two columns for kanji, and never cuts an emoji", () => {
    expect(cutText("毎日の報告", 7)).toBe("毎日の…");
    expect(cutText("👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", 5)).toBe("👩‍👩‍👧👩‍👩‍👧…");
  });
});

describe("cutPair()", () => {
  test("shows the first difference of two long texts", () => {
    const shared = "a long beginning that both of them have ";
    expect(cutPair(`${shared}old`, `${shared}new and more`, 20)).toEqual(["…f them have old", "…f them have new an…"]);
  });

  test("keeps texts that fit, and cuts the end of texts that differ at the start", () => {
    expect(cutPair("one", "other", 5)).toEqual(["one", "other"]);
    expect(cutPair("one and more", "two and more", 8)).toEqual(["one and…", "two and…"]);
  });

  test("shows the end of a text that is the beginning of the other", () => {
    const [one, other] = cutPair("x".repeat(30), "x".repeat(40), 20);
    expect([one, other]).toEqual([`…${"x".repeat(12)}`, `…${"x".repeat(18)}…`]);
  });
});
