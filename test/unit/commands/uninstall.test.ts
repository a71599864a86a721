import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdir, symlink, writeFile } from "node:fs/promises";
import { uninstall } from "../../../lib/commands/uninstall.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { ownFile } from "../../../lib/files/own.ts";
import type { Leftovers } from "../../../lib/reconcile/leftovers.ts";
import { type Scratch, createFakeReconciler, createScratch, refusalOf } from "../../support/fakes.ts";

let scratch: Scratch;
let printed = "";

beforeEach(async () => {
  scratch = await createScratch();
  printed = "";
  await writeFile(scratch.in("record"), "");
});
afterEach(() => scratch[Symbol.asyncDispose]());

const kindWith = (name: string, leftovers?: () => Promise<Leftovers>) =>
  createFakeReconciler(name, leftovers ? { leftovers } : {});
const record = async (): Promise<Leftovers> => ({
  files: [ownFile(scratch.in("record")), ownFile(scratch.in("absent"))],
  directories: [],
  inUse: ["its jobs\u001b[2J"],
});

function run(isDryRun: boolean, kinds: Record<string, ReturnType<typeof kindWith>>, isRunning = false) {
  const settings = { stagingDir: scratch.in("staging"), checksumDir: scratch.in("checksums"), httpPort: 9090 };
  const print = async (text: string) => void (printed += text);
  return uninstall({ settings, reconcilers: kinds, answers: async () => isRunning, print }, isDryRun);
}

describe("uninstall", () => {
  test("removes the files of each kind that are there, and says what stays, escaped", async () => {
    expect(await run(false, { jobs: kindWith("jobs", record), plain: kindWith("plain") })).toBe(true);
    expect(printed).toBe(
      `Removed:\n  ${scratch.in("record")}\nStays, because it is in use:\n  jobs: its jobs\\u001b[2J\n`,
    );
    expect(await readdir(scratch.path)).toEqual([]);
  });

  test("is dry with --dry-run: the same list, and nothing is gone", async () => {
    expect(await run(true, { jobs: kindWith("jobs", record) })).toBe(true);
    expect(printed).toStartWith(`Would remove:\n  ${scratch.in("record")}\n`);
    expect(await readdir(scratch.path)).toEqual(["record"]);
  });

  test("says so where there is nothing", async () => {
    expect(await run(false, { plain: kindWith("plain") })).toBe(true);
    expect(printed).toBe("Removed:\n  nothing\n");
  });

  test("refuses beside a sidecar, and names the port; a dry run does not", async () => {
    const kinds = { jobs: kindWith("jobs", record) };
    const { message, hint } = await refusalOf(run(false, kinds, true));
    expect(message).toContain("port 9090");
    expect(hint).toContain("take the sidecar out first");
    expect([printed, await readdir(scratch.path)]).toEqual(["", ["record"]]);
    expect(await run(true, kinds, true)).toBe(true);
    expect(printed).toContain("A sidecar runs in this Pod.");
  });

  test.each([true, false])(
    "is not done where one kind fails or something is in the way; the rest goes on (dry: %p)",
    async (isDry) => {
      await symlink("/etc/passwd", scratch.in("absent"));
      const broken = () => Promise.reject(new ManagerError("file", "cannot read X"));
      expect(await run(isDry, { broken: kindWith("broken", broken), jobs: kindWith("jobs", record) })).toBe(false);
      expect(printed).toContain(`${isDry ? "Would remove" : "Removed"}:\n  ${scratch.in("record")}\n`);
      expect(printed).toContain("Left, and to be looked at:\n  broken: cannot read X\n");
      expect(printed).toContain(`${scratch.in("absent")} is a symbolic link`);
      expect(await readdir(scratch.path)).toEqual(isDry ? ["absent", "record"] : ["absent"]);
    },
  );

  test("removes our device key, and says what the gateway keeps of it", async () => {
    await writeFile(scratch.in("config-manager-device.pem"), "key");
    expect(await run(false, {})).toBe(true);
    expect(printed).toContain(`Removed:\n  ${scratch.in("config-manager-device.pem")}\n`);
    expect(printed).toContain("gateway: it keeps the device of our key");
  });
});
