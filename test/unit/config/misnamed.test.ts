import { describe, expect, test } from "bun:test";
import { describeMisnamed } from "../../../lib/config/misnamed.ts";

describe("describeMisnamed()", () => {
  test.each(["openclaw.json5", "openclaw.jsonc", "OpenClaw.json", "openclaw.JSON", "openclaw.json.txt", "openclaw"])(
    "names %s, which has to be renamed",
    (name) => {
      expect(describeMisnamed(["AGENTS.md", name])).toBe(`there is ${name}; rename the key to openclaw.json`);
    },
  );

  test.each(["openclaw.yaml", "openclaw.yml", "openclaw.toml"])("names %s, which has to be written as JSON", (name) => {
    expect(describeMisnamed([name])).toBe(`there is ${name}; OpenClaw reads JSON5: write it as openclaw.json`);
  });

  test("names the nearest of several", () => {
    expect(describeMisnamed(["openclaw.yaml", "openclaw.json5"])).toContain("openclaw.json5;");
  });

  test.each([
    ["openclaw.json is there", ["openclaw.json", "openclaw.json5"]],
    ["nothing is like it", ["cron-jobs.json", "my-openclaw.json", "openclaw.json.config-manager-good", "..data"]],
    ["there is nothing", []],
  ])("says nothing if %s", (_, names) => {
    expect(describeMisnamed(names)).toBeUndefined();
  });
});
