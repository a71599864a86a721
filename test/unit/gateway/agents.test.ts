import { describe, expect, test } from "bun:test";
import { findDefaultAgent } from "../../../lib/gateway/agents.ts";

const model = { model: { primary: "anthropic/claude-opus-4-6" } };

describe("findDefaultAgent()", () => {
  test.each<[string, unknown, string | undefined]>([
    ["no agent", {}, "main"],
    ["defaults alone", { defaults: model }, "main"],
    ["a marked one in a list", { list: [{ id: "work" }, { id: "Boss", default: true, ...model }] }, "boss"],
    ["a list without a mark: the first", { list: [{ id: "work" }, { id: "main" }] }, "work"],
    [
      "two marks in a list: the first of them",
      { list: [{ id: "a" }, { id: "b", default: true }, { id: "c", default: true }] },
      "b",
    ],
    ["the only one", { list: [{ id: "work", workspace: "/w" }] }, "work"],
    ["the only entry", { entries: { work: { workspace: "/w" } } }, "work"],
    ["a marked entry", { entries: { work: {}, boss: { default: true } } }, "boss"],
    ["several entries", { entries: { work: {}, main: {} } }, undefined],
    [
      "a mark that no longer counts",
      { ownership: "explicit", entries: { work: {}, boss: { default: true } } },
      undefined,
    ],
    ["the system agent", { defaults: { systemAgent: { agentId: " Main " } }, entries: { work: {}, main: {} } }, "main"],
    ["no section of agents", null, undefined],
    ["a list of something else", { list: ["work"] }, undefined],
    ["an entry without an id", { list: [{ workspace: "/w" }] }, undefined],
  ])("of %s", (_, agents, id) => {
    expect(findDefaultAgent(agents)).toBe(id);
  });
});
