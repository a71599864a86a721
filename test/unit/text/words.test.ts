import { describe, expect, test } from "bun:test";
import { isFileName, isPlainName, isRandom } from "../../../lib/text/words.ts";

describe("isPlainName()", () => {
  test.each([
    "main",
    "gpt-5.1",
    "k8s",
    "ackReaction",
    "OpenAI",
    "llama3",
    "70b",
    "@openclaw/discord",
    "https://a.example/v1",
  ])("accepts %s", (value) => {
    expect(isPlainName(value)).toBe(true);
  });

  test.each([
    "",
    "two words",
    "s3cret",
    "aBcDeFgH",
    "abcdefghijklmnopqrstuvwxyz",
    "+4915112345678",
    "0151-1234567",
    "a@b.c",
  ])("rejects %j", (value) => {
    expect(isPlainName(value)).toBe(false);
  });
});

describe("isRandom()", () => {
  test.each(["9f86d081884c7d659a2f", "AAFhV9s_kQ2xB7dLm3Zt", "x-550e8400-e29b-41d4-a716-446655440000"])(
    "accepts %s",
    (value) => {
      expect(isRandom(value)).toBe(true);
    },
  );

  test.each(["9f86d081", "claude-sonnet-4-5-20250929", "dangerouslyAllowPrivateNetwork", "12345678901234567890"])(
    "rejects %s",
    (value) => {
      expect(isRandom(value)).toBe(false);
    },
  );
});

describe("isFileName()", () => {
  test.each(["./a", "../a.json5", "~/b", "/home/node/.openclaw", "agents/main.json5", "9f86d081884c7d659a2f.mjs"])(
    "accepts %s",
    (value) => {
      expect(isFileName(value)).toBe(true);
    },
  );

  test.each(["a", "a.b", "me@example.json", "https://a/b.json", "/hook/AAFhV9s_kQ2xB7dLm3Zt", "/9j+aa="])(
    "rejects %s",
    (value) => {
      expect(isFileName(value)).toBe(false);
    },
  );
});
