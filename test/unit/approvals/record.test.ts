import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkApprovals } from "../../../lib/approvals/check.ts";
import { readRecords, writeBase, writePending } from "../../../lib/approvals/record.ts";
import { approvalsOf } from "../../support/approvals.ts";
import { type Scratch, createScratch, refusalOf } from "../../support/fakes.ts";

let scratch: Scratch;
const places = () => ({ pvcConfig: scratch.in("data", "openclaw.json"), checksumDir: scratch.in("sums") });
const bytesOf = (pattern: string) => new TextEncoder().encode(approvalsOf([pattern]));
const keyedOf = (pattern: string) => {
  const checked = checkApprovals(bytesOf(pattern));
  if (checked.kind !== "valid") throw new Error("not valid");
  return checked.keyed;
};
const read = () => readRecords(places(), () => undefined);

beforeEach(async () => {
  scratch = await createScratch();
  await mkdir(scratch.in("data"));
});
afterEach(() => scratch[Symbol.asyncDispose]());

describe.each(["base", "pending"] as const)("the record of the %s", (which) => {
  const name = which === "base" ? "approvals" : "approvals-pending";
  const write = (pattern: string) =>
    which === "base" ? writeBase(places(), bytesOf(pattern)) : writePending(places(), keyedOf(pattern));
  const path = () => `${places().pvcConfig}.config-manager-${name}`;

  test("counts by its checksum alone", async () => {
    await write("/a");
    expect((await read())[which]?.keyed).toEqual(keyedOf("/a"));
    await writeFile(path(), bytesOf("/forged"));
    expect((await read())[which]).toBeUndefined();
  });

  test("counts as it was before a write that is killed, and as it was to be", async () => {
    await write("/b");
    const next = await readFile(path());
    await write("/a");
    const former = await readFile(path());
    // A volume that refuses the file stands for a kill before it.
    const moved = { ...places(), pvcConfig: join(scratch.in("data"), "openclaw.json", "no-folder", "openclaw.json") };
    await writeFile(places().pvcConfig, "a file");
    const refused = which === "base" ? writeBase(moved, bytesOf("/b")) : writePending(moved, keyedOf("/b"));
    expect(await refusalOf(refused)).toMatchObject({ code: "file" });
    for (const bytes of [former, next]) {
      await writeFile(path(), bytes);
      expect((await read())[which]?.keyed).toEqual(keyedOf(bytes === former ? "/a" : "/b"));
    }
    await write("/b");
    await writeFile(path(), former);
    expect((await read())[which]).toBeUndefined();
  });
});
