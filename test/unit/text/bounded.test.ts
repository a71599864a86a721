import { describe, expect, test } from "bun:test";
import { MAX_TEXT, boundText, splitBounded } from "../../../lib/text/bounded.ts";
import { createRedactor } from "../../../lib/text/redaction.ts";
import { maskArguments, maskJobText, maskText } from "../../../lib/text/secrets.ts";

const REMARK = /^… \((\d+) more characters\)$/;

describe("splitBounded()", () => {
  test.each(["", "short", "x ".repeat(MAX_TEXT / 2)])("keeps a text of at most 64 KiB", (text) => {
    expect(splitBounded(text)).toEqual({ kept: text, remark: "" });
  });

  test("cuts a longer text at a blank, and says how much is missing", () => {
    const text = "word ".repeat(20_000);
    const { kept, remark } = splitBounded(text);
    expect(kept).toEndWith("word");
    expect(kept.length + Number(REMARK.exec(remark)?.[1])).toBe(text.length);
  });

  test("cuts what has no blank anywhere", () => {
    expect(boundText("x".repeat(100_000)).length).toBeLessThanOrEqual(MAX_TEXT);
  });

  test("leaves a text that it has cut as it is, and still knows that it was cut", () => {
    const once = boundText("word ".repeat(20_000));
    expect(boundText(once)).toBe(once);
    expect(splitBounded(once).remark).toMatch(REMARK);
  });

  test("cuts to fewer characters if so asked", () => {
    expect(boundText("x".repeat(1_000), 500)).toBe(`${"x".repeat(436)}… (564 more characters)`);
  });
});

describe("a secret that the cut halves", () => {
  const SECRET = "correct horse battery staple hush hush";

  /** A text in which the cut falls so many characters after the beginning of the secret. */
  const textOf = (secret: string, after: number) => {
    const lead = "no ".repeat(MAX_TEXT).slice(0, MAX_TEXT - 64 - after - 1);
    return `${lead} ${secret} ${"and on ".repeat(100)}`;
  };

  test.each([3, 8, 14, 22, 30])("is masked as a known value, %d characters of it", (after) => {
    const text = textOf(SECRET, after);
    for (const mask of [
      createRedactor({ note: SECRET }),
      (message: string) => maskJobText(message, { env: { A: SECRET } }),
    ]) {
      const masked = mask(text);
      expect(masked).not.toContain("correct");
      expect(masked).toEndWith("more characters)");
    }
  });

  test.each([
    ['--password "', '"'],
    ["-----BEGIN PRIVATE KEY-----\n", "\n-----END PRIVATE KEY-----"],
    ['{"token": "', '"}'],
    ["Cookie: a=", ""],
  ])("is masked after %j", (before, after) => {
    const text = textOf(`${before}${"hush hush ".repeat(200)}${after}`, 500);
    for (const masked of [maskText(text), maskArguments([text]).join(" "), createRedactor({})(text)]) {
      expect(masked).not.toContain("hush");
      expect(masked).toEndWith("more characters)");
    }
  });

  test("is masked as a token that is too short to look like one", () => {
    expect(maskText(textOf(`ghp_${"hush".repeat(9)}`, 8))).not.toContain("ghp_");
  });
});
