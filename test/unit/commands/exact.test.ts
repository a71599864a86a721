import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "bun:test";
import { mergeFindings, withOpenclaw } from "../../../lib/commands/exact.ts";
import type { Finding } from "../../../lib/schema/finding.ts";
import { generationOf } from "../../support/fakes.ts";

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

describe("withOpenclaw()", () => {
  const generation = generationOf('{gateway: {$include: "./sub/gateway.json5"}}', { "sub/gateway.json5": "{prot: 1}" });

  test("gives it a private copy of all files, and removes it", async () => {
    let asked = "";
    const judge = withOpenclaw(
      OWN,
      () => expect.unreachable(),
      async (path) => {
        asked = path;
        expect(readFileSync(join(dirname(path), "sub/gateway.json5"), "utf8")).toBe("{prot: 1}");
        return { kind: "answered", issues: [{ path: "gateway", message: 'Unrecognized key: "prot"' }] };
      },
    );
    expect(await judge.judge(generation)).toEqual([UNKNOWN]);
    expect(existsSync(dirname(asked))).toBe(false);
  });

  test("says once that there is none, and goes on", async () => {
    const notices: string[] = [];
    let calls = 0;
    const judge = withOpenclaw(
      OWN,
      (notice) => notices.push(notice),
      async () => {
        calls += 1;
        return { kind: "none", reason: "there is no openclaw command on PATH" };
      },
    );
    for (let round = 0; round < 2; round++) expect(await judge.judge(generation)).toEqual([UNKNOWN]);
    expect([calls, notices]).toEqual([1, ["--exact: there is no openclaw command on PATH: its own check is left out"]]);
  });
});
