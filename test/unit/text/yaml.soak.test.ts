// Texts that a reader with a quadratic step would take minutes for.

import { expect, test } from "bun:test";
import { parseYamlDocuments } from "../../../lib/text/yaml.ts";

test("parseYamlDocuments() reads a map of very many keys, and finds the one that stands twice", () => {
  const keys = Array.from({ length: 12_000 }, (_, index) => `k${index}`);
  const [parsed] = parseYamlDocuments(`{${[...keys, "k7"].map((key) => `${key}: 1`).join(", ")}}`);
  expect(parsed).toMatchObject({ problems: [{ path: ["k7"], problem: "stands twice in one map" }] });
});

test("parseYamlDocuments() ends at the first of very many errors in one line", () => {
  expect(parseYamlDocuments('"'.repeat(100_000))[0]).toMatchObject({
    kind: "unreadable",
    problem: expect.stringContaining("line 1, column 3"),
  });
});
