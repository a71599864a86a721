import { describe, expect, test } from "bun:test";
import { findModeProblems, parseConfig, readReloadMode, withoutMeta } from "../../../lib/config/document.ts";
import type { JsonObject } from "../../../lib/json.ts";

/** Returns the value of a config that parses; otherwise the test fails. */
function parse(text: string): JsonObject {
  const parsed = parseConfig(Buffer.from(text));
  if (parsed.kind === "broken") throw new Error(parsed.problem);
  return parsed.value;
}

/** A comment, so that plain JSON becomes JSON5 with the same meaning. */
const asJson5 = (json: string) => `// a comment\n${json}`;

const nest = (depth: number, leaf: string) => `${'{"a":'.repeat(depth)}${leaf}${"}".repeat(depth)}`;

describe("parseConfig()", () => {
  test.each([
    ["every kind of value", '{"a":[1,-2.5e-3,true,false,null,"x",{"b":{}}]}'],
    ["escapes", String.raw`{"a":"\"\\\/\b\f\n\r\t\u3042\ud83e\udd9e"}`],
    ["text that is not ASCII", '{"挨拶":"やあ 🦞"}'],
    ["an empty key", '{"":1}'],
    ["an object's own words", '{"constructor":1,"toString":{"hasOwnProperty":2}}'],
    ["numbers beyond all measure", '{"a":1e999,"b":-0,"c":9007199254740993}'],
  ])("reads %s alike as JSON and as JSON5", (_, json) => {
    expect(parse(json)).toStrictEqual(JSON.parse(json));
    expect(parse(asJson5(json))).toStrictEqual(JSON.parse(json));
  });

  test.each([
    ["JSON", '{"__proto__":{"isAdmin":true},"b":1}'],
    ["JSON5", "{__proto__:{isAdmin:true},b:1}"],
  ])("reads __proto__ as an ordinary key, in %s", (_, text) => {
    const value = parse(text);
    expect(Object.keys(value)).toEqual(["__proto__", "b"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(value.isAdmin).toBeUndefined();
  });

  test("uses the last of several equal keys, in JSON and in JSON5", () => {
    for (const text of ['{"a":1,"b":{"c":1,"c":2},"a":3}', "{a:1,b:{c:1,c:2},a:3}"]) {
      expect(parse(text)).toEqual({ a: 3, b: { c: 2 } });
    }
  });

  test("ignores a byte order mark, in JSON and in JSON5", () => {
    for (const text of ['\uFEFF{"a":1}', "\uFEFF{a:1}"]) expect(parse(text)).toEqual({ a: 1 });
  });

  test("reports an error in the same words, whichever parser found it first", () => {
    for (const text of ['{"a":1', '{"a" 1}', '{"a":1}}', "{a:01}"]) {
      const problem = expect.stringMatching(/^invalid (character '.+'|end of input) at 1:\d+$/);
      expect(parseConfig(Buffer.from(text))).toEqual({ kind: "broken", problem });
    }
  });

  test.each(["[", '{"a":', "[{a:"])("does not overflow the stack if %s is repeated without end", (text) => {
    const parsed = parseConfig(Buffer.from(text.repeat(50_000)));
    expect(parsed).toEqual({ kind: "broken", problem: "nested too deeply" });
  });

  test("does not overflow the stack for a well-formed document that is nested too deeply", () => {
    for (const text of [nest(50_000, "1"), asJson5(nest(50_000, "1"))]) {
      expect(parseConfig(Buffer.from(text)).kind).toBeOneOf(["parsed", "broken"]);
    }
  });

  test("reads a megabyte, or says what is wrong with them", () => {
    const entries = Array.from({ length: 30_000 }, (_, index) => `"key${index}":"value number ${index}"`);
    const json = `{${entries.join(",")}}`;
    expect(json.length).toBeGreaterThan(900_000);
    for (const text of [json, asJson5(json)]) {
      const value = parse(text);
      expect(Object.keys(value)).toHaveLength(30_000);
      expect(value.key29999).toBe("value number 29999");
    }
    expect(parseConfig(Buffer.from(json.slice(0, -1)))).toEqual({
      kind: "broken",
      problem: "larger than 0.5 MiB, and no plain JSON",
    });
    const half = `{${entries.slice(0, 12_000).join(",")}`;
    expect(parseConfig(Buffer.from(half))).toEqual({
      kind: "broken",
      problem: `invalid end of input at 1:${half.length + 1}`,
    });
  });
});

describe("findModeProblems()", () => {
  const LIVE = { gateway: { mode: "local" } };

  test("finds the mode that the candidate lacks", () => {
    expect(findModeProblems({ gateway: {} }, LIVE)).toEqual([
      "gateway.mode is missing; the live file has it, and OpenClaw does not start without",
    ]);
  });

  test("finds a mode that is not the live one, without its value, and beside an $include too", () => {
    for (const candidate of [{ gateway: { mode: "hush" } }, { $include: "./a.json5", gateway: { mode: "hush" } }]) {
      expect(findModeProblems(candidate, LIVE)).toEqual([
        "gateway.mode is not the live file's; OpenClaw does not start as a gateway with another one",
      ]);
    }
  });

  test("finds nothing if the mode becomes local, with which every gateway starts, or a variable says it", () => {
    expect(findModeProblems(LIVE, { gateway: { mode: "remote" } })).toEqual([]);
    expect(findModeProblems({ gateway: { mode: "${MODE}" } }, LIVE)).toEqual([]);
    expect(findModeProblems({ gateway: { mode: "remote" } }, { gateway: { mode: "${MODE}" } })).toEqual([]);
  });

  test("finds nothing if the mode stays, was never set, or may be included", () => {
    expect(findModeProblems({ gateway: { mode: "remote" } }, { gateway: { mode: "remote" } })).toEqual([]);
    expect(findModeProblems({}, { gateway: { mode: "" } })).toEqual([]);
    expect(findModeProblems({ $include: [] }, LIVE)).toEqual([]);
    expect(findModeProblems({ gateway: { $include: "./gateway.json5" } }, LIVE)).toEqual([]);
  });

  test("ignores a mode on the prototype of an object", () => {
    const candidate = parse('{"gateway":{"__proto__":{"mode":"local"}}}');
    expect(findModeProblems(candidate, LIVE)).toHaveLength(1);
    expect(findModeProblems({}, candidate)).toEqual([]);
  });
});

describe("readReloadMode()", () => {
  test("returns the mode if it is a string", () => {
    expect(readReloadMode({ gateway: { reload: { mode: "off" } } })).toBe("off");
  });

  test.each<JsonObject>([
    {},
    { gateway: null },
    { gateway: [] },
    { gateway: "off" },
    { gateway: {} },
    { gateway: { reload: "off" } },
    { gateway: { reload: null } },
    { gateway: { reload: [{ mode: "off" }] } },
    { gateway: { reload: { mode: 0 } } },
    { gateway: { reload: { mode: { mode: "off" } } } },
    { reload: { mode: "off" } },
  ])("is undefined for %j", (config) => {
    expect(readReloadMode(config)).toBeUndefined();
  });
});

describe("withoutMeta()", () => {
  test("drops the top-level meta only, and does not modify its argument", () => {
    const config = { meta: { lastTouchedAt: "now" }, gateway: { meta: 1 }, list: [{ meta: 2 }] };
    expect(withoutMeta(config)).toEqual({ gateway: { meta: 1 }, list: [{ meta: 2 }] });
    expect(config.meta).toEqual({ lastTouchedAt: "now" });
  });

  test("keeps every other key", () => {
    expect(Object.keys(withoutMeta(parse('{"__proto__":1,"Meta":2,"":3,"meta":4}')))).toEqual([
      "__proto__",
      "Meta",
      "",
    ]);
  });
});

describe("parseConfig() of a large file", () => {
  test("reads 3 MB of plain JSON, and says what is wrong with more than 4 MiB", () => {
    const texts = (count: number) => JSON.stringify({ texts: Array.from({ length: count }, () => "x".repeat(100)) });
    expect(parseConfig(Buffer.from(texts(30_000))).kind).toBe("parsed");
    expect(parseConfig(Buffer.from(texts(60_000)))).toEqual({ kind: "broken", problem: "larger than 4 MiB" });
    expect(parseConfig(Buffer.alloc((4 << 20) + 1))).toEqual({ kind: "broken", problem: "larger than 4 MiB" });
  });
});
