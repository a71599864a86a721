// Where workspaces lie, as gateways of these releases were seen to resolve them (docs/openclaw-facts.md).

import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../../lib/json.ts";
import { findStateDir, mergeTold, normalizeId, resolveAgents } from "../../../lib/workspace/agents.ts";

const STATE = "/home/node/.openclaw";

function resolve(agents: JsonObject | undefined, env: Record<string, string> = {}, config: JsonObject = {}) {
  const found = resolveAgents(agents ? { ...config, agents } : config, { stateDir: STATE, env });
  return [
    found?.defaultId,
    Object.fromEntries((found?.agents ?? []).map((one) => [one.id, one.workspace ?? one.problem])),
  ];
}

describe("resolveAgents", () => {
  test.each([
    ["no agents", undefined, ["main", { main: `${STATE}/workspace` }]],
    ["a default", { defaults: { workspace: "~/w" } }, ["main", { main: "/home/node/w" }]],
    [
      "a list: the first inherits (2026.2.9; 2026.9.6 migrates it to the same)",
      { list: [{ id: "main" }, { id: "Research" }] },
      ["main", { main: `${STATE}/workspace`, research: `${STATE}/workspace-research` }],
    ],
    [
      "a list: the one marked inherits",
      { list: [{ id: "main" }, { id: "second", default: true }] },
      ["second", { main: `${STATE}/workspace-main`, second: `${STATE}/workspace` }],
    ],
    [
      "entries: none of several inherits (2026.9.6)",
      { entries: { main: {}, Research: {} } },
      [undefined, { main: `${STATE}/workspace-main`, research: `${STATE}/workspace-research` }],
    ],
    [
      "entries with a shared root (2026.9.6)",
      { defaults: { workspace: "/data/w" }, entries: { main: {}, own: { workspace: "/data/own" } } },
      [undefined, { main: "/data/w/main", own: "/data/own" }],
    ],
    [
      "a sole entry (2026.9.6)",
      { defaults: { workspace: "/data/w" }, entries: { only: {} } },
      ["only", { only: "/data/w" }],
    ],
    [
      "what 2026.9.6 migrates a list to",
      {
        entries: { main: { workspace: `${STATE}/workspace` }, research: {} },
        ownership: "explicit",
        defaults: { systemAgent: { agentId: "main" } },
      },
      ["main", { main: `${STATE}/workspace`, research: `${STATE}/workspace-research` }],
    ],
  ] as const)("%s", (_, agents, expected) => {
    expect(resolve(agents as unknown as JsonObject)).toEqual([...expected]);
  });

  test("does not guess where the releases differ: a shared root in a list", () => {
    const [, found] = resolve({ defaults: { workspace: "/data/w" }, list: [{ id: "main" }, { id: "b" }] });
    expect(found).toEqual({ main: "/data/w", b: expect.stringContaining("depends on OpenClaw's release") });
  });

  test("takes variables from the environment and from the config, and names one that is not set", () => {
    const agents = { defaults: { workspace: "${BASE}/${SUB}" } };
    expect(resolve(agents, { BASE: "/data" }, { env: { vars: { SUB: "w" } } })).toEqual(["main", { main: "/data/w" }]);
    expect(resolve(agents, { BASE: "/data" })[1]).toEqual({
      main: expect.stringContaining("refers to SUB, which is not"),
    });
    expect(resolve({ defaults: { workspace: "here/w" } })[1]).toEqual({
      main: expect.stringContaining("a relative path"),
    });
    expect(resolve(undefined, { OPENCLAW_WORKSPACE_DIR: "/data/ws" })[1]).toEqual({ main: "/data/ws" });
  });

  test("gives nothing for a section that makes no sense", () => {
    expect(resolveAgents({ agents: { list: 1 } }, { stateDir: STATE, env: {} })).toBeUndefined();
  });
});

test("the state directory is that of the config, unless OPENCLAW_STATE_DIR says otherwise", () => {
  expect(findStateDir("/home/node/.openclaw/openclaw.json", {})).toBe(STATE);
  expect(findStateDir("/lockdown/openclaw.json", { OPENCLAW_STATE_DIR: STATE })).toBe(STATE);
});

test.each([
  ["Research", "research"],
  ["a b!c", "a-b-c"],
  ["--x--", "x"],
  ["日本", "main"],
  ["", "main"],
])("the id %p is %p", (id, expected) => {
  expect(normalizeId(id)).toBe(expected);
});

test("a gateway's word wins, and a difference is told", () => {
  const agents = resolveAgents({ agents: { list: [{ id: "main" }, { id: "b" }] } }, { stateDir: STATE, env: {} });
  const told = new Map([
    ["main", "/data/main"],
    ["b", `${STATE}/workspace-b`],
    ["ghost", "/x"],
  ]);
  const merged = mergeTold(agents ?? { agents: [], defaultId: undefined }, told);
  expect(merged.agents.agents).toEqual([
    { id: "main", workspace: "/data/main" },
    { id: "b", workspace: `${STATE}/workspace-b` },
  ]);
  expect(merged.differences).toEqual([`agent main: the gateway's workspace is /data/main, not ${STATE}/workspace`]);
});
