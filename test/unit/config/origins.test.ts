import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Json, isJsonObject } from "../../../lib/json.ts";
import type { KeyPath } from "../../../lib/text/duplicate-keys.ts";
import { generationOf } from "../../support/fakes.ts";

const PLACES = { directory: "/home/node/.openclaw", roots: [] };

function originOf(files: Record<string, string>, ...path: KeyPath) {
  const { "openclaw.json": root = "", ...includes } = files;
  const generation = generationOf(root, includes, PLACES);
  expect(generation.problems).toEqual([]);
  return generation.findOrigins([path])[0];
}

const FILES = {
  "openclaw.json": `{
    gateway: { mode: "local" },
    agents: { $include: ["./agents.json5", "./sub/more.json5"], defaults: { model: "x" } },
    channels: { $include: "./channels.json5" },
  }`,
  "agents.json5": '{ list: [{ id: "main" }, { id: "ops" }], defaults: { model: "y", timeoutSeconds: 1 } }',
  "sub/more.json5": '{ list: [{ id: "more", tools: { $include: "./tools.json5" } }] }',
  "sub/tools.json5": '{ allow: ["read"] }',
  "channels.json5": "{ telegram: { enabled: true } }",
};

describe("findOrigins()", () => {
  test.each<[KeyPath, string, KeyPath]>([
    [["gateway", "mode"], "openclaw.json", ["gateway", "mode"]],
    [["channels", "telegram", "enabled"], "channels.json5", ["telegram", "enabled"]],
    [["channels"], "channels.json5", []],
    // What stands beside wins, and the rest is merged.
    [["agents", "defaults", "model"], "openclaw.json", ["agents", "defaults", "model"]],
    [["agents", "defaults", "timeoutSeconds"], "agents.json5", ["defaults", "timeoutSeconds"]],
    // Lists are appended to each other.
    [["agents", "list", 1, "id"], "agents.json5", ["list", 1, "id"]],
    [["agents", "list", 2, "id"], "sub/more.json5", ["list", 0, "id"]],
    // An included file includes another, beside itself.
    [["agents", "list", 2, "tools", "allow", 0], "sub/tools.json5", ["allow", 0]],
    // What is not there would be in what is.
    [["channels", "telegram", "botToken"], "channels.json5", ["telegram", "botToken"]],
    [["agents", "list", 0, "tools", "deny"], "agents.json5", ["list", 0, "tools", "deny"]],
    [["models"], "openclaw.json", ["models"]],
    [[], "openclaw.json", []],
  ])("%j is written in %s at %j", (path, file, inFile) => {
    expect(originOf(FILES, ...path)).toEqual({ file, path: inFile });
  });

  test("is the path itself where nothing is included", () => {
    expect(originOf({ "openclaw.json": "{a: [{b: 1}]}" }, "a", 0, "b")).toEqual({
      file: "openclaw.json",
      path: ["a", 0, "b"],
    });
  });

  test("finds each value that the resolved config has", () => {
    const value = fc.object({ key: fc.constantFrom("a", "b", "c"), maxDepth: 2, maxKeys: 3, withNullPrototype: false });
    fc.assert(
      fc.property(value, value, value, (one, other, beside) => {
        const files = { "one.json": JSON.stringify(one), "other.json": JSON.stringify(other) };
        const root = JSON.stringify({ ...beside, $include: Object.keys(files) });
        const generation = generationOf(root, files, PLACES);
        const paths = listLeaves(generation.value, []);
        const origins = generation.findOrigins(paths);
        const texts: Record<string, Json> = { "openclaw.json": JSON.parse(root) };
        for (const [name, text] of Object.entries(files)) texts[name] = JSON.parse(text) as Json;
        for (const [index, { file, path }] of origins.entries()) {
          expect(get(texts[file], path)).toEqual(get(generation.value, paths[index] ?? []));
        }
      }),
      { numRuns: 300 },
    );
  });
});

function listLeaves(value: Json, path: KeyPath): KeyPath[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => listLeaves(item, [...path, index]));
  if (!isJsonObject(value)) return [path];
  return Object.entries(value).flatMap(([key, inner]) => listLeaves(inner, [...path, key]));
}

function get(value: Json | undefined, path: KeyPath): Json | undefined {
  return path.reduce<Json | undefined>((found, key) => (found as Record<string, Json>)[key], value);
}
