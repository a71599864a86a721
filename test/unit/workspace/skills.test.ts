import { describe, expect, test } from "bun:test";
import type { LoadedSkill } from "../../../lib/gateway/agent-calls.ts";
import { type DesiredFile, markOf } from "../../../lib/workspace/read.ts";
import { findUnusedSkills } from "../../../lib/workspace/skills.ts";

const skillOf = (text: string): DesiredFile => {
  const bytes = Buffer.from(text);
  return { path: "skills/a/SKILL.md", bytes, isExecutable: false, mark: markOf(bytes, false) };
};
const loaded = (fields: Partial<LoadedSkill> = {}): LoadedSkill => ({
  name: "a",
  baseDir: "/w/skills/a",
  disabled: false,
  blockedByAllowlist: false,
  blockedByAgentFilter: false,
  eligible: true,
  missing: { bins: [], anyBins: [], env: [], config: [], os: [] },
  ...fields,
});
const GOOD = "---\nname: a\ndescription: x\n---\n";
const needs = (fields: Partial<NonNullable<LoadedSkill["missing"]>>) => ({
  bins: [],
  anyBins: [],
  env: [],
  config: [],
  os: [],
  ...fields,
});

describe("findUnusedSkills()", () => {
  test.each([
    ["a skill in use", GOOD, [loaded()], undefined],
    ["one that the config turns off", GOOD, [loaded({ disabled: true, eligible: false })], undefined],
    ["one that is not allowed", GOOD, [loaded({ blockedByAllowlist: true })], "its config does not allow it"],
    [
      "one that lacks something",
      GOOD,
      [loaded({ eligible: false, missing: needs({ anyBins: ["x", "y"], os: ["darwin"] }) })],
      "it needs one of the programs x, y; system darwin",
    ],
    ["no front matter", "# a\n", [], "it has no front matter (--- at its first line, and again at its end)"],
    [
      "a front matter without an end",
      "---\nname: a\n",
      [],
      "it has no front matter (--- at its first line, and again at its end)",
    ],
    ["no description", '---\r\nname: a\r\ndescription: ""\r\n---\r\n', [], "its front matter has no description"],
    ["another one of its name", GOOD, [loaded({ baseDir: "/w/skills/b" })], "another one has its name a: /w/skills/b"],
    ["one that is too large", `${GOOD}${"x".repeat(300_000)}`, [], "it has 300031 bytes, and at most 262144 are read"],
    ["one that is left out for another reason", GOOD, [], "it is not in its list"],
  ] as const)("%s", (_, text, skills, why) => {
    const line = `/w/skills/a/SKILL.md: the gateway does not use this skill: ${why}`;
    expect(findUnusedSkills("/w", [skillOf(text)], [...skills])).toEqual(why === undefined ? [] : [line]);
  });
});
