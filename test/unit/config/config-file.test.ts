import { describe, expect, test } from "bun:test";
import { fileOf } from "../../support/fakes.ts";

describe("ConfigFile", () => {
  test("has the checksums that md5sum and sha256sum print", () => {
    const file = fileOf("{}");
    expect(file.md5).toBe("99914b932bd37a50b983c5e7c90ae93b");
    expect(file.sha256).toBe("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  });

  test("is parsed once", () => {
    const file = fileOf("// x\n{a: 1}");
    expect(file.parsed).toEqual({ kind: "parsed", value: { a: 1 } });
    expect(file.parsed).toBe(file.parsed);
  });

  test("parses what OpenClaw can read, and is broken otherwise", () => {
    for (const text of ["{}", "// x\n{a: 1}", "\uFEFF{}"]) expect(fileOf(text).parsed.kind).toBe("parsed");
    for (const text of ["", "{", "{}{}", "nul"]) expect(fileOf(text).parsed.kind).toBe("broken");
    expect(fileOf(new Uint8Array([0x7b, 0xff, 0x7d])).parsed.kind).toBe("broken");
  });

  test("may hold any JSON value, as an included file does", () => {
    for (const [text, value] of [
      ["[1]", [1]],
      ["null", null],
      ["'x'", "x"],
    ] as const) {
      expect(fileOf(text).parsed).toEqual({ kind: "parsed", value } as never);
    }
  });

  test("equals a file with the same bytes, and no other", () => {
    expect(fileOf("{}").equals(fileOf("{}"))).toBeTrue();
    expect(fileOf("{}").equals(fileOf("{ }"))).toBeFalse();
    expect(fileOf("{}").equals(undefined)).toBeFalse();
  });
});
