import { describe, expect, test } from "bun:test";
import { createSecretGuard } from "../../../lib/text/guard.ts";

function mask(values: string[], text: string): string {
  const guard = createSecretGuard();
  guard.protect(values.map((value) => Buffer.from(value)));
  return guard.mask(text);
}

describe("createSecretGuard()", () => {
  test("masks whole files, their lines and the texts of a JSON document, plain words too", () => {
    expect(mask(["rosebud1\n"], "it said rosebud1.")).toBe("it said ***.");
    expect(mask(["first-line\nsecond-line\n"], "second-line, first-line")).toBe("***, ***");
    expect(mask(['{"a": {"b": ["correcthorse"]}}'], 'got "correcthorse"')).toBe('got "***"');
    expect(mask(['quo"ted value'], String.raw`{"error":"no quo\"ted value"}`)).toBe('{"error":"no ***"}');
  });

  test("leaves short words, paths and addresses, and all before it knows a value", () => {
    expect(
      mask(
        ["admin", "1234567", "/home/node/.openclaw", "https://example.org"],
        "admin 1234567 /home/node/.openclaw https://example.org",
      ),
    ).toBe("admin 1234567 /home/node/.openclaw https://example.org");
    expect(mask(["https://me:hush@example.org"], "at https://me:hush@example.org")).toBe("at ***");
    expect(createSecretGuard().mask("anything")).toBe("anything");
  });

  test("knows the newest values only", () => {
    const guard = createSecretGuard();
    guard.protect([Buffer.from("rosebud1")]);
    guard.protect([Buffer.from("rosebud2")]);
    expect(guard.mask("rosebud1 rosebud2")).toBe("rosebud1 ***");
  });

  test("takes time in proportion to a file of 1 MiB", () => {
    const lines = Array.from({ length: 60_000 }, (_, n) => `line-${n}-${"x".repeat(8)}`).join("\n");
    expect(mask([lines, `[${"[".repeat(100_000)}`], "line-59999-xxxxxxxx")).toBe("***");
  });
});
