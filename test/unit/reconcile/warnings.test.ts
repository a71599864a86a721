import { describe, expect, test } from "bun:test";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";

function start() {
  const lines: string[] = [];
  return { lines, warnings: createWarnings((line) => lines.push(line)) };
}

describe("createWarnings()", () => {
  test("logs a lasting problem once", () => {
    const { lines, warnings } = start();
    for (let pass = 0; pass < 3; pass++) warnings.warnOnce("config", ["WARNING: broken"]);
    expect(lines).toEqual(["WARNING: broken"]);
  });

  test("logs another problem of the same topic, and the first again if it returns", () => {
    const { lines, warnings } = start();
    for (const message of ["a", "b", "b", "a"]) warnings.warnOnce("config", [message]);
    expect(lines).toEqual(["a", "b", "a"]);
  });

  test("keeps topics apart", () => {
    const { lines, warnings } = start();
    for (const topic of ["config", "cron", "config", "cron"]) warnings.warnOnce(topic, ["broken"]);
    expect(lines).toEqual(["broken", "broken"]);
  });

  test("logs it again after it was cleared", () => {
    const { lines, warnings } = start();
    warnings.warnOnce("config", ["broken"]);
    warnings.clear("config");
    warnings.clear("config");
    warnings.warnOnce("config", ["broken"]);
    expect(lines).toEqual(["broken", "broken"]);
  });

  test("clears one topic, not all", () => {
    const { lines, warnings } = start();
    warnings.warnOnce("config", ["broken"]);
    warnings.clear("cron");
    warnings.warnOnce("config", ["broken"]);
    expect(lines).toEqual(["broken"]);
  });

  test("logs the same words again on another occasion", () => {
    const { lines, warnings } = start();
    for (const occasion of ["checksum 1", "checksum 1", "checksum 2"])
      warnings.warnOnce("config", ["broken"], occasion);
    expect(lines).toEqual(["broken", "broken"]);
  });

  test("logs several problems at once, a line each", () => {
    const { lines, warnings } = start();
    for (let pass = 0; pass < 2; pass++) warnings.warnOnce("definitions", ["one", "two"]);
    expect(lines).toEqual(["one", "two"]);
  });

  test("passes each problem to the log as one message, even with newlines", () => {
    const { lines, warnings } = start();
    warnings.warnOnce("definitions", ["job x\nCron job sync complete: is wrong"]);
    expect(lines).toEqual(["job x\nCron job sync complete: is wrong"]);
  });

  test("logs the first ten of very many, and how many more there are, once", () => {
    const { lines, warnings } = start();
    const problems = Array.from({ length: 27_421 }, (_, index) => `WARNING: job ${index} is wrong`);
    for (let pass = 0; pass < 2; pass++) warnings.warnOnce("definitions", problems);
    expect(lines.slice(0, 10)).toEqual(problems.slice(0, 10));
    expect(lines.slice(10)).toEqual([
      "WARNING: More of the same are not logged: 27411 (config-manager diff lists them, validate those of a file)",
    ]);
    warnings.warnOnce("definitions", [...problems.slice(1), "WARNING: another"]);
    expect(lines).toHaveLength(22);
  });

  test("logs more of them where each is about something else", () => {
    const { lines, warnings } = start();
    const problems = Array.from({ length: 12 }, (_, index) => `WARNING: job ${index} is wrong`);
    warnings.warnOnce("unsupported", problems, "", 100);
    expect(lines).toEqual(problems);
  });

  test("logs no more than some KiB of a message of 20 MB", () => {
    const { lines, warnings } = start();
    warnings.warnOnce("config", ["x".repeat(20_000_000)]);
    expect(lines[0]?.length).toBeLessThan(10_000);
    expect(lines[0]).toEndWith("… (19991808 more characters)");
  });
});
