import { describe, expect, test } from "bun:test";
import { symlink, writeFile } from "node:fs/promises";
import { createLog, isClockUtc } from "../../lib/log.ts";
import { ODD_NAMES, createScratch } from "../support/fakes.ts";
import { mustRun } from "../support/process.ts";
import { REPOSITORY } from "../support/repository.ts";

/** Returns what is written for one message. */
function written(message: string, format: "text" | "json" = "text", now = () => new Date(2026, 1, 3, 4, 5, 6)): string {
  let output = "";
  const log = createLog({ format, now, write: (line) => (output += line) });
  log(message);
  return output;
}

describe("createLog()", () => {
  test("writes manager.sh's format, in local time", () => {
    expect(written("Cron job sync complete")).toBe("2026-02-03 04:05:06 [config-manager] Cron job sync complete\n");
  });

  test("keeps the leading blanks of a message", () => {
    expect(written("  Poll interval: 60s")).toEndWith("[config-manager]   Poll interval: 60s\n");
  });

  test("reads the clock for each line, by default the real one", () => {
    const lines: string[] = [];
    let second = 0;
    const log = createLog({
      format: "text",
      write: (line) => lines.push(line),
      now: () => new Date(2026, 11, 31, 23, 59, 58 + second++),
    });
    for (const message of ["a", "b", "c"]) log(message);
    expect(lines.map((line) => line.slice(0, 19))).toEqual([
      "2026-12-31 23:59:58",
      "2026-12-31 23:59:59",
      "2027-01-01 00:00:00",
    ]);
    createLog({ format: "text", write: (line) => lines.push(line) })("d");
    expect(Math.abs(Date.parse(lines[3]?.slice(0, 19) ?? "") - Date.now())).toBeLessThan(60_000);
  });

  test("writes one JSON object per line", () => {
    expect(JSON.parse(written("Config copied", "json", () => new Date(0)))).toEqual({
      time: "1970-01-01T00:00:00.000Z",
      level: "info",
      message: "Config copied",
    });
    expect(JSON.parse(written("WARNING: Failed", "json"))).toMatchObject({ level: "warn", message: "WARNING: Failed" });
    expect(JSON.parse(written("Not a WARNING: ", "json"))).toMatchObject({ level: "info" });
  });

  test.each([
    ["a newline", "a\nb", "a\\nb"],
    ["a carriage return", "a\rb", "a\\rb"],
    ["a tab", "a\tb", "a\\tb"],
    ["a terminal's escape sequence", "a\u001b[2Jb", "a\\u001b[2Jb"],
    ["a bell", "a\u0007b", "a\\u0007b"],
    ["NUL", "a\0b", "a\\u0000b"],
    ["delete", "a\u007fb", "a\\u007fb"],
    ["a terminal's one-byte escape", "a\u009b2Jb", "a\\u009b2Jb"],
    ["Unicode's line ends", "a\u2028b\u2029c\u0085d", "a\\u2028b\\u2029c\\u0085d"],
  ])("escapes %s", (_, message, shown) => {
    expect(written(message)).toEndWith(`[config-manager] ${shown}\n`);
  });

  test("does not let a job's name forge a line", () => {
    const name = "x\n2026-02-03 04:05:06 [config-manager] Cron job sync complete";
    for (const format of ["text", "json"] as const) {
      expect(written(`Adding cron job: ${name}`, format).match(/\n/g)).toHaveLength(1);
    }
  });

  test.each(Object.entries(ODD_NAMES))("writes a name with %s on one line, and unchanged in JSON", (_, name) => {
    expect(written(name).match(/[\r\n]/g)).toEqual(["\n"]);
    expect(JSON.parse(written(name, "json")).message).toBe(name);
  });

  test.each(["text", "json"] as const)("cuts a message of 20 MB in %s", (format) => {
    const line = written("x".repeat(20_000_000), format);
    expect(line.length).toBeLessThan(10_000);
    expect(line).toContain("… (19991808 more characters)");
  });

  test("writes nothing raw into JSON, and the same value", () => {
    const message = "a\u009b\u2028\u202e\u200b\u{e0041}\ud800b";
    const line = written(message, "json");
    expect(line).toMatch(/^[ -~]+\n$/);
    expect(JSON.parse(line).message).toBe(message);
  });

  test("leaves all other text unchanged", () => {
    const text = 'Monitoring: /etc (main config → file copy) 設定 🦞 "quoted" \\n é';
    expect(written(text)).toEndWith(`[config-manager] ${text}\n`);
  });
});

describe("isClockUtc()", () => {
  test.each([
    ["UTC", true],
    ["Etc/UTC", true],
    ["Asia/Tokyo", false],
    ["Europe/London", false],
    [":UTC", false],
  ])("of TZ=%s is %p", (zone, isUtc) => {
    expect(isClockUtc(zone, "/nowhere")).toBe(isUtc);
  });

  test("follows /etc/localtime if TZ is not set, and is false in doubt", async () => {
    await using scratch = await createScratch();
    const zones = { utc: "/usr/share/zoneinfo/Etc/UTC", tokyo: "/usr/share/zoneinfo/Asia/Tokyo" };
    for (const [name, target] of Object.entries(zones)) await symlink(target, scratch.in(name));
    await writeFile(scratch.in("copy"), "TZif");
    const answers = ["utc", "tokyo", "copy", "nothing"].map((name) => isClockUtc(undefined, scratch.in(name)));
    expect(answers).toEqual([true, false, false, true]);
    expect(isClockUtc("", scratch.in("tokyo"))).toBeFalse();
  });
});

test("createLog() writes UTC in the same form", async () => {
  const child = (isUtc: boolean) => {
    const program = `import { createLog } from "${REPOSITORY}/lib/log.ts";
      const now = () => new Date(Date.UTC(2027, 0, 31, 23, 59, 59, 999));
      createLog({ format: "text", isUtc: ${isUtc}, now, write: (line) => console.log(line) })("x");`;
    return mustRun(process.execPath, ["-e", program], { env: { TZ: "UTC" } });
  };
  expect(await child(true)).toBe(await child(false));
  expect(await child(true)).toStartWith("2027-01-31 23:59:59 [config-manager] x");
});
