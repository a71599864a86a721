import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "bun:test";
import { mergeFindings, withOpenclaw } from "../../../lib/commands/exact.ts";
import { checkConfig } from "../../../lib/schema/check-config.ts";
import type { Finding } from "../../../lib/schema/finding.ts";
import { readConfigTable } from "../../support/config-table.ts";
import { generationOf } from "../../support/fakes.ts";
import { readVerdicts } from "../../support/verdicts.ts";

const UNKNOWN: Finding = {
  path: ["gateway", "prot"],
  message: "unknown key, did you mean port?",
  rule: "unknown-key",
  severity: "error",
};
const OWN = { release: "2026.9.6", label: "OpenClaw 2026.9.6", judge: async () => [UNKNOWN] };
const CONFIG = {
  gateway: { prot: 1, auth: { token: "hush-hush-1234" } },
  agents: { list: [{ id: "main" }, { id: "ops", foo: 1 }] },
};

describe("mergeFindings()", () => {
  test("says once what both have found, and places what OpenClaw alone has", () => {
    const issues = [
      { path: "gateway", message: 'Unrecognized keys: "prot", "bidn"' },
      { path: "agents.entries.ops", message: 'Unrecognized key: "foo"' },
      { path: "gateway.auth", message: "the token hush-hush-1234 is too short" },
    ];
    const merged = mergeFindings([UNKNOWN], issues, CONFIG);
    expect(merged[0]).toBe(UNKNOWN);
    expect(merged.map(({ path }) => path.join("."))).toEqual([
      "gateway.prot",
      "gateway.bidn",
      "agents.list.1.foo",
      "gateway.auth",
    ]);
    expect(JSON.stringify(merged)).not.toContain("hush");
  });

  test("takes OpenClaw's error over a warning of ours", () => {
    const [found, ...more] = mergeFindings(
      [{ ...UNKNOWN, severity: "warning" }],
      [{ path: "gateway", message: 'Unrecognized key: "prot"' }],
      CONFIG,
    );
    expect([found?.severity, more]).toEqual(["error", []]);
  });
});

/** What only the gateway knows, or says of another place. */
const ADDED: Readonly<Record<string, string[]>> = {
  "2026.9.6": [
    "held-out: slip: agent list a map",
    "held-out: slip: context of a provider a text",
    "held-out: slip: secret reference extra",
    "refinements: broadcast too many",
    "refinements: qqbot",
    "refinements: roles empty",
    "refinements: secret store id",
    "refinements: twitch both",
    "refinements: zalouser",
  ],
  "2026.8.2": [
    "held-out: slip: context of a provider a text",
    "held-out: slip: secret reference extra",
    "refinements: qqbot",
    "refinements: roles empty",
    "refinements: secret store id",
    "refinements: twitch both",
    "refinements: zalouser",
  ],
  "2026.6.11": [
    "channels-plugins: plugin load path missing",
    "held-out: slip: secret reference extra",
    "refinements: secret store id",
    "refinements: twitch both",
    "refinements: zalouser",
  ],
  "2026.4.15": [
    "channels-plugins: discord number id",
    "channels-plugins: plugin deny unknown",
    "channels-plugins: plugin load path missing",
    "held-out: nextcloud talk and twitch",
    "held-out: slip: env number",
    "held-out: slip: secret reference extra",
    "refinements: secret store id",
    "refinements: twitch both",
  ],
};

describe("mergeFindings() of what gateways have said", () => {
  test.each(Object.keys(ADDED))("%s adds what is new, and says nothing twice", async (release) => {
    const verdicts = readVerdicts(release);
    const added: string[] = [];
    for (const { name, config } of readConfigTable()) {
      const { valid = true, issues = [] } = verdicts[name] ?? {};
      if (valid) continue;
      const merged = mergeFindings(await checkConfig(config, release), issues, config);
      if (merged.some(({ rule }) => rule === "openclaw")) added.push(name);
    }
    expect(added.toSorted()).toEqual(ADDED[release] ?? []);
  });

  test("says the first line of what goes on with what to do", () => {
    const issues = [{ path: "agents", message: "Duplicate agentDir detected.\nEach agent must have its own." }];
    expect(mergeFindings([], issues, CONFIG).map(({ message }) => message)).toEqual(["Duplicate agentDir detected."]);
  });
});

describe("withOpenclaw()", () => {
  const generation = generationOf('{gateway: {$include: "./sub/gateway.json5"}}', { "sub/gateway.json5": "{prot: 1}" });

  test("gives it a private copy, with what it includes in its place, and removes it", async () => {
    let asked = "";
    const judge = withOpenclaw(
      OWN,
      () => expect.unreachable(),
      async (path) => {
        asked = path;
        expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ gateway: { prot: 1 } });
        expect([statSync(path).mode & 0o777, statSync(dirname(path)).mode & 0o777]).toEqual([0o600, 0o700]);
        return { kind: "answered", issues: [{ path: "gateway", message: 'Unrecognized key: "prot"' }] };
      },
    );
    expect(await judge.judge(generation)).toEqual([UNKNOWN]);
    expect(existsSync(dirname(asked))).toBe(false);
  });

  test("gives it a config without includes as it is", async () => {
    const text = "// Git\n{gateway: {prot: 1}}";
    const judge = withOpenclaw(
      OWN,
      () => expect.unreachable(),
      async (path) => {
        expect(readFileSync(path, "utf8")).toBe(text);
        return { kind: "answered", issues: [] };
      },
    );
    expect(await judge.judge(generationOf(text))).toEqual([UNKNOWN]);
  });

  test.each([true, false])("says once that it cannot be asked, and goes on; too old: %s", async (isOld) => {
    const notices: [string, boolean][] = [];
    let calls = 0;
    const judge = withOpenclaw(
      OWN,
      (...notice) => notices.push(notice),
      async () => {
        calls += 1;
        return { kind: "none", reason: "there is no openclaw command on PATH", isOld };
      },
    );
    for (let round = 0; round < 2; round++) expect(await judge.judge(generation)).toEqual([UNKNOWN]);
    const notice = "--exact: there is no openclaw command on PATH: its own check is left out";
    expect([calls, notices]).toEqual([1, [[notice, isOld]]]);
  });
});
