import { describe, expect, test } from "bun:test";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { stampDirectory } from "../../../lib/files/stamp.ts";
import { createScratch } from "../../support/fakes.ts";

describe("stampDirectory()", () => {
  test("changes with each file that is replaced, added or removed, and names no content", async () => {
    await using scratch = await createScratch();
    const directory = scratch.in("target");
    expect(await stampDirectory(directory)).toBe("");
    await mkdir(directory);
    const put = async (name: string, text: string) => {
      await writeFile(scratch.in("new"), text);
      await rename(scratch.in("new"), scratch.in("target", name));
    };
    const stamps = [await stampDirectory(directory)];
    await put("token", "hush");
    stamps.push(await stampDirectory(directory));
    expect(await stampDirectory(directory)).toBe(stamps.at(-1) ?? "");
    await put("other", "hush");
    stamps.push(await stampDirectory(directory));
    await put("token", "hush2");
    stamps.push(await stampDirectory(directory));
    await rm(scratch.in("target", "other"));
    stamps.push(await stampDirectory(directory));
    expect(new Set(stamps).size).toBe(5);
    expect(stamps.join("")).not.toContain("hush");
    await put("..ours", "x");
    expect(await stampDirectory(directory)).toBe(stamps.at(-1) ?? "");
  });
});
