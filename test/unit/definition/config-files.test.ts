import { describe, expect, test } from "bun:test";
import { dropConfigFiles, findConfigFiles } from "../../../lib/definition/config-files.ts";

const file = (name: string, text: string) => ({ name, bytes: Buffer.from(text) });
const JOBS = file("cron-jobs.json", "[]");

describe("findConfigFiles()", () => {
  test("names the config and the exec approvals", () => {
    const names = findConfigFiles([file("openclaw.json", "{}"), file("exec-approvals.json", "{}"), JOBS]);
    expect([...names]).toEqual(["openclaw.json", "exec-approvals.json"]);
  });

  test("names what the config includes, and what that includes", () => {
    const names = findConfigFiles([
      file("openclaw.json", "{agents: {$include: './agents.json5'}, channels: {$include: ['channels.json5']}}"),
      file("agents.json5", "{list: [{$include: './sub/../main.json5'}, {$include: './agents.json5'}]}"),
      file("channels.json5", "{"),
      file("main.json5", "[]"),
      file("other.json5", "{}"),
      JOBS,
    ]);
    expect([...names].toSorted()).toEqual([
      "agents.json5",
      "channels.json5",
      "exec-approvals.json",
      "main.json5",
      "openclaw.json",
    ]);
  });

  test("follows no name out of the directory, and none of a file that is not there", () => {
    const names = findConfigFiles([
      file(
        "openclaw.json",
        "{$include: ['../cron-jobs.json', '/etc/cron-jobs.json', 'sub/cron-jobs.json', 'gone.json']}",
      ),
      JOBS,
    ]);
    expect(names.has("cron-jobs.json")).toBeFalse();
  });

  test("follows nothing without a config, or from one that does not parse", () => {
    const include = file("a.json5", "{$include: './cron-jobs.json'}");
    expect(findConfigFiles([include, JOBS]).has("a.json5")).toBeFalse();
    expect(findConfigFiles([file("openclaw.json", "{$include: './a.json5'"), include]).has("a.json5")).toBeFalse();
  });
});

describe("dropConfigFiles()", () => {
  test("keeps the other files, in order", () => {
    const files = [JOBS, file("exec-approvals.json", "{}"), file("openclaw.json", "{}"), file("z.yaml", "[]")];
    expect(dropConfigFiles(files).map(({ name }) => name)).toEqual(["cron-jobs.json", "z.yaml"]);
  });
});
