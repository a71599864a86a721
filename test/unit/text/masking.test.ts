import { describe, expect, test } from "bun:test";
import { createMasker } from "../../../lib/text/masking.ts";

const SECRET = "s3cret-Value";

describe("createMasker()", () => {
  test("masks every occurrence, between any punctuation", () => {
    const text = `${SECRET} "${SECRET}" '${SECRET}' (${SECRET}) [${SECRET}] ${SECRET}: ${SECRET}, =${SECRET}.${SECRET}/x`;
    expect(createMasker([SECRET])(text)).toBe("*** \"***\" '***' (***) [***] ***: ***, =***.***/x");
  });

  test("masks whole words only", () => {
    const mask = createMasker(["off", "main-agent"]);
    expect(mask("offset, takeoff, off5, 5off, größeoff: main")).toBe("offset, takeoff, off5, 5off, größeoff: main");
    expect(mask("it is off")).toBe("it is ***");
  });

  test("keeps values of less than three characters", () => {
    expect(createMasker(["in", "23", "", "cat"])("in 23 lines the cat sat")).toBe("in 23 lines the *** sat");
  });

  test("masks the longer value if one contains the other", () => {
    for (const values of [
      ["abc", "abc-def"],
      ["abc-def", "abc"],
      ["def", "abc-def", "abc"],
    ]) {
      expect(createMasker(values)("no abc-def, no abc")).toBe("no ***, no ***");
    }
  });

  test("masks values that overlap, in whole", () => {
    expect(createMasker(["abc-def", "def-ghi"])("no abc-def-ghi!")).toBe("no ***!");
    expect(createMasker(["abc-def-ghi", "def"])("abc-def-ghi abc-def")).toBe("*** abc-***");
  });

  test("masks a value with special characters of regular expressions", () => {
    for (const value of [
      ".*?",
      "a.c",
      "(a+)+$",
      "^[a-z]{2}?",
      "a|b",
      "\\d\\w\\",
      "$&$1",
      "x{1,2}",
      "[[:alpha:]",
      "a/b-c#d",
      "*?+",
    ]) {
      expect(createMasker([value])(`no <${value}>, but abc and 12`)).toBe("no <***>, but abc and 12");
    }
  });

  test("masks a value that is not ASCII", () => {
    for (const value of ["秘密の鍵", "schlüssel-größe", "🦞🦞🦞", "مفتاح", "e\u0301a\u0301x", "first\nsecond"]) {
      expect(createMasker([value])(`no "${value}" (${value})`)).toBe('no "***" (***)');
    }
  });

  test("handles ten thousand values", () => {
    const values = Array.from({ length: 10_000 }, (_, index) => `value-${index}-`.repeat(10));
    expect(createMasker(values)(`no ${values[7_777]}!`)).toBe("no ***!");
  });
});
