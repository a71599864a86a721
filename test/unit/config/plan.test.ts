import { describe, expect, test } from "bun:test";
import { computeChecksum } from "../../../lib/files/checksum.ts";
import { type ConfigPlan, type ConfigPolicy, planConfig } from "../../../lib/config/plan.ts";
import type { ConfigState } from "../../../lib/config/observe.ts";
import { fileOf } from "../../support/fakes.ts";

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

type Content = string | Uint8Array;

/** The state, given as contents: bytes or a checksum of them. What is left out does not exist. */
interface Files {
  desired?: Content;
  observed?: Content;
  lastApplied?: Content;
  lastGood?: Content;
  rejected?: Content;
}

const RELEASE = "2026.9.6";
const NOBODY: ConfigPolicy = { release: undefined, selfHeal: false, isPodStart: false };

/** The policy with a gateway, unless a test overrides it. */
function plan(files: Files, policy: Partial<ConfigPolicy> = {}): ConfigPlan {
  return planConfig(stateOf(files), { ...NOBODY, release: RELEASE, ...policy });
}

function stateOf({ desired, observed, lastApplied, lastGood, rejected }: Files): ConfigState {
  const file = (content: Content | undefined) => (content === undefined ? undefined : fileOf(content));
  const sum = (content: Content) => computeChecksum(Buffer.from(content));
  return {
    desired: file(desired),
    observed: file(observed),
    lastApplied: lastApplied === undefined ? undefined : sum(lastApplied),
    lastGood: file(lastGood),
    rejection: rejected === undefined ? undefined : { checksum: sum(rejected), release: RELEASE, problems: PROBLEMS },
  };
}

/** The record of a rejection by a gateway. */
const PROBLEMS = ['agents: Unrecognized key: "nonsense"'];

/** The problems of a rejection; empty if the config is not rejected. */
function problemsOf(desired: string | Uint8Array, observed?: string): string[] {
  const result = plan(observed === undefined ? { desired } : { desired, observed });
  return result.kind === "reject" ? result.problems : [];
}

describe("planConfig()", () => {
  test("is missing if the ConfigMap has no openclaw.json", () => {
    expect(plan({ observed: "{}", lastApplied: "{}" })).toEqual({ kind: "missing", lastGood: undefined });
  });

  test("writes a config to a volume without one", () => {
    expect(plan({ desired: "{a: {b: 1}, c: []}" })).toEqual({
      kind: "update",
      file: fileOf("{a: {b: 1}, c: []}"),
      paths: ["a.b", "c"],
      warnings: [],
      isHealing: false,
    });
  });

  test("does nothing if observed equals desired and a gateway has found it valid", () => {
    for (const lastApplied of ["{a: 1}", "{}"]) {
      expect(plan({ desired: "{a: 1}", observed: "{a: 1}", lastGood: "{a: 1}", lastApplied })).toEqual({
        kind: "none",
        file: fileOf("{a: 1}"),
      });
    }
  });

  test("validates a config that is in place and that no gateway has validated", () => {
    for (const lastGood of [{}, { lastGood: "{a: 2}" }, { lastGood: "{a:1}" }]) {
      expect(plan({ desired: "{a: 1}", observed: "{a: 1}", lastApplied: "{a: 1}", ...lastGood })).toEqual({
        kind: "validate",
        file: fileOf("{a: 1}"),
      });
    }
  });

  test("validates a rejected config that is in place again: only the gateway can tell", () => {
    const files = { desired: "{a: 1}", observed: "{a: 1}", rejected: "{a: 1}", lastGood: "{}" };
    expect(plan(files)).toMatchObject({ kind: "validate" });
  });

  test("lets Git win in a new container, which has no record", () => {
    expect(plan({ desired: "{a: 1}", observed: "{a: 2}" })).toMatchObject({ kind: "update", paths: ["a"] });
  });

  test("overwrites an edit of the live file once the ConfigMap changes", () => {
    expect(plan({ desired: "{a: 3}", observed: "{a: 2}", lastApplied: "{a: 1}" })).toMatchObject({
      kind: "update",
      isHealing: false,
    });
  });

  test("restores a live file that is gone, although it was applied before", () => {
    expect(plan({ desired: "{a: 1}", lastApplied: "{a: 1}" })).toMatchObject({ kind: "update", isHealing: false });
  });

  test("delivers the bytes unchanged: comments, order, blanks and line ends", () => {
    for (const desired of [REALISTIC, "\uFEFF{}", "{\r\n  a: 1,\r\n}\r\n", "{b: 1, a: 1}  \n\n", '{"a":1,"a":2}']) {
      expect(plan({ desired })).toMatchObject({ kind: "update", file: { bytes: Buffer.from(desired) } });
    }
  });

  test("carries the checksum that md5sum prints", () => {
    for (const files of [{ desired: "{}\n" }, { desired: "{}\n", observed: "{}\n" }]) {
      expect(plan(files)).toMatchObject({ file: { md5: "8a80554c91d9fca8acb82f023de02f11" } });
    }
  });

  test("reports paths, never values", () => {
    const observed = '{gateway: {mode: "local", auth: {token: "old-s3cret"}}, x: 1}';
    const desired = '{gateway: {mode: "local", auth: {token: "new-s3cret"}}, y: ["s3cret"]}';
    const result = plan({ desired, observed });
    expect(result).toMatchObject({ kind: "update", paths: ["gateway.auth.token", "x", "y"] });
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
      file: fileOf("{"),
      problems: ["invalid end of input at 1:2"],
      lastGood: undefined,
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

  test.each([
    ["is gone", "{gateway: {port: 1}}"],
    ["went with all of gateway", "{}"],
    ["is under another name", '{gateway: {Mode: "local"}}'],
    ["is where gateway is no object", '{gateway: "local"}'],
    ["is where gateway is null", "{gateway: null}"],
    ["is where gateway is a list", '{gateway: [{mode: "local"}]}'],
  ])("rejects a config from which it %s", (_, desired) => {
    expect(problemsOf(desired, LIVE)).toEqual([MISSING]);
  });

  test("accepts a config that has it, and rejects one that has another", () => {
    expect(problemsOf('{gateway: {mode: "local"}}', LIVE)).toEqual([]);
    expect(problemsOf('{gateway: {mode: "remote"}}', LIVE)).toEqual([
      "gateway.mode is not the live file's; OpenClaw does not start as a gateway with another one",
    ]);
  });

  test("accepts a config without it if the live file has none, does not parse, or does not exist", () => {
    expect(problemsOf("{}", "{gateway: {port: 1}}")).toEqual([]);
    expect(problemsOf("{}", "{gateway: {mode:")).toEqual([]);
    expect(problemsOf("{}")).toEqual([]);
  });

  test("accepts a config without it if an $include may bring it in", () => {
    expect(problemsOf('{$include: "./base.json5"}', LIVE)).toEqual([]);
    expect(problemsOf('{gateway: {$include: ["./gateway.json5"]}}', LIVE)).toEqual([]);
    expect(problemsOf('{agents: {$include: "./agents.json5"}}', LIVE)).toEqual([MISSING]);
  });
});

describe("planConfig() of a config that a gateway has rejected", () => {
  const files = { desired: "{a: 2}", observed: "{a: 1}", rejected: "{a: 2}" };
  const refused = {
    kind: "reject",
    file: fileOf("{a: 2}"),
    problems: PROBLEMS,
    lastGood: undefined,
  } as const;

  test("does not try it again on the same release", () => {
    expect(plan(files)).toEqual(refused);
  });

  test("does not try it without a gateway to reject it", () => {
    expect(plan(files, { release: undefined })).toEqual(refused);
    expect(plan(files, { release: undefined, isPodStart: true })).toEqual(refused);
  });

  test("tries it again on another release", () => {
    for (const release of ["2026.9.7", "2026.9.5", "dev", ""]) {
      expect(plan(files, { release })).toMatchObject({ kind: "update", paths: ["a"] });
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
    expect(plan(gone)).toEqual({ ...refused, lastGood: fileOf("{a: 1}") });
    expect(plan(gone, { release: undefined })).toEqual({ ...refused, lastGood: fileOf("{a: 1}") });
  });

  test("tries it anyway if there is no other config at all", () => {
    expect(plan({ desired: "{a: 2}", rejected: "{a: 2}" })).toMatchObject({ kind: "update", paths: ["a"] });
  });

  test("leaves a live file in place, whatever the last good config is", () => {
    for (const observed of ["{a: 1}", "{", "[]"]) expect(plan({ ...files, observed, lastGood: "{}" })).toEqual(refused);
  });
});

describe("planConfig() of a config that would break the gateway", () => {
  const BROKEN = ["invalid end of input at 1:2"];

  test("restores the last good config if the live file is gone", () => {
    const result = plan({ desired: "{", lastGood: "{a: 1}" });
    expect(result).toMatchObject({ kind: "reject", problems: BROKEN, lastGood: { bytes: Buffer.from("{a: 1}") } });
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
        lastGood: { bytes: Buffer.from("{a: 1}") },
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
  const file = fileOf(files.desired);

  test("leaves the edit and names the changed paths", () => {
    expect(plan(files)).toEqual({ kind: "drift", file, paths: ["a", "b.c"] });
  });

  test("reverts it with selfHeal", () => {
    expect(plan(files, { selfHeal: true })).toEqual({
      kind: "update",
      file,
      paths: ["a", "b.c"],
      warnings: [],
      isHealing: true,
    });
  });

  test("names no paths if the live file does not parse: all of them would differ", () => {
    for (const observed of ["", "{", "[]"]) {
      expect(plan({ ...files, observed })).toEqual({ kind: "drift", file, paths: [] });
      expect(plan({ ...files, observed }, { selfHeal: true })).toMatchObject({ kind: "update", isHealing: true });
    }
  });

  test("sees no drift if only the formatting or OpenClaw's own stamp differs", () => {
    for (const observed of [
      '{"b": {"c": 1}, "a": 1}',
      '{"a": 1, "b": {"c": 1}, "meta": {"lastTouchedVersion": "2026.9.6", "lastTouchedAt": "2026-11-22T10:00:00Z"}}',
    ]) {
      for (const selfHeal of [false, true]) {
        expect(plan({ ...files, observed }, { selfHeal })).toEqual({
          kind: "none",
          file,
        });
      }
    }
  });

  test("delivers Git's bytes, even with equal values, if they were not applied last", () => {
    const observed = '{"b": {"c": 1}, "a": 1}';
    for (const lastApplied of [{}, { lastApplied: "{}" }]) {
      const result = plan({ desired: files.desired, observed, ...lastApplied });
      expect(result).toMatchObject({ kind: "update", paths: [], isHealing: false });
    }
  });

  test("does not name the stamp among the changed paths", () => {
    const observed = '{"a": 2, "b": {"c": 1}, "meta": {"lastTouchedVersion": "2026.9.6"}}';
    expect(plan({ ...files, observed })).toEqual({ kind: "drift", file, paths: ["a"] });
    expect(plan({ desired: "{a: 3}", observed: '{"a": 2, "meta": {}}' })).toMatchObject({ paths: ["a"] });
  });

  test("does not self-heal with a config that lacks gateway.mode", () => {
    const edited = { desired: "{}", observed: '{gateway: {mode: "local"}}', lastApplied: "{}" };
    for (const selfHeal of [false, true]) expect(plan(edited, { selfHeal })).toMatchObject({ kind: "reject" });
  });
});

describe("planConfig() of a config that has shrunk", () => {
  const LONG = `{a: 1, b: "${"x".repeat(89)}"}`;
  const warningsOf = (desired: string, more: Files = {}, selfHeal = false) => {
    const result = plan({ desired, observed: LONG, ...more }, { selfHeal });
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
    const desired = `{a: "${"あ".repeat(15)}"}`; // 22 characters
    expect(warningsOf(desired)).toEqual([]);
  });

  test("does not warn without a live file, nor when drift is reverted", () => {
    const first = plan({ desired: "{a: 1}" });
    expect(first).toMatchObject({ kind: "update", warnings: [] });
    expect(warningsOf("{a: 1}", { lastApplied: "{a: 1}" }, true)).toEqual([]);
  });
});

describe("planConfig() of a config with duplicate keys", () => {
  const TWICE = "{a: 1, b: {c: 1, 'c': 2}, a: 3}";

  test("warns of each key of which only the last one counts, and delivers it", () => {
    expect(plan({ desired: TWICE, observed: "{a: 1}" })).toMatchObject({
      kind: "update",
      file: { bytes: Buffer.from(TWICE) },
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
      lastGood: fileOf(GOOD),
    });
  });

  test("restores it if the config was rejected and no gateway can validate it again", () => {
    const files = { desired: "{a: 2}", observed: "{a: 2}", rejected: "{a: 2}", lastGood: GOOD };
    expect(plan(files, { release: undefined })).toMatchObject({
      kind: "reject",
      lastGood: { bytes: Buffer.from(GOOD) },
    });
    expect(plan(files)).toMatchObject({ kind: "validate" });
    const { lastGood: _, ...without } = files;
    expect(plan(without, { release: undefined })).toMatchObject({ kind: "validate" });
  });

  test("restores it if the live file and the ConfigMap's file are gone", () => {
    expect(plan({ lastGood: GOOD })).toEqual({ kind: "missing", lastGood: fileOf(GOOD) });
    expect(plan({ observed: "{", lastGood: GOOD })).toEqual({ kind: "missing", lastGood: undefined });
    expect(plan({ observed: "{", lastGood: GOOD }, { isPodStart: true })).toMatchObject({
      lastGood: fileOf(GOOD),
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

  const FILES: Files[] = combine({
    desired: CONTENTS,
    observed: CONTENTS,
    lastApplied: ["{a: 1}", "{", undefined],
    lastGood: KNOWN,
    rejected: KNOWN,
  }).map((files) => Object.fromEntries(Object.entries(files).filter(([, content]) => content !== undefined)));

  const POLICIES: ConfigPolicy[] = combine<string | undefined>({ release: [undefined, RELEASE, "dev"] }).flatMap(
    ({ release }) =>
      combine({ selfHeal: [false, true], isPodStart: [false, true] }).map(
        ({ selfHeal = false, isPodStart = false }) => {
          return { release, selfHeal, isPodStart };
        },
      ),
  );

  /** The promises for every plan, and whether this plan keeps them. */
  function listPromises(files: Files, policy: ConfigPolicy, result: ConfigPlan): Record<string, boolean> {
    const isThere = files.desired !== undefined && files.observed === files.desired;
    const isEdit = files.lastApplied === files.desired && files.observed !== undefined && !isThere;
    const { observed, lastGood } = stateOf(files);
    if (result.kind === "missing")
      return { "missing means that the ConfigMap has no file": files.desired === undefined };
    const always = {
      "the file is the ConfigMap's": result.file.equals(stateOf(files).desired),
      "a file in place is not delivered again": !isThere || (result.kind !== "update" && result.kind !== "drift"),
    };
    switch (result.kind) {
      case "none":
        return { ...always, "nothing is done only for equal bytes or equal values": isThere || isEdit };
      case "validate":
        return { ...always, "only a file in place is validated": isThere };
      case "drift":
        return { ...always, "drift is an edit that is not reverted": isEdit && !policy.selfHeal };
      case "update": {
        const isRefused = files.rejected === files.desired && policy.release !== "dev";
        return {
          ...always,
          "only Git's own bytes are delivered": result.file.equals(stateOf(files).desired),
          "only a config that parses is delivered": result.file.parsed.kind === "parsed",
          "an edit is overwritten only with selfHeal": !isEdit || policy.selfHeal,
          "self-healing means overwriting an edit": result.isHealing === isEdit,
          "a rejected config is the last resort": !isRefused || (observed ?? lastGood) === undefined,
        };
      }
      case "reject": {
        const isLost = observed === undefined || (policy.isPodStart && observed?.parsed.kind !== "parsed");
        const isUnread = isThere && files.rejected === files.desired && policy.release === undefined;
        const restored = (isLost || isThere) && lastGood ? lastGood : undefined;
        return {
          ...always,
          "a rejection has a reason": result.problems.length > 0,
          "a file in place is rejected only if it is broken, or no gateway can validate it again":
            !isThere || observed?.parsed.kind !== "parsed" || isUnread,
          "the last good config replaces only a file that is lost, or that is in Git as well":
            restored === undefined ? result.lastGood === undefined : restored.equals(result.lastGood),
        };
      }
    }
  }

  test("keeps its promises", () => {
    const kinds = new Set<string>();
    const broken = FILES.flatMap((files) =>
      POLICIES.flatMap((policy) => {
        const result = planConfig(stateOf(files), policy);
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
