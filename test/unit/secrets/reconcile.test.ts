import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, link, lstat, mkdir, readFile, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ManagerError } from "../../../lib/errors.ts";
import type { Gateway } from "../../../lib/gateway/connection.ts";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";
import { createSecretGuard } from "../../../lib/text/guard.ts";
import { createSecretsPasses } from "../../../lib/secrets/reconcile.ts";
import { type Scratch, createScratch } from "../../support/fakes.ts";
import { mustRun } from "../../support/process.ts";
import { canMountSmallVolume, mountSmallVolume } from "../../support/small-volume.ts";
import { type Volume, createVolume } from "../../support/volume.ts";

const CAN_MOUNT = await canMountSmallVolume();
if (!CAN_MOUNT) console.log("(skip) full and read-only targets: no tmpfs can be mounted here");

const COPIED = "Secrets copied: ";
const RELOADED = "Secrets reloaded by the gateway";
const PASS = { isSuperseded: () => false, beat: () => undefined };

let scratch: Scratch;
let secrets: Volume;
let target: string;
let lines: string[];
/** The answers of the gateway to `secrets.reload`; no gateway without any. */
let answers: (() => unknown)[] | undefined;
let calls: string[];
let connection: { version: string; processStartedMs: number };
let nowMs: number;

beforeEach(async () => {
  scratch = await createScratch();
  secrets = await createVolume(scratch.in("secrets.d"));
  target = scratch.in("target");
  lines = [];
  calls = [];
  answers = undefined;
  connection = { version: "2026.9.6", processStartedMs: 0 };
  nowMs = 1_000;
});
afterEach(() => scratch[Symbol.asyncDispose]());

function open(targetDir = target, prune: "owned" | "none" = "owned") {
  const guard = createSecretGuard();
  const log = (line: string) => void lines.push(guard.mask(line));
  const call = async (method: string) => {
    calls.push(method);
    return answers?.shift()?.() ?? { ok: true, warningCount: 0 };
  };
  return createSecretsPasses({
    places: { secretsDir: secrets.path, targetDir },
    prune,
    transport: {
      openCalls: async () => (answers ? (Object.assign(connection, { call }) as unknown as Gateway) : undefined),
    },
    connectLimitMs: 1_000,
    guard,
    log,
    warnings: createWarnings(log),
    clock: { nowMs: () => nowMs },
  });
}

/** Runs one pass. @returns its outcome and what it logged. */
async function pass(passes = open()) {
  const from = lines.length;
  const { kind } = await passes.reconcile(PASS);
  return { kind, lines: lines.slice(from) };
}

async function readTarget(directory = target): Promise<Record<string, string>> {
  const names = (await readdir(directory)).filter((name) => !name.startsWith(".."));
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name), "utf8")])),
  );
}

/** Former values, and what else we keep there. */
async function readState(): Promise<Record<string, string>> {
  const files = await readdir(join(target, "..config-manager"), { recursive: true });
  const read = files.map(async (name) => [
    name,
    await readFile(join(target, "..config-manager", name), "utf8").catch(() => "/"),
  ]);
  return Object.fromEntries(await Promise.all(read));
}

const reject = (message: string) => () => {
  throw new ManagerError("rejected", message);
};

describe("a pass", () => {
  test("copies all keys, 0600, and tells the gateway once", async () => {
    answers = [];
    await secrets.publish({ token: "first", "api-key": "second\n" });
    const passes = open();
    expect(await pass(passes)).toEqual({ kind: "equal", lines: [`${COPIED}api-key, token`, RELOADED] });
    expect(await readTarget()).toEqual({ token: "first", "api-key": "second\n" });
    const { mode } = await lstat(join(target, "token"));
    expect(mode & 0o7777).toBe(0o600);
    const { ino, mtimeMs } = await lstat(join(target, "..config-manager", "record.json"));
    expect(await pass(passes)).toEqual({ kind: "equal", lines: [] });
    expect(await pass(open())).toEqual({ kind: "equal", lines: [] });
    expect(calls).toEqual(["secrets.reload"]);
    expect(await lstat(join(target, "..config-manager", "record.json"))).toMatchObject({ ino, mtimeMs });
  });

  test("says nothing where there is no Secret and was none", async () => {
    expect(await pass()).toEqual({ kind: "equal", lines: [] });
    await rm(secrets.path, { recursive: true });
    expect(await pass()).toEqual({ kind: "equal", lines: [] });
    expect(await readdir(scratch.path)).toEqual([]);
  });

  test("keeps what the gateway holds until it has reloaded, and removes it then", async () => {
    await secrets.publish({ token: "one", old: "x" });
    await pass();
    answers = [];
    await pass();
    answers = undefined;
    await secrets.publish({ token: "two" });
    expect(await pass()).toEqual({
      kind: "pending",
      lines: [`${COPIED}token`, "Secrets removed (no longer in the Secret): old"],
    });
    await secrets.publish({ token: "three" });
    await pass();
    expect(await readState()).toMatchObject({ "former/token": "one", "former/old": "x" });
    expect(await readTarget()).toEqual({ token: "three" });
    answers = [];
    expect(await pass()).toEqual({ kind: "equal", lines: [RELOADED] });
    expect(await readState()).toEqual({ "record.json": '{"names":["token"],"unconfirmedSince":null}\n' });
  });

  test("does not ask a gateway that has started after the change", async () => {
    answers = [];
    connection.processStartedMs = 2_000;
    await secrets.publish({ token: "one" });
    expect(await pass()).toEqual({ kind: "equal", lines: [`${COPIED}token`] });
    expect(calls).toEqual([]);
  });

  test("says once that a release cannot reload, whatever changes", async () => {
    connection.version = "2026.2.9";
    const unknown = reject("unknown method: secrets.reload");
    answers = Array.from({ length: 9 }, () => unknown);
    await secrets.publish({ token: "one" });
    const passes = open();
    const told = "WARNING: OpenClaw 2026.2.9 has no secrets.reload: a changed secret counts from its next start";
    expect(await pass(passes)).toEqual({ kind: "equal", lines: [`${COPIED}token`, told] });
    expect(await pass(passes)).toEqual({ kind: "equal", lines: [] });
    nowMs += 1;
    await secrets.publish({ token: "two" });
    expect(await pass(passes)).toEqual({ kind: "equal", lines: [`${COPIED}token`] });
    connection = { version: "2026.2.9", processStartedMs: 0 }; // it has restarted in its process
    expect(await pass(passes)).toEqual({ kind: "equal", lines: [] });
    expect(passes.last).toEqual({ isRejected: false, files: 1, isConfirmed: true });
  });

  test("says why a gateway does not reload, without a value, and tries again", async () => {
    const values = ["hush-one-1", "hush-two-2", "hush in json"];
    await secrets.publish({
      token: values[0] ?? "",
      lines: `x\n${values[1]}\n`,
      json: JSON.stringify({ a: [values[2]] }),
    });
    answers = [reject(`bad: ${values.join(", ")}`)];
    const passes = open();
    const failed = await pass(passes);
    expect(failed).toEqual({
      kind: "failed",
      lines: [
        `${COPIED}json, lines, token`,
        "WARNING: Failed to reload secrets: bad: ***, ***, ***; the gateway keeps the former values, and its log has the reason",
      ],
    });
    expect(passes.last?.isConfirmed).toBe(false);
    expect(await pass(passes)).toEqual({ kind: "equal", lines: [RELOADED] });
  });

  test("sends nobody to the log of a gateway that restarts", async () => {
    await secrets.publish({ token: "one" });
    answers = [reject("secrets.reload unavailable during gateway restart")];
    expect((await pass()).lines.at(-1)).toBe(
      "WARNING: Failed to reload secrets: secrets.reload unavailable during gateway restart",
    );
  });

  test("is run again at once if the connection ends under it", async () => {
    await secrets.publish({ token: "one" });
    answers = [
      () => {
        throw new ManagerError("interrupted", "secrets.reload: gateway closed (4001): gateway auth changed");
      },
    ];
    expect(await pass()).toEqual({ kind: "equal", lines: [`${COPIED}token`, RELOADED] });
  });

  test("says that the gateway could not read everything", async () => {
    await secrets.publish({ token: "one" });
    answers = [() => ({ ok: true, warningCount: 2 })];
    expect((await pass()).lines.at(-1)).toBe(
      "WARNING: The gateway has reloaded its secrets with 2 warnings: what it cannot read stays as it was; its log has the reason",
    );
  });

  test("leaves everything as it is if the Secret is empty, gone, or has a key without a value", async () => {
    await secrets.publish({ token: "one", other: "two" });
    const passes = open();
    await pass(passes);
    const stay = `what is in ${target} stays as it is`;
    await secrets.publish({});
    expect(await pass(passes)).toEqual({
      kind: "rejected",
      lines: [`WARNING: No secret in ${secrets.path}, ${stay}: mount the Secret there`],
    });
    await secrets.publish({ token: "", other: "three" });
    expect(await pass(passes)).toEqual({
      kind: "rejected",
      lines: [`WARNING: Secrets of ${secrets.path} rejected, ${stay}: without a value: token`],
    });
    expect(passes.last?.isRejected).toBe(true);
    await rename(secrets.path, `${secrets.path}.away`);
    expect((await pass(passes)).lines).toEqual([
      `WARNING: ${secrets.path} is not mounted, ${stay}: mount the Secret there`,
    ]);
    expect(await readTarget()).toEqual({ token: "one", other: "two" });
  });

  test("copies what is no text, and says so", async () => {
    await secrets.publish({ "key.jks": Uint8Array.of(0xfe, 0xed, 0xff), token: "one" });
    expect((await pass()).lines).toEqual([
      `${COPIED}key.jks, token`,
      "WARNING: Not UTF-8 text, copied as it is: key.jks; a SecretRef of OpenClaw reads text only",
    ]);
    expect(await readFile(join(target, "key.jks"))).toEqual(Buffer.from([0xfe, 0xed, 0xff]));
  });

  test("mends a copy that somebody has changed, opened to others or linked, and leaves foreign files alone", async () => {
    await secrets.publish({ a: "1", b: "2", c: "3" });
    await pass();
    await writeFile(join(target, "a"), "other");
    await chmod(join(target, "b"), 0o644);
    await link(join(target, "c"), scratch.in("second"));
    await writeFile(join(target, "foreign"), "stays");
    expect((await pass()).lines).toEqual([`${COPIED}a, b, c`]);
    expect(await readTarget()).toEqual({ a: "1", b: "2", c: "3", foreign: "stays" });
    const stats = await Promise.all(["a", "b", "c"].map((name) => lstat(join(target, name))));
    expect(stats.map(({ mode, nlink }) => [mode & 0o777, nlink])).toEqual([
      [0o600, 1],
      [0o600, 1],
      [0o600, 1],
    ]);
  });

  test.each(["a link", "a directory"])(
    "writes nothing at all with %s in the way, and goes on once it is gone",
    async (what) => {
      await secrets.publish({ a: "1", token: "one" });
      await mkdir(target);
      await writeFile(scratch.in("outside"), "untouched");
      if (what === "a link") await symlink(scratch.in("outside"), join(target, "token"));
      else await mkdir(join(target, "token"));
      const failed = await pass();
      expect(failed.kind).toBe("failed");
      expect(failed.lines).toEqual([
        expect.stringMatching(
          /^WARNING: Failed to copy secrets: .*\/token is a (?:symbolic link|directory), expected a regular file/,
        ),
      ]);
      expect(await readdir(target)).toEqual(["token"]);
      expect(await readFile(scratch.in("outside"), "utf8")).toBe("untouched");
      await rm(join(target, "token"), { recursive: true });
      expect((await pass()).lines).toEqual([`${COPIED}a, token`]);
    },
  );

  test("replaces a pipe, and refuses a target that is a link", async () => {
    await secrets.publish({ token: "one" });
    await mkdir(target);
    await mustRun("mkfifo", [join(target, "token")]);
    expect((await pass()).lines).toEqual([`${COPIED}token`]);
    await symlink(target, scratch.in("alias"));
    expect((await pass(open(scratch.in("alias")))).lines).toEqual([
      expect.stringMatching(/^WARNING: Failed to copy secrets: .*alias is a symbolic link, expected a directory/),
    ]);
  });

  test("does the rest after a crash between two renames, and removes what it left", async () => {
    await secrets.publish({ a: "1", b: "1" });
    answers = [];
    await pass();
    answers = undefined;
    await secrets.publish({ a: "2", b: "2" });
    await pass();
    // As if killed after the first rename: b is the former one, and its new one is not in place.
    await writeFile(join(target, "b"), "1", { mode: 0o600 });
    const stale = ".b.config-manager-0.tmp";
    await writeFile(join(target, "..config-manager", stale), "2");
    answers = [];
    expect((await pass()).lines).toEqual([`${COPIED}b`, RELOADED]);
    expect(await readTarget()).toEqual({ a: "2", b: "2" });
    expect(Object.keys(await readState())).toEqual(["record.json"]);
  });

  test("keeps files that are gone from the Secret with prune: none", async () => {
    await secrets.publish({ a: "1", b: "2" });
    await pass(open(target, "none"));
    await secrets.publish({ a: "1" });
    expect(await pass(open(target, "none"))).toEqual({ kind: "pending", lines: [] });
    expect(await readTarget()).toEqual({ a: "1", b: "2" });
  });

  test.skipIf(!CAN_MOUNT)("leaves the whole set as it is on a volume that is full or read-only", async () => {
    await using volume = await mountSmallVolume();
    const directory = volume.scratch.in("secrets");
    await secrets.publish({ a: "1", b: "1" });
    await pass(open(directory));
    await secrets.publish({ a: "2", b: "x".repeat(70_000) });
    const full = await pass(open(directory));
    expect(full.kind).toBe("failed");
    expect(full.lines).toEqual([expect.stringMatching(/^WARNING: Failed to copy secrets: cannot write .*: ENOSPC \(/)]);
    expect(await readTarget(directory)).toEqual({ a: "1", b: "1" });
    const left = await readdir(directory, { recursive: true });
    expect(left.filter((name) => name.endsWith(".tmp"))).toEqual([]);
    await secrets.publish({ a: "2", b: "2" });
    await volume.remount("ro");
    expect((await pass(open(directory))).lines).toEqual([
      expect.stringMatching(/^WARNING: Failed to copy secrets: cannot write .*: EROFS \(/),
    ]);
    await volume.remount("rw");
    expect((await pass(open(directory))).lines).toEqual([`${COPIED}a, b`]);
  });
});

describe("prepare()", () => {
  test("copies without asking a gateway, and says when it cannot", async () => {
    answers = [];
    await secrets.publish({ token: "one" });
    expect(await open().prepare()).toBe(true);
    expect(lines).toEqual([`${COPIED}token`]);
    expect(calls).toEqual([]);
    await rm(target, { recursive: true });
    await writeFile(target, "a file");
    expect(await open().prepare()).toBe(true);
    expect(lines.at(-1)).toMatch(/^WARNING: Failed to copy secrets: .* is no directory/);
  });
});
