import { expect, test } from "bun:test";
import { checkAgainst } from "../../../lib/schema/check-config.ts";

test("takes a key named definitions for a key, and finds what a reference beside it means", async () => {
  const schema = {
    type: "object",
    additionalProperties: false,
    $defs: { role: { type: "object", additionalProperties: false, properties: { scopes: { type: "array" } } } },
    properties: {
      definitions: { type: "object", additionalProperties: { $ref: "#/$defs/role" } },
      $defs: { type: "string" },
    },
  };
  expect(await checkAgainst({ definitions: { guest: { scopes: [] } }, $defs: "x" }, schema)).toEqual([]);
  const [finding] = await checkAgainst({ definitions: { guest: { scope: [] } } }, schema);
  expect(finding?.path).toEqual(["definitions", "guest", "scope"]);
});
