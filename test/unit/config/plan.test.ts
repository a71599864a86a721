import { describe, expect, test } from "bun:test";
import { Generation } from "../../../lib/config/generation.ts";
import { type ConfigPlan, type ConfigPolicy, type GatewayIdentity, planConfig } from "../../../lib/config/plan.ts";
import type { ConfigState } from "../../../lib/config/observe.ts";
import { differences } from "../../../lib/config/target.ts";
import { fileOf, generationOf } from "../../support/fakes.ts";

/** A realistic config: JSON5 with comments, a token from the environment, text that is not ASCII. */
const REALISTIC = `// openclaw.json – 設定
{
  "gateway": {
    mode: 'local', "bind": "lan", "port": 18789,
    "auth": { "mode": "token", "token": "\${OPENCLAW_GATEWAY_TOKEN:-none}" },
    reload: { mode: "hybrid", debounceMs: 0x12c, },
  },
  /* 🦞 */
  "agents": { "defaults": { "model": { "primary": "litellm/claude" }, workspace: "~/ghq" }, "list": [ { "id": "main" }, ], },
  "models": { "providers": { "litellm": { "baseUrl": "http://localhost:4000", "models": [] } } },
  "channels": { "discord": { "enabled": true, "greeting": "やあ \\u3042\\
 又" } },
  "plugins": { "entries": { "memory-core": { "enabled": false, "weight": -.5e-3 } } },
}
`;

type Content = string | Uint8Array | Generation;

/** The state, given as contents: the bytes of a root file, or a whole config. What is left out does not exist. */
interface Files {
  desired?: Content;
  observed?: Content;
  lastApplied?: Content;
  lastGood?: Content;
  rejected?: Content;
}

const RELEASE = "2026.9.6";
const GATEWAY: GatewayIdentity = { release: RELEASE, processStartedMs: undefined };
const NOBODY: ConfigPolicy = {
  mode: "auto",
  gateway: undefined,
  start: undefined,
  before: undefined,
  validated: undefined,
  selfHeal: false,
  isPodStart: false,
};

/** The policy with a gateway that has found the last good files valid, unless a test overrides it. */
function plan(files: Files, policy: Partial<ConfigPolicy> = {}): ConfigPlan {
  const state = stateOf(files);
  return planConfig(state, { ...NOBODY, gateway: GATEWAY, validated: state.lastGood, ...policy });
}

const gatewayOf = (release: string, processStartedMs?: number): GatewayIdentity => ({ release, processStartedMs });

const rejectionOf = (checksum: string, startedMs?: number) =>
  ({ checksum, release: RELEASE, startedMs, problems: PROBLEMS, source: "gateway" }) as const;

/** `lastApplied` is both the record on the volume and its checksum in the container. */
function stateOf({ desired, observed, lastApplied, lastGood, rejected }: Files): ConfigState {
  const whole = (content: Content) => (content instanceof Generation ? content : generationOf(content));
  const file = (content: Content | undefined) => (content === undefined ? undefined : whole(content));
  const sum = (content: Content) => whole(content).md5;
  return {
    desired: file(desired),
    observed: file(observed),
    changedMs: undefined,
    backupMs: undefined,
    pending: undefined,
    lastApplied: lastApplied === undefined ? undefined : sum(lastApplied),
    applied: file(lastApplied),
    accepted: undefined,
    lastGood: file(lastGood),
    lastGoodBase: undefined,
    clobbered: undefined,
    rejection: rejected === undefined ? undefined : rejectionOf(sum(rejected)),
    obstacles: [],
  };
}

/** The file that a plan delivers. */
const delivers = (text: string) => ({ live: { root: { bytes: Buffer.from(text) } } });

/** The live config that a plan leads to, as OpenClaw reads it. */
function meaningOf(result: ConfigPlan): unknown {
  const resolved = "target" in result ? result.target.live.resolved : undefined;
  return resolved?.kind === "parsed" ? resolved.value : resolved?.problem;
}

/** The record of a rejection by a gateway. */
const PROBLEMS = ['agents: Unrecognized key: "nonsense"'];

/** The problems of a rejection; empty if the config is not rejected. */
function problemsOf(desired: Content, more: Files = {}, policy: Partial<ConfigPolicy> = {}): string[] {
  const result = plan({ desired, ...more }, policy);
  return result.kind === "reject" ? result.problems : [];
}

describe("planConfig()", () => {
  test("is missing if the ConfigMap has no openclaw.json", () => {
    expect(plan({ observed: "{}", lastApplied: "{}" })).toEqual({ kind: "missing", lastGood: undefined });
  });

  test("writes a config to a volume without one", () => {
    const desired = generationOf("{a: {b: 1}, c: []}");
    expect(plan({ desired: "{a: {b: 1}, c: []}" })).toEqual({
      kind: "update",
      desired,
      target: {
        live: desired,
        mode: "verbatim",
        accepted: desired,
        dropped: new Map(),
        drift: [],
        notInGit: [],
        migrated: [],
        changedAtStart: [],
        isRestored: false,
      },
      paths: ["a.b", "c"],
      warnings: [],
      isHealing: false,
      fallback: undefined,
    });
  });

  test("does nothing if observed equals desired and a gateway has found it valid", () => {
    for (const lastApplied of ["{a: 1}", "{}"]) {
      expect(plan({ desired: "{a: 1}", observed: "{a: 1}", lastGood: "{a: 1}", lastApplied })).toMatchObject({
        kind: "none",
        desired: { root: { bytes: Buffer.from("{a: 1}") } },
        target: delivers("{a: 1}"),
      });
    }
  });

  test("validates a config that is in place and that no gateway has validated", () => {
    for (const lastGood of [{}, { lastGood: "{a: 2}" }, { lastGood: "{a:1}" }]) {
      expect(plan({ desired: "{a: 1}", observed: "{a: 1}", lastApplied: "{a: 1}", ...lastGood })).toMatchObject({
        kind: "validate",
        desired: { root: { bytes: Buffer.from("{a: 1}") } },
        target: delivers("{a: 1}"),
      });
    }
  });

  test("does nothing either if the gateway has found it valid and does not run with it yet", () => {
    const files = { desired: "{a: 1}", observed: "{a: 1}", lastApplied: "{a: 1}", lastGood: "{a: 0}" };
    expect(plan(files, { validated: generationOf("{a: 1}") })).toMatchObject({ kind: "none" });
    expect(plan(files, { validated: generationOf("{a: 2}") })).toMatchObject({ kind: "validate" });
  });

  test("validates a rejected config that is in place again: only the gateway can tell", () => {
    const files = { desired: "{a: 1}", observed: "{a: 1}", rejected: "{a: 1}", lastGood: "{}" };
    expect(plan(files)).toMatchObject({ kind: "validate" });
  });

  test("lets Git win in a new container, which has no record", () => {
    expect(plan({ desired: "{a: 1}", observed: "{a: 2}" })).toMatchObject({ kind: "update", paths: ["a"] });
  });

  test("overwrites an edit of the live file once the ConfigMap changes the same path", () => {
    expect(plan({ desired: "{a: 3}", observed: "{a: 2}", lastApplied: "{a: 1}" })).toMatchObject({
      kind: "update",
      target: delivers("{a: 3}"),
      isHealing: false,
    });
  });

  test("keeps an edit of another path when the ConfigMap changes", () => {
    const files = { desired: "{a: 3, b: 1}", observed: "{a: 1, b: 2, c: 4}", lastApplied: "{a: 1, b: 1}" };
    const result = plan(files);
    expect(result).toMatchObject({ kind: "update", paths: ["a"], isHealing: false });
    expect(meaningOf(result)).toEqual({ a: 3, b: 2, c: 4 });
    expect(plan(files, { mode: "replace" })).toMatchObject({ kind: "update", target: delivers(files.desired) });
  });

  test("restores a live file that is gone, although it was applied before", () => {
    expect(plan({ desired: "{a: 1}", lastApplied: "{a: 1}" })).toMatchObject({ kind: "update", isHealing: false });
  });

  test("delivers the bytes unchanged: comments, order, blanks and line ends", () => {
    for (const desired of [REALISTIC, "\uFEFF{}", "{\r\n  a: 1,\r\n}\r\n", "{b: 1, a: 1}  \n\n", '{"a":1,"a":2}']) {
      expect(plan({ desired })).toMatchObject({ kind: "update", target: delivers(desired) });
    }
  });

  test("carries the checksum that md5sum prints", () => {
    for (const files of [{ desired: "{}\n" }, { desired: "{}\n", observed: "{}\n" }]) {
      expect(plan(files)).toMatchObject({ desired: { md5: "8a80554c91d9fca8acb82f023de02f11" } });
    }
  });

  test("reports paths, never values", () => {
    const observed = '{gateway: {mode: "local", auth: {token: "old-s3cret"}}, x: 1}';
    const desired = '{gateway: {mode: "local", auth: {token: "new-s3cret"}}, y: ["s3cret"]}';
    const result = plan({ desired, observed }, { mode: "replace" });
    expect(result).toMatchObject({ kind: "update", paths: ["gateway.auth.token", "x", "y"] });
    // Without a record, nothing is taken out.
    expect(plan({ desired, observed })).toMatchObject({ kind: "update", paths: ["gateway.auth.token", "y"] });
  });

  test("repairs a live file that does not parse", () => {
    for (const observed of ["", "{", "\0", "[]"]) {
      expect(plan({ desired: "{a: 1}", observed })).toMatchObject({ kind: "update", paths: ["a"] });
    }
  });
});

describe("planConfig() rejects", () => {
  test.each([
    ["an empty file", "", "the file is empty"],
    ["a file of blanks", " \r\n\t", "the file is empty"],
    ["a byte order mark alone", "\uFEFF", "the file is empty"],
    ["a list", "[]", "expected an object at the top"],
    ["null", "null", "expected an object at the top"],
    ["a text", '"{}"', "expected an object at the top"],
    ["a number", "5", "expected an object at the top"],
    ["an object without end", '{"a": 1', "invalid end of input at 1:8"],
    ["two objects", "{}{}", "invalid character '{' at 1:3"],
    ["YAML", "gateway:\n  mode: local\n", "invalid character 'g' at 1:1"],
    ["NUL bytes", "{}\0", "invalid character '\\0' at 1:3"],
    ["a file of NUL bytes", "\0\0\0\0", "invalid character '\\0' at 1:1"],
  ])("%s", (_, desired, problem) => {
    expect(problemsOf(desired)).toEqual([problem]);
  });

  test.each([
    ["Latin-1", Buffer.from('{a: "caf\u00e9"}', "latin1")],
    ["UTF-16", Buffer.from('\uFEFF{a: "x"}', "utf16le")],
    ["a character that was cut", Buffer.from('{a: "🦞"}').subarray(0, 7)],
  ])("text in %s", (_, desired) => {
    expect(problemsOf(desired)).toEqual(["not UTF-8 text"]);
  });

  test("a config with its checksum, so that it is not reported again until it changes", () => {
    expect(plan({ desired: "{" })).toEqual({
      kind: "reject",
      desired: generationOf("{"),
      problems: ["invalid end of input at 1:2"],
      lastGood: undefined,
      source: undefined,
    });
  });

  test("a config without quoting more of it than one character", () => {
    for (const desired of ['{token: "s3cret" "s3cret"}', '{token: "s3cret', "s3cret", '{"token": s3cret}']) {
      expect(problemsOf(desired).join()).toMatch(/^invalid (character '.+'|end of input) at 1:\d+$/);
      expect(problemsOf(desired).join()).not.toContain("s3c");
    }
  });

  test("or accepts a config cut off at any byte, but never throws nor loses gateway.mode", () => {
    const whole = Buffer.from(REALISTIC);
    const kinds = new Set<string>();
    for (let length = 0; length <= whole.length; length++) {
      const result = plan({ desired: whole.subarray(0, length), observed: `${REALISTIC}\n` });
      kinds.add(result.kind);
      // Only a comment and blanks follow the last bracket.
      if (length < whole.lastIndexOf("}") + 1)
        expect(result).toMatchObject({ kind: "reject", problems: [expect.any(String)] });
      else expect(result).toMatchObject({ kind: "update", paths: [] });
    }
    expect(kinds).toEqual(new Set(["reject", "update"]));
  });

  test("or accepts a config with a NUL at any byte, but never throws", () => {
    for (let offset = 0; offset < Buffer.byteLength(REALISTIC); offset++) {
      const desired = Buffer.from(REALISTIC);
      desired[offset] = 0;
      expect(plan({ desired, observed: REALISTIC }).kind).toBeOneOf(["reject", "update"]);
    }
  });
});

describe("planConfig() and gateway.mode", () => {
  const LIVE = '{gateway: {mode: "local", port: 1}}';
  const MISSING = "gateway.mode is missing; the live file has it, and OpenClaw does not start without";

  const LOSES: [string, string][] = [
    ["is gone", "{gateway: {port: 1}}"],
    ["went with all of gateway", "{}"],
    ["is under another name", '{gateway: {Mode: "local"}}'],
    ["is where gateway is no object", '{gateway: "local"}'],
    ["is where gateway is null", "{gateway: null}"],
    ["is where gateway is a list", '{gateway: [{mode: "local"}]}'],
  ];

  test.each(LOSES)("rejects a config from which it %s", (_, desired) => {
    expect(problemsOf(desired, { observed: LIVE, lastApplied: LIVE })).toEqual([MISSING]);
    expect(problemsOf(desired, { observed: LIVE }, { mode: "replace" })).toEqual([MISSING]);
    expect(problemsOf(desired, { observed: LIVE }, { isPodStart: true, gateway: undefined })).toEqual([MISSING]);
  });

  test.each(LOSES)("rejects one from which it %s, when something else has changed the live file", (_, desired) => {
    const observed = '{gateway: {mode: "local", port: 1}, channels: {discord: {enabled: true}}, meta: {}}';
    expect(problemsOf(desired, { observed, lastApplied: LIVE })).toEqual([MISSING]);
  });

  test.each(LOSES)(
    "without a record, rejects a config from which it %s: at the next start nothing is merged",
    (_, desired) => {
      expect(problemsOf(desired, { observed: LIVE })).toEqual([MISSING]);
    },
  );

  test("accepts a config that has it, and rejects one that has another", () => {
    for (const mode of ["auto", "replace"] as const) {
      expect(problemsOf('{gateway: {mode: "local"}}', { observed: LIVE }, { mode })).toEqual([]);
      expect(problemsOf('{gateway: {mode: "remote"}}', { observed: LIVE }, { mode })).toEqual([
        "gateway.mode is not the live file's; OpenClaw does not start as a gateway with another one",
      ]);
    }
  });

  test("accepts a config without it if the live file has none, does not parse, or does not exist", () => {
    for (const mode of ["auto", "replace"] as const) {
      expect(problemsOf("{}", { observed: "{gateway: {port: 1}}" }, { mode })).toEqual([]);
      expect(problemsOf("{}", { observed: "{gateway: {mode:" }, { mode })).toEqual([]);
      expect(problemsOf("{}", {}, { mode })).toEqual([]);
    }
  });

  test("accepts a config without it if an included file brings it in, and only then", () => {
    const including = (text: string, file: string) => generationOf(text, { "base.json5": file });
    for (const [root, whole, part] of [
      ['{$include: "./base.json5"}', '{gateway: {mode: "local"}}', "{gateway: {port: 2}}"],
      ['{gateway: {$include: ["./base.json5"]}}', '{mode: "local"}', "{port: 2}"],
      ['{gateway: {port: 3, $include: "./base.json5"}}', '{mode: "local"}', "{port: 2}"],
    ] as const) {
      const files = { observed: LIVE, lastApplied: LIVE };
      expect(problemsOf(including(root, whole), files)).toEqual([]);
      expect(problemsOf(including(root, part), files)).toEqual([MISSING]);
    }
    const agents = generationOf('{agents: {$include: "./base.json5"}}', { "base.json5": "{list: []}" });
    expect(problemsOf(agents, { observed: LIVE, lastApplied: LIVE })).toEqual([MISSING]);
  });

  test("cannot know what a file brings in that only the gateway can read", () => {
    const roots = { directory: "/home/node/.openclaw", roots: ["/shared"] };
    const outside = new Map([["/shared/base.json5", undefined]]);
    for (const text of ['{$include: "/shared/base.json5"}', '{gateway: {$include: "/shared/base.json5"}}']) {
      const desired = new Generation(fileOf(text), roots, new Map(), outside);
      expect(problemsOf(desired, { observed: LIVE, lastApplied: LIVE })).toEqual([]);
    }
  });
});

describe("planConfig() of a config that a gateway has rejected", () => {
  const files = { desired: "{a: 2}", observed: "{a: 1}", rejected: "{a: 2}" };
  const refused = {
    kind: "reject",
    desired: generationOf("{a: 2}"),
    problems: PROBLEMS,
    lastGood: undefined,
    source: "gateway",
  } as const;

  test("does not try it again on the same release", () => {
    expect(plan(files)).toEqual(refused);
  });

  test("does not try it without a gateway to reject it", () => {
    expect(plan(files, { gateway: undefined })).toEqual(refused);
    expect(plan(files, { gateway: undefined, isPodStart: true })).toEqual(refused);
  });

  test("tries it again on another release", () => {
    for (const release of ["2026.9.7", "2026.9.5", "dev", ""]) {
      expect(plan(files, { gateway: gatewayOf(release) })).toMatchObject({ kind: "update", paths: ["a"] });
    }
  });

  test("tries another config", () => {
    expect(plan({ ...files, desired: "{a: 3}" })).toMatchObject({ kind: "update" });
    expect(plan({ ...files, desired: "{a: 2} " })).toMatchObject({ kind: "update" });
  });

  test("does not overwrite an edit of the live file with it, not even to self-heal", () => {
    for (const observed of ["{a: 5}", "{", ""]) {
      const edited = { ...files, observed, lastApplied: "{a: 2}" };
      expect(plan(edited, { selfHeal: true })).toEqual(refused);
    }
  });

  test("restores the last good config if the live file is gone", () => {
    const gone = { desired: "{a: 2}", rejected: "{a: 2}", lastGood: "{a: 1}" };
    expect(plan(gone)).toEqual({ ...refused, lastGood: generationOf("{a: 1}") });
    expect(plan(gone, { gateway: undefined })).toEqual({ ...refused, lastGood: generationOf("{a: 1}") });
  });

  test("tries it anyway if there is no other config at all", () => {
    expect(plan({ desired: "{a: 2}", rejected: "{a: 2}" })).toMatchObject({ kind: "update", paths: ["a"] });
  });

  test("leaves a live file in place, whatever the last good config is", () => {
    for (const observed of ["{a: 1}", "{", "[]"]) expect(plan({ ...files, observed, lastGood: "{}" })).toEqual(refused);
  });
});

describe("planConfig() of a config that a gateway process has rejected", () => {
  const STARTED_MS = 1_795_000_000_000;
  const files = { desired: "{a: 2}", observed: "{a: 1}" };

  /** The plan if that process rejected it, and this one answers. */
  function planFor(gateway: GatewayIdentity | undefined) {
    const rejection = rejectionOf(generationOf("{a: 2}").md5, STARTED_MS);
    return planConfig({ ...stateOf(files), rejection }, { ...NOBODY, gateway });
  }

  test("does not try it again on the same process, whose start is read a little otherwise each time", () => {
    for (const skewMs of [0, 4_999, -4_999]) {
      const result = planFor(gatewayOf(RELEASE, STARTED_MS + skewMs));
      expect(result).toMatchObject({ kind: "reject", problems: PROBLEMS, source: "gateway" });
    }
  });

  test("tries it again on another process: a plugin may be installed, or a variable be set", () => {
    for (const skewMs of [5_000, -5_000, 3_600_000]) {
      expect(planFor(gatewayOf(RELEASE, STARTED_MS + skewMs))).toMatchObject({ kind: "update" });
    }
    expect(planFor(gatewayOf("2026.9.7", STARTED_MS))).toMatchObject({ kind: "update" });
  });

  test("goes by the release if one of them does not tell when it started", () => {
    expect(planFor(gatewayOf(RELEASE))).toMatchObject({ kind: "reject" });
    const rejection = rejectionOf(generationOf("{a: 2}").md5);
    const policy = { ...NOBODY, gateway: gatewayOf(RELEASE, STARTED_MS) };
    expect(planConfig({ ...stateOf(files), rejection }, policy)).toMatchObject({ kind: "reject" });
  });

  test("holds it back while none answers", () => {
    expect(planFor(undefined)).toMatchObject({ kind: "reject" });
  });

  test("tries it again once a file changes that it includes from outside", () => {
    const outside = (text: string) => {
      const places = { directory: "/home/node/.openclaw", roots: ["/shared"] };
      const file = '{gateway: {mode: "local"}, agents: {$include: "/shared/agents.json5"}}';
      return new Generation(fileOf(file), places, new Map(), new Map([["/shared/agents.json5", fileOf(text)]]));
    };
    const rejection = rejectionOf(outside("{nonsense: 1}").verdictKey);
    const planOf = (text: string) =>
      planConfig(
        { ...stateOf({ desired: outside(text), observed: "{a: 1}" }), rejection },
        { ...NOBODY, gateway: GATEWAY },
      );
    expect(planOf("{nonsense: 1}")).toMatchObject({ kind: "reject" });
    expect(planOf("{list: []}")).toMatchObject({ kind: "update" });
  });
});

describe("planConfig() and the fallback for keys that OpenClaw has migrated", () => {
  const GIT = '{gateway: {mode: "local"}, routing: {allowFrom: ["+49"]}, models: {baseUrl: "http://localhost"}}';
  const NEXT = GIT.replace("localhost", "litellm");
  const LIVE =
    '{"gateway": {"mode": "local"}, "channels": {"allowFrom": ["+49"]}, "models": {"baseUrl": "http://localhost"}}';

  /** The plan in a new container, whose checksums are empty, and with this record on the volume. */
  function planAnew(applied: string | undefined, policy: Partial<ConfigPolicy> = {}, more: Files = {}) {
    const state = stateOf({ desired: NEXT, observed: LIVE, ...more });
    const record = applied === undefined ? undefined : generationOf(applied);
    return planConfig({ ...state, applied: record }, { ...NOBODY, gateway: GATEWAY, ...policy });
  }

  const fallbackOf = (result: ConfigPlan) => {
    const resolved = result.kind === "update" ? result.fallback?.live.resolved : undefined;
    return resolved?.kind === "parsed" ? resolved.value : undefined;
  };

  test("is Git's change since the record, on the live file", () => {
    const result = planAnew(GIT);
    expect(meaningOf(result)).toMatchObject({ routing: { allowFrom: ["+49"] }, channels: { allowFrom: ["+49"] } });
    expect(fallbackOf(result)).toEqual({
      gateway: { mode: "local" },
      channels: { allowFrom: ["+49"] },
      models: { baseUrl: "http://litellm" },
    });
    expect(result).toMatchObject({ fallback: { mode: "merged", migrated: ["routing.allowFrom"], drift: [] } });
  });

  test("is none without a record, or if it would be the same", () => {
    expect(planAnew(undefined)).toMatchObject({ kind: "update", fallback: undefined });
    expect(planAnew("{}")).toMatchObject({ kind: "update", fallback: undefined });
  });

  test("is none if the record counts: then the target itself is Git's change", () => {
    const result = plan({ desired: NEXT, observed: LIVE, lastApplied: GIT });
    expect(result).toMatchObject({ kind: "update", fallback: undefined });
    expect(meaningOf(result)).not.toHaveProperty("routing");
  });

  test("is none in the mode replace, at the start of a Pod, nor over a live file that does not parse", () => {
    expect(planAnew(GIT, { mode: "replace" })).toMatchObject({ kind: "update", fallback: undefined });
    for (const mode of ["auto", "merge"] as const) {
      const policy = { mode, isPodStart: true, gateway: undefined };
      expect(planAnew(GIT, policy)).toMatchObject({ kind: "update", fallback: undefined });
    }
    expect(planAnew(GIT, {}, { observed: "{" })).toMatchObject({ kind: "update", fallback: undefined });
  });
});

describe("planConfig() where the gateway has put its own backup back at its start", () => {
  const GIT = '{gateway: {mode: "local"}, routing: {allowFrom: ["+49"]}, models: {baseUrl: "http://litellm"}}';
  const OLDER = GIT.replace("litellm", "localhost");
  const GOOD =
    '{"gateway": {"mode": "local"}, "channels": {"allowFrom": ["+49"]}, "models": {"baseUrl": "http://localhost"}}';
  const start = { sinceMs: 1_000_000, readyMs: 1_030_000 };

  function planRestored(lastGoodBase?: string) {
    const state = stateOf({
      desired: GIT,
      observed: '{"gateway": {"mode": "local"}}',
      lastApplied: GIT,
      lastGood: GOOD,
    });
    const base = lastGoodBase === undefined ? undefined : generationOf(lastGoodBase);
    const known = { ...state, changedMs: 1_010_000, backupMs: 1_010_000, clobbered: fileOf(GIT), lastGoodBase: base };
    return planConfig(known, { ...NOBODY, gateway: GATEWAY, start });
  }

  test("delivers Git's bytes again, and that is no drift", () => {
    expect(planRestored()).toMatchObject({
      kind: "update",
      target: { isRestored: true, live: { root: { bytes: Buffer.from(GIT) } } },
      isHealing: false,
    });
  });

  test("falls back to Git's change on the files that last worked", () => {
    const result = planRestored(OLDER);
    const resolved = result.kind === "update" ? result.fallback?.live.resolved : undefined;
    expect(resolved).toEqual({
      kind: "parsed",
      value: { gateway: { mode: "local" }, channels: { allowFrom: ["+49"] }, models: { baseUrl: "http://litellm" } },
    });
  });
});

describe("planConfig() of a config that would break the gateway", () => {
  const BROKEN = ["invalid end of input at 1:2"];

  test("restores the last good config if the live file is gone", () => {
    const result = plan({ desired: "{", lastGood: "{a: 1}" });
    expect(result).toMatchObject({
      kind: "reject",
      problems: BROKEN,
      lastGood: { root: { bytes: Buffer.from("{a: 1}") } },
    });
  });

  test("restores nothing without a last good config", () => {
    for (const isPodStart of [false, true]) {
      expect(plan({ desired: "{" }, { isPodStart })).toMatchObject({ kind: "reject", lastGood: undefined });
      expect(plan({ desired: "{", observed: "[" }, { isPodStart })).toMatchObject({ lastGood: undefined });
    }
  });

  test("restores it over a live file that does not parse at the start of a Pod, when nobody edits it", () => {
    for (const observed of ["", "{a", "[]", "\0"]) {
      const files = { desired: "{", observed, lastGood: "{a: 1}" };
      expect(plan(files, { isPodStart: true })).toMatchObject({
        problems: BROKEN,
        lastGood: { root: { bytes: Buffer.from("{a: 1}") } },
      });
      expect(plan(files)).toMatchObject({ problems: BROKEN, lastGood: undefined });
    }
  });

  test("does not restore it over a live file that parses", () => {
    const result = plan({ desired: "{", observed: "{a: 2}", lastGood: "{a: 1}" }, { isPodStart: true });
    expect(result).toMatchObject({ kind: "reject", lastGood: undefined });
  });

  test("ignores an edit of the live file: Git has nothing to restore", () => {
    const files = { desired: "{", observed: "{a: 2}", lastApplied: "{" };
    expect(plan(files, { selfHeal: true })).toMatchObject({ kind: "reject", problems: BROKEN });
  });
});

describe("planConfig() of drift", () => {
  const files = { desired: "{a: 1, b: {c: 1}}", observed: "{a: 2, b: {}}", lastApplied: "{a: 1, b: {c: 1}}" };

  test("leaves the edit and names the changed paths", () => {
    for (const mode of ["auto", "merge", "replace"] as const) {
      expect(plan(files, { mode })).toMatchObject({ kind: "drift", paths: ["a", "b.c"] });
    }
  });

  test("reverts it with selfHeal", () => {
    for (const mode of ["auto", "merge", "replace"] as const) {
      expect(plan(files, { mode, selfHeal: true })).toMatchObject({
        kind: "update",
        target: delivers(files.desired),
        paths: ["a", "b.c"],
        warnings: [],
        isHealing: true,
      });
    }
  });

  test("is only what Git declares: what something else has added stays, and is no drift", () => {
    const observed = "{a: 1, b: {c: 1, d: 2}, plugins: {entries: {telegram: {enabled: true}}}}";
    for (const selfHeal of [false, true]) {
      const result = plan({ ...files, observed, lastGood: observed }, { selfHeal });
      expect(result).toMatchObject({ kind: "none", target: delivers(observed) });
      expect(result).toMatchObject({
        target: { drift: [], notInGit: ["b.d", "plugins.entries.telegram.enabled"], migrated: [] },
      });
    }
    const edited = "{a: 2, b: {c: 1, d: 2}}";
    expect(plan({ ...files, observed: edited })).toMatchObject({ kind: "drift", paths: ["a"] });
    const healed = plan({ ...files, observed: edited }, { selfHeal: true });
    expect(healed).toMatchObject({ kind: "update", paths: ["a"], isHealing: true });
    expect(meaningOf(healed)).toEqual({ a: 1, b: { c: 1, d: 2 } });
  });

  test("is every difference in the mode replace", () => {
    const observed = "{a: 1, b: {c: 1, d: 2}}";
    expect(plan({ ...files, observed }, { mode: "replace" })).toMatchObject({ kind: "drift", paths: ["b.d"] });
    expect(plan({ ...files, observed }, { mode: "replace", selfHeal: true })).toMatchObject({
      kind: "update",
      target: delivers(files.desired),
      isHealing: true,
    });
  });

  test("names no paths if the live file does not parse: all of them would differ", () => {
    for (const mode of ["auto", "merge", "replace"] as const) {
      for (const observed of ["", "{", "[]"]) {
        expect(plan({ ...files, observed }, { mode })).toMatchObject({ kind: "drift", paths: [] });
        const healed = plan({ ...files, observed }, { mode, selfHeal: true });
        expect(healed).toMatchObject({ kind: "update", target: delivers(files.desired), isHealing: true });
      }
    }
  });

  const SAME_MEANING = [
    '{"b": {"c": 1}, "a": 1}',
    '{"a": 1, "b": {"c": 1}, "meta": {"lastTouchedVersion": "2026.9.6", "lastTouchedAt": "2026-11-22T10:00:00Z"}}',
  ];

  test.each(SAME_MEANING)("is not that only the formatting or OpenClaw's own stamp differs: %s", (observed) => {
    for (const mode of ["auto", "merge", "replace"] as const) {
      for (const selfHeal of [false, true]) {
        const result = plan({ ...files, observed, lastGood: observed }, { mode, selfHeal });
        expect({ mode, selfHeal, kind: result.kind }).toEqual({ mode, selfHeal, kind: "none" });
      }
    }
  });

  test("delivers Git's bytes, even with equal values, if they were not applied last", () => {
    const observed = '{"b": {"c": 1}, "a": 1}';
    for (const lastApplied of [{}, { lastApplied: "{}" }]) {
      const result = plan({ desired: files.desired, observed, ...lastApplied });
      expect(result).toMatchObject({ kind: "update", target: delivers(files.desired), paths: [], isHealing: false });
    }
  });

  test("does not name the stamp among the changed paths", () => {
    const observed = '{"a": 2, "b": {"c": 1}, "meta": {"lastTouchedVersion": "2026.9.6"}}';
    expect(plan({ ...files, observed })).toMatchObject({ kind: "drift", paths: ["a"] });
    for (const mode of ["auto", "replace"] as const) {
      expect(plan({ desired: "{a: 3}", observed: '{"a": 2, "meta": {}}' }, { mode })).toMatchObject({ paths: ["a"] });
    }
  });

  test("keeps the stamp when it is healed", () => {
    const observed = '{"a": 2, "b": {"c": 1}, "meta": {"lastTouchedVersion": "2026.9.6"}}';
    const healed = plan({ ...files, observed }, { selfHeal: true });
    expect(meaningOf(healed)).toEqual({ a: 1, b: { c: 1 }, meta: { lastTouchedVersion: "2026.9.6" } });
  });

  test("does not self-heal with a config that lacks gateway.mode, in the mode replace", () => {
    const edited = { desired: "{}", observed: '{gateway: {mode: "local"}}', lastApplied: "{}" };
    expect(plan(edited, { mode: "replace", selfHeal: true })).toMatchObject({ kind: "reject" });
    // Git never had it, so it is nobody's to take out.
    for (const selfHeal of [false, true]) {
      const result = plan({ ...edited, lastGood: edited.observed }, { selfHeal });
      expect(result).toMatchObject({ kind: "none", target: { drift: [], notInGit: ["gateway.mode"] } });
    }
  });
});

describe("planConfig() of a config that has shrunk", () => {
  const LONG = `{a: 1, b: "${"x".repeat(89)}"}`;
  const warningsOf = (desired: string, more: Files = {}, selfHeal = false) => {
    const result = plan({ desired, observed: LONG, lastApplied: LONG, ...more }, { selfHeal });
    return result.kind === "update" ? result.warnings : undefined;
  };

  test("warns below half the former size, and delivers it", () => {
    expect(LONG).toHaveLength(102);
    expect(warningsOf("{a: 1}".padEnd(50))).toEqual([
      "WARNING: Config is less than half its former size: 102 bytes before, 50 now",
    ]);
  });

  test("does not warn at half the size or more", () => {
    for (const length of [51, 52, 102, 200]) expect(warningsOf("{a: 1}".padEnd(length))).toEqual([]);
  });

  test("counts bytes, as ls does", () => {
    const desired = `{a: "${"あ".repeat(15)}"}`; // 22 characters, 52 bytes
    expect(warningsOf(desired)).toEqual([]);
  });

  test("compares with what Git said before, not with what OpenClaw has added to it", () => {
    const observed = `${LONG.slice(0, -1)}, meta: {lastTouchedVersion: "${"9".repeat(100)}"}}`;
    expect(warningsOf("{a: 1}".padEnd(60), { observed })).toEqual([]);
    expect(warningsOf("{a: 1}".padEnd(50), { observed })).toEqual([
      expect.stringContaining("102 bytes before, 50 now"),
    ]);
  });

  test("compares with the live file if it is unknown what Git said before", () => {
    const policy = { isPodStart: true, gateway: undefined } as const;
    expect(plan({ desired: "{a: 1}".padEnd(50), observed: LONG }, policy)).toMatchObject({
      kind: "update",
      warnings: ["WARNING: Config is less than half its former size: 102 bytes before, 50 now"],
    });
  });

  test("does not warn of a root that moves its content into included files", () => {
    const desired = generationOf('{a: 1, b: {$include: "./b.json5"}}', { "b.json5": `"${"x".repeat(89)}"` });
    expect(plan({ desired, observed: LONG, lastApplied: LONG })).toMatchObject({ kind: "update", warnings: [] });
  });

  test("does not warn without a live file, nor when drift is reverted", () => {
    const first = plan({ desired: "{a: 1}" });
    expect(first).toMatchObject({ kind: "update", warnings: [] });
    const drifted = { observed: LONG.replace("a: 1", "a: 2"), lastApplied: "{a: 1}" };
    expect(warningsOf("{a: 1}", drifted, true)).toEqual([]);
  });
});

describe("planConfig() of a config with duplicate keys", () => {
  const TWICE = "{a: 1, b: {c: 1, 'c': 2}, a: 3}";

  test("warns of each key of which only the last one counts, and delivers it", () => {
    expect(plan({ desired: TWICE, observed: "{a: 1}" })).toMatchObject({
      kind: "update",
      target: delivers(TWICE),
      warnings: [
        "WARNING: Config has a key twice, and only the last one counts: a",
        "WARNING: Config has a key twice, and only the last one counts: b.c",
      ],
    });
  });

  test("does not repeat the warning when drift is reverted", () => {
    const edited = { desired: TWICE, observed: "{a: 5}", lastApplied: TWICE };
    expect(plan(edited, { selfHeal: true })).toMatchObject({ kind: "update", warnings: [] });
  });
});

describe("planConfig() of a bad config that is in place", () => {
  const GOOD = "{a: 1}";

  test("restores the last good config if the bytes in Git and in place do not parse", () => {
    expect(plan({ desired: "{", observed: "{", lastGood: GOOD })).toMatchObject({
      kind: "reject",
      problems: ["invalid end of input at 1:2"],
      lastGood: { root: { bytes: Buffer.from(GOOD) } },
    });
  });

  test("restores nothing that OpenClaw cannot read: something else may have written the record", () => {
    for (const lastGood of ["{", "", "[]", "{a: {$include: './gone.json5'}}"]) {
      const files = { desired: "{", observed: "{", lastGood };
      expect(plan(files, { validated: undefined })).toMatchObject({ kind: "reject", lastGood: undefined });
      expect(plan({ lastGood })).toEqual({ kind: "missing", lastGood: undefined });
    }
  });

  test("asks the gateway about files that only the record calls good", () => {
    const files = { desired: "{a: 2}", observed: "{a: 2}", lastGood: "{a: 2}" };
    expect(plan(files, { validated: undefined })).toMatchObject({ kind: "validate" });
    expect(plan(files, { gateway: undefined, validated: undefined })).toMatchObject({ kind: "none" });
  });

  test("restores it if the config was rejected and no gateway can validate it again", () => {
    const files = { desired: "{a: 2}", observed: "{a: 2}", rejected: "{a: 2}", lastGood: GOOD };
    expect(plan(files, { gateway: undefined })).toMatchObject({
      kind: "reject",
      lastGood: { root: { bytes: Buffer.from(GOOD) } },
    });
    expect(plan(files)).toMatchObject({ kind: "validate" });
    const { lastGood: _, ...without } = files;
    expect(plan(without, { gateway: undefined })).toMatchObject({ kind: "validate" });
  });

  test("restores it if the live file and the ConfigMap's file are gone", () => {
    expect(plan({ lastGood: GOOD })).toMatchObject({
      kind: "missing",
      lastGood: { root: { bytes: Buffer.from(GOOD) } },
    });
    expect(plan({ observed: "{", lastGood: GOOD })).toEqual({ kind: "missing", lastGood: undefined });
    expect(plan({ observed: "{", lastGood: GOOD }, { isPodStart: true })).toMatchObject({
      lastGood: { root: { bytes: Buffer.from(GOOD) } },
    });
  });

  test("replaces a live file that is nested too deeply", () => {
    const observed = `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;
    expect(plan({ desired: GOOD, observed })).toMatchObject({ kind: "update" });
    expect(plan({ desired: observed, observed: GOOD })).toMatchObject({
      kind: "reject",
      problems: ["nested too deeply"],
    });
  });
});

describe("planConfig() of every combination of state and policy", () => {
  const CONTENTS = ["{a: 1}", "{a: 2}", "{a: 1, meta: {}}", '{gateway: {mode: "local"}}', "{", "", undefined];
  const KNOWN = ["{a: 1}", "{a: 2}", undefined];

  /** All combinations of one item of each list. */
  function combine<T>(lists: Record<string, readonly T[]>): Record<string, T>[] {
    return Object.entries(lists).reduce<Record<string, T>[]>(
      (cases, [name, items]) => cases.flatMap((one) => items.map((item) => ({ ...one, [name]: item }))),
      [{}],
    );
  }

  const parsedOnce = new Map(CONTENTS.flatMap((text) => (text === undefined ? [] : [[text, generationOf(text)]])));

  /** The same state, whose files are parsed only once for all tests. */
  function known(files: Files): ConfigState {
    return stateOf(
      Object.fromEntries(Object.entries(files).map(([name, text]) => [name, parsedOnce.get(text) ?? text])),
    );
  }

  const FILES: Files[] = combine({
    desired: CONTENTS,
    observed: CONTENTS,
    lastApplied: ["{a: 1}", "{", undefined],
    lastGood: KNOWN,
    rejected: KNOWN,
  }).map((files) => Object.fromEntries(Object.entries(files).filter(([, content]) => content !== undefined)));

  const POLICIES: ConfigPolicy[] = (["auto", "merge", "replace"] as const).flatMap((mode) =>
    [undefined, GATEWAY, gatewayOf("dev")].flatMap((gateway) =>
      combine({ selfHeal: [false, true], isPodStart: [false, true] }).map(
        ({ selfHeal = false, isPodStart = false }): ConfigPolicy => {
          const nothing = { start: undefined, before: undefined, validated: undefined };
          return Object.assign(nothing, { mode, gateway, selfHeal, isPodStart });
        },
      ),
    ),
  );

  /** The promises for every plan, and whether this plan keeps them. */
  function listPromises(files: Files, policy: ConfigPolicy, result: ConfigPlan): Record<string, boolean> {
    const { desired, observed, lastGood } = known(files);
    if (result.kind === "missing") return { "missing means that the ConfigMap has no file": desired === undefined };
    const always = { "it is about the ConfigMap's file": result.desired.equals(desired) };
    const isGitApplied = files.lastApplied === files.desired;
    const isEdit = isGitApplied && observed !== undefined && !observed.equals(desired);
    const isRefused = files.rejected === files.desired && policy.gateway?.release !== "dev";
    const isOwn = policy.mode === "replace" || (policy.mode === "auto" && policy.isPodStart);
    if (result.kind === "reject") {
      const isThere = observed?.equals(desired) === true;
      const isLost = observed === undefined || (policy.isPodStart && observed.resolved.kind === "broken");
      return {
        ...always,
        "a rejection has a reason": result.problems.length > 0,
        "it says who has rejected it": result.source === undefined || isRefused,
        "the last good config replaces only a file that is lost, or that is what it should be":
          result.lastGood === undefined || (result.lastGood.equals(lastGood) && (isLost || isThere || !isOwn)),
        "it does replace a lost file":
          !isLost || result.lastGood === lastGood || lastGood?.equals(result.lastGood) === true,
      };
    }
    const { live } = result.target;
    const isInPlace = live.equals(observed);
    const isMerged = result.target.mode === "merged";
    const targeted = {
      ...always,
      "Git's values are the target where nothing is merged, and nothing has drifted":
        isMerged || result.target.drift.length > 0 || differences(live, desired).length === 0,
      "nothing is merged in the mode replace, at the start of a Pod, nor with a file that does not parse":
        !isMerged || (!isOwn && observed?.resolved.kind === "parsed"),
    };
    switch (result.kind) {
      case "none": {
        const isSame = policy.mode === "replace" && differences(observed, live).length === 0 && isGitApplied;
        return { ...targeted, "nothing is done only if nothing is to be written": isInPlace || isSame };
      }
      case "validate":
        return { ...targeted, "only files in place are validated": isInPlace };
      case "drift":
        return { ...targeted, "drift is an edit that is not reverted": isEdit && !policy.selfHeal };
      case "update":
        return {
          ...targeted,
          "files in place are not delivered again": !isInPlace,
          "only a config that parses is delivered": live.resolved.kind === "parsed",
          "an edit is reverted only with selfHeal": !result.isHealing || (policy.selfHeal && isEdit),
          "no value of an edit is lost without selfHeal, but at the start of a Pod":
            !isEdit || policy.selfHeal || policy.isPodStart || differences(observed, live).length === 0,
          "a rejected config is the last resort": !isRefused || (observed ?? lastGood) === undefined,
        };
    }
  }

  test("keeps its promises", () => {
    const kinds = new Set<string>();
    const broken = FILES.flatMap((files) =>
      POLICIES.flatMap((policy) => {
        const result = planConfig(known(files), policy);
        kinds.add(result.kind);
        const promises = Object.entries(listPromises(files, policy, result));
        return promises.filter(([, isKept]) => !isKept).map(([promise]) => ({ promise, files, policy, result }));
      }),
    );
    expect(broken.slice(0, 3)).toEqual([]);
    expect(kinds).toEqual(new Set(["missing", "none", "validate", "drift", "reject", "update"]));
  });
});

describe("planConfig() of a config that is nested too deeply", () => {
  const nest = (depth: number, leaf: string) => `${'{"a":'.repeat(depth)}${leaf}${"}".repeat(depth)}`;

  test("rejects it with a reason", () => {
    const result = plan({ desired: nest(50_000, "1"), observed: "{}" });
    expect(result).toMatchObject({ kind: "reject", problems: ["nested too deeply"] });
  });

  test("replaces a live file that is nested too deeply", () => {
    expect(plan({ desired: "{b: 1}", observed: nest(50_000, "1") }).kind).toBeOneOf(["reject", "update"]);
  });
});

describe("planConfig() of an empty gateway.mode", () => {
  test.each(["null", '""', "7"])("treats %s as no mode", (mode) => {
    const observed = '{"gateway":{"mode":"local"}}';
    expect(plan({ desired: `{"gateway":{"mode":${mode}}}`, observed }).kind).toBe("reject");
  });
});
