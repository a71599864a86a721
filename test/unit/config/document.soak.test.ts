// A config of ten megabytes: more than a ConfigMap holds.

import { expect, test } from "bun:test";
import { parseConfig } from "../../../lib/config/document.ts";

test("parseConfig() reads ten megabytes, or says what is wrong with them", () => {
  const entries = Array.from({ length: 300_000 }, (_, index) => `"key${index}":"value number ${index}"`);
  const json = `{${entries.join(",")}}`;
  expect(json.length).toBeGreaterThan(9_900_000);
  // As plain JSON, and as JSON5.
  for (const text of [json, `// a comment\n${json}`]) {
    const parsed = parseConfig(Buffer.from(text));
    if (parsed.kind === "broken") throw new Error(parsed.problem);
    expect(Object.keys(parsed.value)).toHaveLength(300_000);
    expect(parsed.value.key299999).toBe("value number 299999");
  }
  const problem = `invalid end of input at 1:${json.length}`;
  expect(parseConfig(Buffer.from(json.slice(0, -1)))).toEqual({ kind: "broken", problem });
});
