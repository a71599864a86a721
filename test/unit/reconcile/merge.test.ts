// The three-way merge: what Git changed is applied to the live document, and nothing else.

import { describe, expect, test } from "bun:test";
import type { Json } from "../../../lib/json.ts";
import { mergeThreeWay, projectOnto } from "../../../lib/reconcile/merge.ts";

/** What Git has: channels, providers, agents, and references to secrets. */
const GIT = {
  gateway: { mode: "local", auth: { mode: "token", token: "${OPENCLAW_GATEWAY_TOKEN}" }, reload: { mode: "hybrid" } },
  agents: {
    defaults: { model: { primary: "litellm/claude" }, workspace: "~/ghq" },
    list: [
      { id: "main", name: "Molty", tools: { deny: ["canvas"] } },
      { id: "ops", name: "Opsy", model: "litellm/small" },
    ],
  },
  models: {
    providers: {
      litellm: {
        baseUrl: "http://localhost:4000",
        apiKey: "${LITELLM_KEY}",
        models: [
          { id: "claude", contextWindow: 200_000 },
          { id: "small", contextWindow: 32_000 },
        ],
      },
    },
  },
  channels: { discord: { enabled: true, token: "${DISCORD_TOKEN}" } },
  routing: { allowFrom: ["+4912345"], groupChat: { requireMention: true } },
  bindings: [{ agentId: "ops", match: { channel: "discord", guildId: "1" } }],
} satisfies Json;

/** The same after a start of OpenClaw: a stamp, plugin entries, defaults, and `routing` under its new name. */
const LIVE = {
  meta: { lastTouchedVersion: "2026.9.6", lastTouchedAt: "2026-11-22T10:00:00Z" },
  gateway: { ...GIT.gateway, port: 18_789 },
  agents: { ...GIT.agents, defaults: { ...GIT.agents.defaults, maxConcurrent: 4 } },
  models: GIT.models,
  channels: { discord: { ...GIT.channels.discord, allowFrom: ["+4912345"] } },
  plugins: { entries: { discord: { enabled: true }, "memory-core": { enabled: true } } },
  bindings: GIT.bindings,
} satisfies Json;

/** Returns a copy in which the value at this path is another one; undefined takes it out. */
function change(document: Json, path: string, value: Json | undefined): Json {
  const copy = structuredClone(document) as Record<string, Json>;
  const keys = path.split(".");
  const last = keys.pop() as string;
  const parent = keys.reduce<Record<string, Json>>((inner, key) => inner[key] as Record<string, Json>, copy);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

describe("mergeThreeWay()", () => {
  test("returns the live document if Git has changed nothing", () => {
    expect(mergeThreeWay(GIT, structuredClone(GIT), LIVE)).toEqual(LIVE);
  });

  test("sets the value that Git has changed, and leaves all others", () => {
    const desired = change(GIT, "models.providers.litellm.baseUrl", "http://litellm:4000");
    const merged = mergeThreeWay(GIT, desired, LIVE);
    expect(merged).toEqual(change(LIVE, "models.providers.litellm.baseUrl", "http://litellm:4000"));
  });

  test("adds what Git has added, without what Git already had and something else has removed", () => {
    const desired = change(GIT, "channels.telegram", { enabled: true, botToken: "${TELEGRAM_TOKEN}" });
    const merged = mergeThreeWay(GIT, desired, LIVE);
    expect(merged).toEqual(change(LIVE, "channels.telegram", { enabled: true, botToken: "${TELEGRAM_TOKEN}" }));
    expect(merged).not.toHaveProperty("routing");
  });

  test("takes out what Git has dropped, and leaves what others have added beside it", () => {
    const merged = mergeThreeWay(GIT, change(GIT, "channels.discord", undefined), LIVE);
    expect(merged).toEqual(change(LIVE, "channels.discord", { allowFrom: ["+4912345"] }));
    const without = mergeThreeWay(GIT, change(GIT, "gateway.auth", undefined), LIVE);
    expect(without).toEqual(change(LIVE, "gateway.auth", undefined));
  });

  test("does not bring a key back that OpenClaw has migrated when Git changes something beside it", () => {
    const desired = change(GIT, "routing.queue", { mode: "collect" });
    expect(mergeThreeWay(GIT, desired, LIVE)).toHaveProperty("routing", { queue: { mode: "collect" } });
  });

  test("does not bring an empty object back when Git drops a part of what OpenClaw has migrated", () => {
    expect(mergeThreeWay(GIT, change(GIT, "routing.groupChat", undefined), LIVE)).toEqual(LIVE);
    expect(mergeThreeWay(GIT, change(GIT, "routing", undefined), LIVE)).toEqual(LIVE);
  });

  test("keeps an empty object that Git adds or empties", () => {
    expect(mergeThreeWay({}, { a: {} }, { b: 1 })).toEqual({ b: 1, a: {} });
    expect(mergeThreeWay({ a: { b: 1 } }, { a: {} }, { a: { b: 1 } })).toEqual({ a: {} });
  });

  test("lets Git win where both sides have changed the same path", () => {
    for (const [base, desired, live] of [
      [1, 2, 3],
      ["a", null, "b"],
      [{ a: 1 }, "text", { a: 1, b: 2 }],
      ["text", { a: 1 }, ["other"]],
      [["a"], ["b"], ["c", "d"]],
      [1, 2, undefined],
    ] as [Json, Json, Json | undefined][]) {
      const observed = live === undefined ? { other: 1 } : { path: live, other: 1 };
      expect(mergeThreeWay({ path: base }, { path: desired }, observed)).toEqual({ other: 1, path: desired });
    }
  });

  test("leaves a removal by something else alone if Git has not changed that path", () => {
    expect(mergeThreeWay({ a: 1, b: 1 }, { a: 1, b: 2 }, { b: 1, c: 1 })).toEqual({ b: 2, c: 1 });
  });

  test("distinguishes null, false, zero and empty text from a missing path", () => {
    for (const value of [null, false, 0, ""]) {
      expect(mergeThreeWay({}, { a: value }, { b: 1 })).toEqual({ b: 1, a: value });
      expect(mergeThreeWay({ a: value }, {}, { a: value, b: 1 })).toEqual({ b: 1 });
      expect(mergeThreeWay({ a: 1 }, { a: value }, { a: 2 })).toEqual({ a: value });
    }
  });

  test("keeps the order of the live keys, and puts new ones last", () => {
    const merged = mergeThreeWay({ a: 1 }, { n: 1, a: 2 }, { z: 1, a: 1, b: 1 });
    expect(Object.keys(merged as object)).toEqual(["z", "a", "b", "n"]);
  });

  test("returns undefined if nothing is left", () => {
    expect(mergeThreeWay({ a: { b: 1 } }, undefined, { a: { b: 2 } })).toBeUndefined();
    expect(mergeThreeWay(1, undefined, 2)).toBeUndefined();
    expect(mergeThreeWay(undefined, undefined, undefined)).toBeUndefined();
  });

  test("handles __proto__, constructor and toString as keys, and pollutes nothing", () => {
    const document = (text: string): Json => JSON.parse(text);
    const base = document('{"__proto__": {"a": 1}, "constructor": {"b": 1}, "toString": 1}');
    const desired = document('{"__proto__": {"a": 2}, "constructor": {"b": 1, "c": 1}}');
    const live = document('{"__proto__": {"a": 1, "x": 1}, "constructor": {"b": 5}, "toString": 1, "valueOf": 2}');
    const merged = mergeThreeWay(base, desired, live);
    const expected = document('{"__proto__": {"a": 2, "x": 1}, "constructor": {"b": 5, "c": 1}, "valueOf": 2}');
    expect(JSON.stringify(merged)).toBe(JSON.stringify(expected));
    expect(({} as { a?: number }).a).toBeUndefined();
    // Without such a key, nothing is inherited.
    expect(mergeThreeWay({}, JSON.parse('{"constructor": 1}'), {})).toEqual(JSON.parse('{"constructor": 1}'));
    expect(JSON.stringify(mergeThreeWay(document('{"__proto__": 1}'), {}, document('{"__proto__": 1, "a": 1}')))).toBe(
      '{"a":1}',
    );
  });
});

describe("mergeThreeWay() without a base", () => {
  test("takes nothing out, and sets all that Git declares", () => {
    const merged = mergeThreeWay(undefined, GIT, LIVE);
    expect(merged).toEqual({ ...LIVE, routing: GIT.routing });
  });

  test("takes no item out of a list whose items have an id", () => {
    const live = change(LIVE, "agents.list", [{ id: "visitor" }, { id: "ops", model: "litellm/other", extra: 1 }]);
    expect(mergeThreeWay(undefined, GIT, live)).toHaveProperty("agents.list", [
      { id: "main", name: "Molty", tools: { deny: ["canvas"] } },
      { id: "ops", model: "litellm/small", extra: 1, name: "Opsy" },
      { id: "visitor" },
    ]);
  });

  test("returns the live document if it has all that Git declares", () => {
    const live = { ...LIVE, routing: { ...GIT.routing, more: 1 } };
    expect(mergeThreeWay(undefined, GIT, live)).toEqual(live);
  });
});

describe("mergeThreeWay() of arrays whose items have an id or a name", () => {
  const merge = (base: Json[] | undefined, desired: Json[], live: Json[]) => mergeThreeWay(base, desired, live);
  const item = (id: string): Json => ({ id, v: 1 });
  const [a, b, c, d] = [item("a"), item("b"), item("c"), item("d")];
  const withFields = (item: Json, fields: object): Json => ({ ...(item as object), ...fields });

  test("merges the items of the same id field by field", () => {
    const live = [withFields(a, { extra: 1 }), b];
    expect(merge([a, b], [withFields(a, { v: 2 }), b], live)).toEqual([withFields(a, { v: 2, extra: 1 }), b]);
  });

  test("appends what Git adds, and drops whole what Git drops", () => {
    expect(merge([a, b], [a, b, c], [a, b, d])).toEqual([a, b, c, d]);
    expect(merge([a, b], [b], [withFields(a, { extra: 1 }), b, d])).toEqual([b, d]);
    expect(merge([a], [], [a, d])).toEqual([d]);
  });

  test("inserts where Git inserts", () => {
    expect(merge([a, c], [a, b, c], [a, c])).toEqual([a, b, c]);
    expect(merge([a, c], [b, a, c], [a, c, d])).toEqual([b, a, c, d]);
  });

  test("takes the order of Git if Git has changed it, else that of the live file", () => {
    expect(merge([a, b, c], [c, b, a], [a, b, c, d])).toEqual([c, b, a, d]);
    expect(merge([a, b], [withFields(a, { v: 2 }), b], [d, b, a])).toEqual([d, b, withFields(a, { v: 2 })]);
  });

  test("does not bring back an item that something else has removed, unless Git changes it", () => {
    expect(merge([a, b, c], [withFields(a, { v: 2 }), b, c], [a, c])).toEqual([withFields(a, { v: 2 }), c]);
    expect(merge([a, b], [a, withFields(b, { v: 2 })], [a])).toEqual([a, withFields(b, { v: 2 })]);
  });

  test("pairs by name if there is no id", () => {
    const [x, y] = [
      { name: "x", url: "1" },
      { name: "y", url: "1" },
    ];
    expect(merge([x, y], [{ name: "x", url: "2" }, y], [y, { ...x, headers: {} }])).toEqual([
      y,
      { name: "x", url: "2", headers: {} },
    ]);
  });

  test("prefers the id to the name", () => {
    const base = [
      { id: "1", name: "same" },
      { id: "2", name: "same" },
    ];
    const desired = [
      { id: "1", name: "renamed" },
      { id: "2", name: "same" },
    ];
    expect(merge(base, desired, [base[1] as Json, { ...base[0], extra: 1 }])).toEqual([
      { id: "2", name: "same" },
      { id: "1", name: "renamed", extra: 1 },
    ]);
  });

  test.each<[string, Json[]]>([
    ["an id occurs twice", [{ id: "a" }, { id: "a", v: 2 }]],
    ["an item has no id", [{ id: "a" }, { v: 2 }]],
    ["an id is no text", [{ id: 1 }, { id: "a" }]],
    ["an item is no object", [{ id: "a" }, "a"]],
    ["an item is null", [{ id: "a" }, null]],
    ["an item is a list", [{ id: "a" }, ["a"]]],
  ])("takes Git's list whole if %s in the live file", (_, live) => {
    const desired = [{ id: "a", v: 9 }];
    expect(merge([{ id: "a", v: 1 }], desired, live)).toEqual(desired);
    expect(merge(live, desired, [{ id: "a", v: 1 }, { id: "z" }])).toEqual(desired);
  });

  test("does not take an inherited property for an id", () => {
    const live: Json[] = [JSON.parse('{"__proto__": {"id": "a"}}')];
    expect(merge([{ v: 1 }], [{ v: 2 }], live)).toEqual([{ v: 2 }]);
  });
});

describe("mergeThreeWay() of other arrays", () => {
  const merge = (base: Json[] | undefined, desired: Json[], live: Json[]) => mergeThreeWay(base, desired, live);

  test("are one value: Git's, if Git has changed it, else the live one", () => {
    expect(merge(["a", "b"], ["a", "c"], ["a", "b", "x"])).toEqual(["a", "c"]);
    expect(merge(["a", "b"], ["a", "b"], ["a", "x"])).toEqual(["a", "x"]);
    expect(merge(["a"], [], ["a", "x"])).toEqual([]);
    expect(merge([1, [2]], [1, [3]], [1, [2], 4])).toEqual([1, [3]]);
  });

  test("of objects merge by position if the live items only have more than what Git said before", () => {
    const base = [
      { agentId: "ops", match: { channel: "discord" } },
      { agentId: "main", match: {} },
    ];
    const desired = [
      { agentId: "main", match: { channel: "discord" } },
      { agentId: "main", match: {} },
    ];
    const live = [
      { agentId: "ops", match: { channel: "discord", accountId: "default" } },
      { agentId: "other", match: { peer: 1 } },
    ];
    expect(merge(base, desired, live)).toEqual([
      { agentId: "main", match: { channel: "discord", accountId: "default" } },
      { agentId: "other", match: { peer: 1 } },
    ]);
  });

  test("are never paired by position if an item could get the fields of another one", () => {
    const [x, y] = [
      { m: "x", a: 1 },
      { m: "y", a: 1 },
    ];
    expect(
      merge(
        [x, y],
        [{ m: "x", a: 2 }, y],
        [
          { ...y, only: "y" },
          { ...x, only: "x" },
        ],
      ),
    ).toEqual([{ m: "x", a: 2 }, y]);
    expect(merge([x], [{ m: "x", a: 2 }], [x, { ...y, extra: 1 }])).toEqual([{ m: "x", a: 2 }]);
    expect(merge([x, y], [x, { m: "y", a: 2 }, { m: "z" }], [x, { ...y, extra: 1 }])).toEqual([
      x,
      { m: "y", a: 2 },
      { m: "z" },
    ]);
  });

  test("without a base, stay as they are if they have all that Git declares", () => {
    const live = [{ agentId: "ops", match: { channel: "discord", accountId: "default" } }];
    expect(merge(undefined, [{ agentId: "ops", match: { channel: "discord" } }], live)).toEqual(live);
    expect(merge(undefined, [{ agentId: "main" }], live)).toEqual([{ agentId: "main" }]);
  });

  test("keep what was merged when the same change is merged again", () => {
    const base = [{ agentId: "ops", match: { channel: "discord" } }];
    const desired = [{ agentId: "main", match: { channel: "discord" } }];
    const live = [{ agentId: "ops", match: { channel: "discord", accountId: "default" } }];
    const once = merge(base, desired, live);
    expect(merge(base, desired, once as Json[])).toEqual(once as Json);
  });
});

describe("projectOnto()", () => {
  test("returns the live values at the declared paths, and nothing else", () => {
    const declared = { gateway: { mode: "local" }, channels: { discord: { token: "${DISCORD_TOKEN}" } } };
    const live = {
      gateway: { mode: "remote", port: 1 },
      channels: { discord: { token: "x" }, telegram: {} },
      meta: {},
    };
    expect(projectOnto(declared, live)).toEqual({ gateway: { mode: "remote" }, channels: { discord: { token: "x" } } });
  });

  test("leaves out what the live document has not", () => {
    expect(projectOnto({ a: 1, b: { c: 1 }, d: 1 }, { b: {}, d: null })).toEqual({ b: {}, d: null });
    expect(projectOnto(undefined, { a: 1 })).toBeUndefined();
    expect(projectOnto({ a: 1 }, undefined)).toBeUndefined();
  });

  test("returns a value of another kind as it is", () => {
    expect(projectOnto({ a: { b: 1 } }, { a: [1] })).toEqual({ a: [1] });
    expect(projectOnto({ a: [1] }, { a: { b: 1 } })).toEqual({ a: { b: 1 } });
  });

  test("projects the items of the same id, without those that are not declared", () => {
    const declared = [{ id: "main", name: "x" }, { id: "ops" }];
    const live = [{ id: "visitor" }, { id: "main", name: "y", extra: 1 }];
    expect(projectOnto(declared, live)).toEqual([{ id: "main", name: "y" }]);
  });

  test("takes any other list as one value, unless its items only have more", () => {
    expect(projectOnto(["a"], ["a", "b"])).toEqual(["a", "b"]);
    expect(projectOnto([{ m: 1 }], [{ m: 1, extra: 1 }])).toEqual([{ m: 1 }]);
    expect(projectOnto([{ m: 1 }], [{ m: 2, extra: 1 }])).toEqual([{ m: 2, extra: 1 }]);
  });
});
