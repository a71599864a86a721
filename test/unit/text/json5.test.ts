import { describe, expect, test } from "bun:test";
import { parseJson5 } from "../../../lib/text/json5.ts";

describe("parseJson5()", () => {
  test("reads JSON and JSON5", () => {
    expect(parseJson5('{"a": [1, null, "x"]}')).toEqual({ a: [1, null, "x"] });
    expect(parseJson5("{a: [+1, 0x10,], /* x */ 'b': .5} // end")).toEqual({ a: [1, 16], b: 0.5 });
  });

  test("keeps the key __proto__, in JSON and in JSON5", () => {
    for (const text of ['{"__proto__": 1}', "{__proto__: 1}"]) {
      expect(Object.entries(parseJson5(text) as object)).toEqual([["__proto__", 1]]);
    }
  });

  test("quotes at most one character of invalid text", () => {
    expect(() => parseJson5('{"a": hush}')).toThrow("JSON5: invalid character 'h' at 1:7");
  });
});
