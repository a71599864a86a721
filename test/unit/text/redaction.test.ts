import { describe, expect, test } from "bun:test";
import type { Json } from "../../../lib/json.ts";
import { redactValues } from "../../../lib/text/redaction.ts";

const SECRET = "s3cret-Value";

describe("redactValues() of messages of gateways", () => {
  test.each<[string, Json, string]>([
    [`plugin not found: ${SECRET}`, { plugins: { allow: [SECRET] } }, "plugin not found: ***"],
    ["unknown channel id: telegramm", { channels: { telegramm: { token: SECRET } } }, "unknown channel id: telegramm"],
    ['Unrecognized keys: "nonsense", "x0"', { nonsense: SECRET, x0: "y" }, 'Unrecognized keys: "nonsense", "x0"'],
    [
      'Invalid input (allowed: "off", "hybrid")',
      { gateway: { reload: { mode: SECRET } }, tools: { exec: "off", other: "hybrid" } },
      'Invalid input (allowed: "off", "hybrid")',
    ],
    [
      'Invalid option: expected one of "main"|"per-peer"',
      { session: { dmScope: SECRET }, agents: { list: ["main", "per-peer"] } },
      'Invalid option: expected one of "main"|"per-peer"',
    ],
    [
      "Too big: expected number to be <=23 (maximum: 23)",
      { cron: { hour: 24, other: 23 } },
      "Too big: expected number to be <=23 (maximum: 23)",
    ],
    [
      `Failed to read include file: ./${SECRET}.json5 (resolved: /tmp/x/${SECRET}.json5)`,
      { $include: `./${SECRET}.json5` },
      "Failed to read include file: *** (resolved: /tmp/x/***)",
    ],
    [
      'Missing env var "GATEWAY_NAME" referenced at config path: messages.ackReaction',
      { messages: { ackReaction: `\${GATEWAY_NAME}` } },
      'Missing env var "GATEWAY_NAME" referenced at config path: messages.ackReaction',
    ],
    ["Invalid input: expected string, received number", { a: 5 }, "Invalid input: expected string, received number"],
    [
      "Too big: expected number to be <=300 (maximum: 300)",
      { a: 300 },
      "Too big: expected number to be <=300 (maximum: 300)",
    ],
    [`expected one of "a1"|"b", received "${SECRET}"`, { a: SECRET }, 'expected one of "a1"|"b", received "***"'],
    [
      `Failed to read include file: ../${SECRET}.json5 (resolved: /tmp/${SECRET}.json5)`,
      { $include: `../${SECRET}.json5` },
      "Failed to read include file: *** (resolved: /tmp/***)",
    ],
    ['plugin not found: "s3\\"cret"', { a: 's3"cret' }, 'plugin not found: "***"'],
    [`plugin not found: ${SECRET}`, { a: `\t${SECRET}  ` }, "plugin not found: ***"],
    ["invalid", {}, "invalid"],
    ["", { a: "" }, ""],
  ])("%s", (text, config, redacted) => {
    expect(redactValues(text, config)).toBe(redacted);
  });
});

describe("redactValues()", () => {
  test("masks a value at any depth of the config", () => {
    for (const config of [{ a: SECRET }, { a: { b: [{ c: [SECRET] }] } }, [[SECRET]], SECRET]) {
      expect(redactValues(`no ${SECRET}`, config)).toBe("no ***");
    }
  });

  test("masks every occurrence, between any punctuation", () => {
    const text = `${SECRET} "${SECRET}" '${SECRET}' (${SECRET}) [${SECRET}] ${SECRET}: ${SECRET}, =${SECRET}.${SECRET}/x`;
    expect(redactValues(text, { a: SECRET })).toBe("*** \"***\" '***' (***) [***] ***: ***, =***.***/x");
  });

  test("masks numbers", () => {
    expect(redactValues("port 18789 is taken, and so is -0.5", { a: 18_789, b: -0.5 })).toBe(
      "port *** is taken, and so is ***",
    );
  });

  test("masks whole words only", () => {
    const config = { mode: "off", name: "main-agent" };
    expect(redactValues("offset, takeoff, off5, 5off, größeoff: main", config)).toBe(
      "offset, takeoff, off5, 5off, größeoff: main",
    );
    expect(redactValues("it is off", config)).toBe("it is ***");
  });

  test("keeps keys, which are the path to the problem", () => {
    const config = { gateway: { auth: { token: "gateway" } }, agents: [{ discord: "auth" }] };
    expect(redactValues("gateway.auth: discord", config)).toBe("gateway.auth: discord");
  });

  test("keeps short values, true and null", () => {
    const config = { a: "in", b: 23, c: true, d: null, e: "" };
    expect(redactValues("in 23 lines, true or null", config)).toBe("in 23 lines, true or null");
    expect(redactValues("the cat sat", { a: "cat" })).toBe("the *** sat");
  });

  test("masks the longer value first if one contains the other", () => {
    for (const values of [
      ["abc", "abc-def"],
      ["abc-def", "abc"],
      ["def", "abc-def", "abc"],
    ]) {
      expect(redactValues("no abc-def, no abc", { values })).toBe("no ***, no ***");
    }
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
      const redacted = redactValues(`no <${value}>, but abc and 12`, { value });
      expect(redacted).toBe("no <***>, but abc and 12");
    }
  });

  test("masks a value that is not ASCII", () => {
    for (const value of ["秘密の鍵", "schlüssel-größe", "🦞🦞🦞", "مفتاح", "e\u0301a\u0301x", "first\nsecond"]) {
      expect(redactValues(`no "${value}" (${value})`, { value })).toBe('no "***" (***)');
    }
  });

  test("keeps only the parts that come from the schema", () => {
    const config = { a: SECRET, b: "hybrid" };
    expect(redactValues(`hybrid, ${SECRET} (allowed: "hybrid")`, config)).toBe('***, *** (allowed: "hybrid")');
    expect(redactValues(`${SECRET}: expected one of "hybrid"|"off"`, config)).toBe(
      '***: expected one of "hybrid"|"off"',
    );
    expect(redactValues(`(maximum: 5) ${SECRET}`, config)).toBe("(maximum: 5) ***");
  });

  test("does not change the config", () => {
    const config = { a: [SECRET, { b: 5 }] };
    redactValues(SECRET, config);
    expect(config).toEqual({ a: [SECRET, { b: 5 }] });
  });

  test("handles ten thousand values", () => {
    const values = Array.from({ length: 10_000 }, (_, index) => `value-${index}-`.repeat(10));
    expect(redactValues(`no ${values[7_777]}!`, { values })).toBe("no ***!");
  });
});
