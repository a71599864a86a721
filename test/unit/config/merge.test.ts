// The merge of configs in one or several files. That of documents is tested in test/unit/reconcile/merge.test.ts.

import { describe, expect, test } from "bun:test";
import type { Generation } from "../../../lib/config/generation.ts";
import { healGeneration, mergeGenerations } from "../../../lib/config/merge.ts";
import { generationOf, textsOf } from "../../support/fakes.ts";

const ROOT = '{ gateway: { mode: "local" }, agents: { $include: "./agents.json5" } } // root\n';
const AGENTS = '{ list: [{ id: "main", model: "claude" }], defaults: { workspace: "~/ghq" } } // agents\n';
const BASE = generationOf(ROOT, { "agents.json5": AGENTS });

const meaningOf = ({ resolved }: Generation) => (resolved.kind === "parsed" ? resolved.value : resolved.problem);

describe("mergeGenerations()", () => {
  test("keeps the bytes of each file that says the same, those of Git first", () => {
    const desired = generationOf(ROOT.replace("local", "remote"), { "agents.json5": AGENTS });
    const observed = generationOf(ROOT.replace("// root", "// by a program"), {
      "agents.json5": `${AGENTS}// by hand\n`,
    });
    expect(textsOf(mergeGenerations(BASE, desired, observed))).toEqual({
      "openclaw.json": ROOT.replace("local", "remote"),
      "agents.json5": AGENTS,
    });
  });

  test("merges each file with its own earlier version, and writes it as JSON", () => {
    const desired = generationOf(ROOT, { "agents.json5": AGENTS.replace("claude", "gpt") });
    const observed = generationOf(ROOT, {
      "agents.json5": AGENTS.replace("defaults: {", "defaults: { maxConcurrent: 4,"),
    });
    const merged = mergeGenerations(BASE, desired, observed);
    expect(textsOf(merged)?.["openclaw.json"]).toBe(ROOT);
    expect(JSON.parse(textsOf(merged)?.["agents.json5"] ?? "")).toEqual({
      list: [{ id: "main", model: "gpt" }],
      defaults: { maxConcurrent: 4, workspace: "~/ghq" },
    });
  });

  test("moves what Git moves from the root into a file, and keeps what others have added to it", () => {
    const flat = generationOf('{ gateway: { mode: "local" }, agents: { list: [], defaults: { workspace: "~/ghq" } } }');
    const observed = generationOf(
      '{ gateway: { mode: "local" }, agents: { list: [], defaults: { workspace: "~/ghq", maxConcurrent: 4 } } }',
    );
    const merged = mergeGenerations(flat, BASE, observed);
    expect(meaningOf(merged)).toEqual({
      gateway: { mode: "local" },
      agents: { list: [{ id: "main", model: "claude" }], defaults: { workspace: "~/ghq", maxConcurrent: 4 } },
    });
  });

  test("takes a file out of the set that nothing includes any more", () => {
    const desired = generationOf('{ gateway: { mode: "remote" } }');
    const observed = generationOf(ROOT.replace("{ gateway", "{ meta: {}, gateway"), { "agents.json5": AGENTS });
    expect(textsOf(mergeGenerations(BASE, desired, observed))).toEqual({
      "openclaw.json": expect.not.stringContaining("include"),
    });
  });

  test("leaves such a file out although something else has added to it: nothing would read it", () => {
    const desired = generationOf('{ gateway: { mode: "remote" } }');
    const added = AGENTS.replace("defaults: {", "extra: 1, defaults: {");
    const observed = generationOf(ROOT.replace("{ gateway", "{ meta: {}, gateway"), { "agents.json5": added });
    expect([...mergeGenerations(BASE, desired, observed).includes.keys()]).toEqual([]);
  });

  test("does not lengthen a list that Git has in one file and the live config in an included one", () => {
    const flat = (model: string) => generationOf(`{ agents: { list: [{ id: "main", model: "${model}" }] } }`);
    const observed = generationOf('{ meta: {}, agents: { $include: "./agents.json5" } }', {
      "agents.json5": '{ list: [{ id: "main", model: "claude" }] }',
    });
    expect(meaningOf(mergeGenerations(flat("claude"), flat("gpt"), observed))).toEqual({
      meta: {},
      agents: { list: [{ id: "main", model: "gpt" }] },
    });
  });

  test("works on one document where 2026.2.9 has written the whole config into the root", () => {
    const desired = generationOf(ROOT, { "agents.json5": AGENTS.replace("claude", "gpt") });
    const flattened = generationOf(JSON.stringify({ ...(meaningOf(BASE) as object), meta: {} }));
    const merged = mergeGenerations(BASE, desired, flattened);
    expect([...merged.includes.keys()]).toEqual([]);
    expect(meaningOf(merged)).toEqual({ ...(meaningOf(desired) as object), meta: {} });
  });

  test("returns Git's own files if the merged config says the same", () => {
    const desired = generationOf(ROOT, { "agents.json5": AGENTS.replace("claude", "gpt") });
    const flattened = generationOf(JSON.stringify(meaningOf(BASE)));
    expect(mergeGenerations(BASE, desired, flattened).equals(desired)).toBeTrue();
  });

  test("adds files without a base, and takes nothing out", () => {
    const observed = generationOf('{ gateway: { port: 1 }, agents: { list: [{ id: "visitor" }] } }');
    expect(meaningOf(mergeGenerations(undefined, BASE, observed))).toEqual({
      gateway: { port: 1, mode: "local" },
      agents: { list: [{ id: "main", model: "claude" }, { id: "visitor" }], defaults: { workspace: "~/ghq" } },
    });
  });
});

describe("healGeneration()", () => {
  test("puts back what Git declares, in the file where it is, and leaves the rest", () => {
    const observed = generationOf(ROOT, {
      "agents.json5": AGENTS.replace("claude", "by-hand").replace("defaults: {", "defaults: { maxConcurrent: 4,"),
    });
    const healed = healGeneration(BASE, BASE, observed);
    expect(meaningOf(healed)).toEqual({
      gateway: { mode: "local" },
      agents: { list: [{ id: "main", model: "claude" }], defaults: { maxConcurrent: 4, workspace: "~/ghq" } },
    });
    expect(textsOf(healed)?.["openclaw.json"]).toBe(ROOT);
  });

  test("is the live config, byte for byte, if it has all of that", () => {
    const observed = generationOf(`${ROOT}\n`, { "agents.json5": `${AGENTS}\n` });
    expect(healGeneration(BASE, BASE, observed).equals(observed)).toBeTrue();
  });

  test("puts back what was accepted, where that differs from what Git says", () => {
    const git = generationOf("{ a: 1, old: 1, list: [1] }");
    const accepted = generationOf("{ a: 2, renamed: 1, list: [1, 2] }");
    const observed = generationOf("{ a: 3, renamed: 5, list: [], more: 1 }");
    expect(meaningOf(healGeneration(accepted, git, observed))).toEqual({ a: 2, renamed: 5, list: [1, 2], more: 1 });
  });
});
