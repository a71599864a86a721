import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readSecrets } from "../../../lib/secrets/read.ts";
import { type Scratch, createScratch, refusalOf } from "../../support/fakes.ts";
import { mustRun } from "../../support/process.ts";
import { createVolume } from "../../support/volume.ts";

let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
});
afterEach(() => scratch[Symbol.asyncDispose]());

async function readAs(files: Record<string, string | Uint8Array>) {
  const volume = await createVolume(scratch.in("secrets.d"));
  await volume.publish(files);
  return readSecrets(volume.path);
}

describe("readSecrets()", () => {
  test("reads all keys of one generation, byte for byte, sorted by name", async () => {
    const keystore = Uint8Array.of(0xfe, 0xed, 0xfe, 0xed, 0);
    expect(await readAs({ token: "one\n", ".npmrc": "two", "key.jks": keystore })).toEqual({
      kind: "valid",
      files: [
        { name: ".npmrc", bytes: Buffer.from("two") },
        { name: "key.jks", bytes: Buffer.from(keystore) },
        { name: "token", bytes: Buffer.from("one\n") },
      ],
      binary: ["key.jks"],
    });
  });

  test("tells a Secret without keys from one that is not mounted", async () => {
    expect(await readAs({})).toEqual({ kind: "empty", isMounted: true });
    expect(await readSecrets(scratch.in("nowhere"))).toEqual({ kind: "empty", isMounted: false });
  });

  test("takes nothing of a Secret with a key without a value, too many bytes, or a name that is no key", async () => {
    expect(await readAs({ good: "x", b: "", a: "" })).toEqual({ kind: "invalid", problems: ["without a value: a, b"] });
    expect(await readAs({ big: "x".repeat(1 << 20), more: "x" })).toEqual({
      kind: "invalid",
      problems: ["more than 1048576 bytes, and a Secret holds no more"],
    });
    expect(await readAs({ "with blank": "x" })).toEqual({
      kind: "invalid",
      problems: ["not a key of a Secret: with blank"],
    });
  });

  test("refuses a directory or a pipe in place of a key, without blocking", async () => {
    await mkdir(scratch.in("plain", "folder"), { recursive: true });
    await writeFile(scratch.in("plain", "token"), "x");
    expect((await refusalOf(readSecrets(scratch.in("plain")))).message).toContain("EISDIR");
    await mkdir(scratch.in("pipes"));
    await mustRun("mkfifo", [scratch.in("pipes", "token")]);
    const { message } = await refusalOf(readSecrets(scratch.in("pipes")));
    expect(message).toBe(
      `cannot read ${join(scratch.in("pipes"), "token")}: it is a pipe or a device, expected a file`,
    );
  });
});
