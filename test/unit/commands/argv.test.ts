import { describe, expect, test } from "bun:test";
import { readArguments } from "../../../lib/commands/argv.ts";

const SCRIPT = "/srv/manager.ts";
const ZX = "/srv/node_modules/zx/build/cli.js";

describe("readArguments()", () => {
  test.each([
    ["run by Node or Bun", ["/bin/node", SCRIPT, "sync", "--only", "cron"], SCRIPT],
    ["run by Deno", ["/bin/deno", SCRIPT, "sync", "--only", "cron"], SCRIPT],
    ["compiled", ["bun", "/$bunfs/root/config-manager", "sync", "--only", "cron"], "/$bunfs/root/config-manager"],
    ["run by zx", ["/bin/node", "/srv/node_modules/.bin/zx", "manager.ts", "sync", "--only", "cron"], SCRIPT],
    ["run by zx under Bun", ["/bin/bun", ZX, "./manager.ts", "sync", "--only", "cron"], SCRIPT],
    ["run by zx with options", ["/bin/node", ZX, "--quiet", "--cwd=/tmp", SCRIPT, "sync", "--only", "cron"], SCRIPT],
  ])("returns the arguments after the program: %s", (_, argv, script) => {
    expect(readArguments(argv, script)).toEqual(["sync", "--only", "cron"]);
  });

  test("accepts the name of the program as an argument", () => {
    expect(readArguments(["/bin/node", SCRIPT, "validate", "manager.ts"], SCRIPT)).toEqual(["validate", "manager.ts"]);
    expect(readArguments(["/bin/node", ZX, SCRIPT, "validate", SCRIPT], SCRIPT)).toEqual(["validate", SCRIPT]);
  });

  test("returns no arguments if there are none", () => {
    expect(readArguments(["/bin/node", SCRIPT], SCRIPT)).toEqual([]);
    expect(readArguments(["/bin/node", ZX, "manager.ts"], SCRIPT)).toEqual([]);
    expect(readArguments(["bun", "/$bunfs/root/config-manager"], "/$bunfs/root/config-manager")).toEqual([]);
  });
});
