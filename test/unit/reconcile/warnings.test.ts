import { describe, expect, test } from "bun:test";
import { createComplaints } from "../../../lib/reconcile/warnings.ts";

function start() {
  const lines: string[] = [];
  return { lines, complaints: createComplaints((line) => lines.push(line)) };
}

describe("createComplaints()", () => {
  test("says a standing problem once", () => {
    const { lines, complaints } = start();
    for (let pass = 0; pass < 3; pass++) complaints.raise("config", ["WARNING: broken"]);
    expect(lines).toEqual(["WARNING: broken"]);
  });

  test("says another problem of the same topic, and the first again when it is back", () => {
    const { lines, complaints } = start();
    for (const message of ["a", "b", "b", "a"]) complaints.raise("config", [message]);
    expect(lines).toEqual(["a", "b", "a"]);
  });

  test("keeps topics apart", () => {
    const { lines, complaints } = start();
    for (const topic of ["config", "cron", "config", "cron"]) complaints.raise(topic, ["broken"]);
    expect(lines).toEqual(["broken", "broken"]);
  });

  test("says it again once it had been settled", () => {
    const { lines, complaints } = start();
    complaints.raise("config", ["broken"]);
    complaints.settle("config");
    complaints.settle("config");
    complaints.raise("config", ["broken"]);
    expect(lines).toEqual(["broken", "broken"]);
  });

  test("settles one topic, not all", () => {
    const { lines, complaints } = start();
    complaints.raise("config", ["broken"]);
    complaints.settle("cron");
    complaints.raise("config", ["broken"]);
    expect(lines).toEqual(["broken"]);
  });

  test("says the same words again on another occasion", () => {
    const { lines, complaints } = start();
    for (const occasion of ["checksum 1", "checksum 1", "checksum 2"]) complaints.raise("config", ["broken"], occasion);
    expect(lines).toEqual(["broken", "broken"]);
  });

  test("says several problems at once, a line each", () => {
    const { lines, complaints } = start();
    for (let pass = 0; pass < 2; pass++) complaints.raise("definitions", ["one", "two"]);
    expect(lines).toEqual(["one", "two"]);
  });

  test("hands each problem to the log as one, whatever newlines are in it", () => {
    const { lines, complaints } = start();
    complaints.raise("definitions", ["job x\nCron job sync complete: is wrong"]);
    expect(lines).toEqual(["job x\nCron job sync complete: is wrong"]);
  });
});
