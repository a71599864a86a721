import { watch } from "node:fs";
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { noteChecksum } from "../../../lib/files/checksum.ts";
import { replaceFile, removeStaleTempFiles, removeStaleTempFilesIn } from "../../../lib/files/replace.ts";
import { isTemporary } from "../../../lib/files/temporary.ts";
import { asOrdinaryUser, createScratch, refusalOf } from "../../support/fakes.ts";
import { mustRun } from "../../support/process.ts";
import { canMountSmallVolume, isRoot, mountSmallVolume } from "../../support/small-volume.ts";
import { until } from "../../support/until.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const modeOf = async (path: string) => ((await lstat(path)).mode & 0o7777).toString(8);
const CAN_MOUNT = await canMountSmallVolume();
if (!CAN_MOUNT) console.log("(skip) full and read-only volumes: no tmpfs can be mounted here");
if (!isRoot) console.log("(skip) owner and group: not root");

describe("replaceFile()", () => {
  test("creates a new file with mode 600, and its directories", async () => {
    await using scratch = await createScratch();
    const path = scratch.in("a", "b", "openclaw.json");
    await replaceFile(path, bytes("{}"));
    expect(await readFile(path, "utf8")).toBe("{}");
    expect(await modeOf(path)).toBe("600");
    expect(await readdir(scratch.in("a", "b"))).toEqual(["openclaw.json"]);
  });

  test("creates directories for this user alone, with any umask", async () => {
    await using scratch = await createScratch();
    const umask = process.umask(0);
    try {
      await replaceFile(scratch.in("a", "b", "file"), bytes("new"));
      await noteChecksum(scratch.in("sums"), "config", "0123");
    } finally {
      process.umask(umask);
    }
    for (const path of ["a", "a/b", "sums"]) expect(await modeOf(scratch.in(path))).toBe("700");
  });

  test("gives a new file the requested mode, with any umask", async () => {
    await using scratch = await createScratch();
    const umask = process.umask(0o077);
    try {
      await replaceFile(scratch.in("file"), bytes("x"), 0o644);
    } finally {
      process.umask(umask);
    }
    expect(await modeOf(scratch.in("file"))).toBe("644");
  });

  test("writes the bytes unchanged", async () => {
    await using scratch = await createScratch();
    const all = new Uint8Array(100_000).map((_, index) => index % 251);
    await replaceFile(scratch.in("file"), all);
    expect(new Uint8Array(await readFile(scratch.in("file")))).toEqual(all);
    await replaceFile(scratch.in("file"), new Uint8Array());
    expect(await readFile(scratch.in("file"))).toHaveLength(0);
  });

  test.each(["600", "644", "660", "444", "2640"])("keeps a mode of %s", async (mode) => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "old");
    await chmod(scratch.in("file"), Number.parseInt(mode, 8));
    await replaceFile(scratch.in("file"), bytes("new"), 0o600);
    expect(await readFile(scratch.in("file"), "utf8")).toBe("new");
    expect(await modeOf(scratch.in("file"))).toBe(mode);
  });

  test.skipIf(!isRoot)("keeps owner and group", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "old");
    for (const [uid, gid] of [
      [1000, 2000],
      [0, 2000],
      [1000, 0],
    ] as const) {
      await chown(scratch.in("file"), uid, gid);
      await chmod(scratch.in("file"), 0o640);
      await replaceFile(scratch.in("file"), bytes("new"));
      expect(await stat(scratch.in("file"))).toMatchObject({ uid, gid });
      expect(await modeOf(scratch.in("file"))).toBe("640");
    }
  });

  test("keeps the old file for a reader that has it open", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "old");
    await link(scratch.in("file"), scratch.in("held open"));
    await replaceFile(scratch.in("file"), bytes("new"));
    expect(await readFile(scratch.in("held open"), "utf8")).toBe("old");
  });

  test("shows a reader the whole old file or the whole new one, at any time", async () => {
    await using scratch = await createScratch();
    const [old, now] = ["a", "b"].map((letter) => letter.repeat(300_000)) as [string, string];
    await writeFile(scratch.in("file"), old);
    const done = new AbortController();
    const reader = async () => {
      const torn: number[] = [];
      while (!done.signal.aborted) {
        const text = await readFile(scratch.in("file"), "utf8");
        if (text !== old && text !== now) torn.push(text.length);
      }
      return torn;
    };
    const read = reader();
    for (let round = 0; round < 20; round++) await replaceFile(scratch.in("file"), bytes(round % 2 === 0 ? now : old));
    done.abort();
    expect(await read).toEqual([]);
  });

  test("keeps one whole file if several are written at once", async () => {
    await using scratch = await createScratch();
    const texts = ["a", "b", "c", "d"].map((letter) => letter.repeat(10_000));
    await Promise.all(texts.map((text) => replaceFile(scratch.in("file"), bytes(text))));
    expect(texts).toContain(await readFile(scratch.in("file"), "utf8"));
    expect(await readdir(scratch.path)).toEqual(["file"]);
  });
});

describe.skipIf(!isRoot)("replaceFile() of a file of another user, in a directory that we can write", () => {
  test.each([
    ["0644", 0o644, 0o644, "644"],
    ["0640", 0o640, 0o640, "600"],
    ["0000, which nobody can read", 0, 0o600, "600"],
  ])("replaces one with mode %s, and returns what is not kept", async (_, before, wanted, after) => {
    await using scratch = await createScratch();
    const path = scratch.in("openclaw.json");
    await writeFile(path, "old");
    await chown(path, 0, 2000);
    await chmod(path, before);
    await chmod(scratch.path, 0o777);
    const loss = await asOrdinaryUser(() => replaceFile(path, bytes("new")));
    expect(await readFile(path, "utf8")).toBe("new");
    expect(await modeOf(path)).toBe(after);
    expect(await stat(path)).toMatchObject({ uid: 1000 });
    expect(loss).toMatchObject({ path, wanted: { uid: 0, gid: 2000, mode: wanted }, reason: "EPERM" });
    expect(await readdir(scratch.path)).toEqual(["openclaw.json"]);
  });

  test("returns nothing if everything is kept", async () => {
    await using scratch = await createScratch();
    expect(await replaceFile(scratch.in("file"), bytes("new"), 0o644)).toBeUndefined();
    await chown(scratch.in("file"), 1000, 2000);
    expect(await replaceFile(scratch.in("file"), bytes("newer"))).toBeUndefined();
  });

  test("needs no right to read the directory", async () => {
    await using scratch = await createScratch();
    await chmod(scratch.path, 0o333);
    await asOrdinaryUser(() => replaceFile(scratch.in("file"), bytes("new")));
    expect(await readFile(scratch.in("file"), "utf8")).toBe("new");
  });
});

describe("replaceFile() in place of something that holds nothing", () => {
  test("takes the place of a pipe and of a socket", async () => {
    await using scratch = await createScratch();
    await mustRun("mkfifo", [scratch.in("pipe")]);
    const server = Bun.listen({ unix: scratch.in("socket"), socket: { data() {} } });
    for (const name of ["pipe", "socket"]) {
      await replaceFile(scratch.in(name), bytes("new"));
      expect((await lstat(scratch.in(name))).isFile()).toBeTrue();
      expect(await readFile(scratch.in(name), "utf8")).toBe("new");
    }
    server.stop(true);
  });
});

describe("replaceFile() throws and changes nothing", () => {
  test("if a symbolic link is at the path", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("target"), "old");
    await symlink("target", scratch.in("link"));
    expect(await refusalOf(replaceFile(scratch.in("link"), bytes("new")))).toMatchObject({
      code: "file",
      message: `${scratch.in("link")} is a symbolic link, expected a regular file`,
      hint: expect.any(String),
    });
    expect(await readFile(scratch.in("target"), "utf8")).toBe("old");
    expect(await readlink(scratch.in("link"))).toBe("target");
    expect((await readdir(scratch.path)).toSorted()).toEqual(["link", "target"]);
  });

  test("if a dangling link is at the path", async () => {
    await using scratch = await createScratch();
    await symlink("nothing", scratch.in("link"));
    expect(await refusalOf(replaceFile(scratch.in("link"), bytes("new")))).toMatchObject({ code: "file" });
    expect(await readdir(scratch.path)).toEqual(["link"]);
  });

  test("if a directory is at the path", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("openclaw.json"));
    expect(await refusalOf(replaceFile(scratch.in("openclaw.json"), bytes("new")))).toMatchObject({
      code: "file",
      message: `${scratch.in("openclaw.json")} is a directory, expected a regular file`,
    });
    expect(await readdir(scratch.path)).toEqual(["openclaw.json"]);
    expect(await readdir(scratch.in("openclaw.json"))).toEqual([]);
  });

  test("if its directory is a file", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "old");
    expect(await refusalOf(replaceFile(scratch.in("file", "openclaw.json"), bytes("new")))).toMatchObject({
      code: "file",
      message: expect.stringMatching(/^cannot write .*: (ENOTDIR|EEXIST)$/),
    });
    expect(await readFile(scratch.in("file"), "utf8")).toBe("old");
  });

  test("if the name is too long for a file", async () => {
    await using scratch = await createScratch();
    expect(await refusalOf(replaceFile(scratch.in("x".repeat(300)), bytes("new")))).toMatchObject({
      code: "file",
      message: expect.stringMatching(/: ENAMETOOLONG$/),
    });
    expect(await readdir(scratch.path)).toEqual([]);
  });

  test("if the directory is not writable", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "old");
    await chmod(scratch.path, 0o555);
    const refusal = await asOrdinaryUser(() => refusalOf(replaceFile(scratch.in("file"), bytes("new"))));
    await chmod(scratch.path, 0o755);
    expect(refusal).toMatchObject({
      code: "file",
      message: `cannot write ${scratch.in("file")}: EACCES`,
      hint: expect.stringContaining("fsGroup"),
    });
    expect(await readFile(scratch.in("file"), "utf8")).toBe("old");
    expect(await readdir(scratch.path)).toEqual(["file"]);
  });

  test.skipIf(!CAN_MOUNT)("if the file itself is mounted", async () => {
    await using scratch = await createScratch();
    for (const name of ["file", "source"]) await writeFile(scratch.in(name), "old");
    await mustRun("mount", ["--bind", scratch.in("source"), scratch.in("file")]);
    const refusal = await refusalOf(replaceFile(scratch.in("file"), bytes("new")));
    await mustRun("umount", [scratch.in("file")]);
    expect(refusal).toMatchObject({
      code: "file",
      message: `cannot write ${scratch.in("file")}: EBUSY`,
      hint: "the file itself is mounted, so it cannot be replaced: mount its directory instead",
    });
    expect(await readFile(scratch.in("source"), "utf8")).toBe("old");
    expect((await readdir(scratch.path)).toSorted()).toEqual(["file", "source"]);
  });

  test.skipIf(!CAN_MOUNT)("if the volume is full", async () => {
    await using volume = await mountSmallVolume();
    const { scratch } = volume;
    await writeFile(scratch.in("file"), "old");
    expect(await refusalOf(replaceFile(scratch.in("file"), new Uint8Array(100_000)))).toMatchObject({
      code: "file",
      message: `cannot write ${scratch.in("file")}: ENOSPC`,
      hint: expect.stringContaining("full"),
    });
    expect(await readFile(scratch.in("file"), "utf8")).toBe("old");
    expect(await readdir(scratch.path)).toEqual(["file"]);
    await replaceFile(scratch.in("file"), bytes("a smaller one"));
    expect(await readFile(scratch.in("file"), "utf8")).toBe("a smaller one");
  });

  test.skipIf(!CAN_MOUNT)("if the volume is read-only", async () => {
    await using volume = await mountSmallVolume();
    const { scratch } = volume;
    await writeFile(scratch.in("file"), "old");
    await volume.remount("ro");
    expect(await refusalOf(replaceFile(scratch.in("file"), bytes("new")))).toMatchObject({
      code: "file",
      message: `cannot write ${scratch.in("file")}: EROFS`,
      hint: expect.stringContaining("read-only"),
    });
    expect(await readFile(scratch.in("file"), "utf8")).toBe("old");
    expect(await readdir(scratch.path)).toEqual(["file"]);
  });
});

describe("replaceFile() beside another process that removes stale files", () => {
  test("writes again if its temporary file was removed", async () => {
    await using scratch = await createScratch();
    const path = scratch.in("cron");
    const isWriting = async () => (await readdir(scratch.path)).some((name) => name.endsWith(".tmp"));
    let caught = 0;
    for (let round = 1; round <= 20; round++) {
      const state = { isDone: false };
      const publishing = replaceFile(path, new Uint8Array(4 * 1024 * 1024).fill(round)).finally(() => {
        state.isDone = true;
      });
      while (!state.isDone && !(await isWriting())) continue;
      if (!state.isDone) {
        for (const name of await readdir(scratch.path))
          if (isTemporary(name)) await rm(scratch.in(name), { force: true });
        caught += 1;
      }
      await publishing;
      expect((await readFile(path))[0]).toBe(round);
    }
    expect(caught).toBeGreaterThan(0);
    expect(await readdir(scratch.path)).toEqual(["cron"]);
  });
});

describe("removeStaleTempFiles()", () => {
  test("removes nothing that this process writes: its kinds of settings share directories", async () => {
    await using scratch = await createScratch();
    const isDone = new AbortController();
    const removing = (async () => {
      while (!isDone.signal.aborted) await removeStaleTempFilesIn(scratch.path);
    })();
    const bytes = Buffer.alloc(64 * 1024, "x");
    const writes = Array.from({ length: 50 }, (_, index) => replaceFile(scratch.in(`${index}.json`), bytes));
    const results = await Promise.allSettled(writes);
    isDone.abort();
    await removing;
    expect(results.filter(({ status }) => status === "rejected")).toEqual([]);
  });

  test("removes the temporary files of a killed writer of this file, and nothing else", async () => {
    await using scratch = await createScratch();
    const strays = [".openclaw.json.config-manager-0123456789ab.tmp", ".openclaw.json.config-manager-x.tmp"];
    const others = [
      "openclaw.json",
      "openclaw.json.bak",
      ".openclaw.json.swp",
      ".openclaw.json.config-manager-x",
      ".openclaw.json.config-manager-x.tmp.bak",
      "a.openclaw.json.config-manager-x.tmp",
      ".other.json.config-manager-0123456789ab.tmp",
      "openclaw.json.config-manager-0123456789ab.tmp",
    ];
    for (const name of [...strays, ...others]) await writeFile(scratch.in(name), "x");
    await removeStaleTempFiles(scratch.in("openclaw.json"));
    expect((await readdir(scratch.path)).toSorted()).toEqual(others.toSorted());
  });

  test("removes the temporary name that replaceFile() uses", async () => {
    await using scratch = await createScratch();
    const seen = new Set<string>();
    const watcher = watch(scratch.path, (_, name) => void seen.add(String(name)));
    await replaceFile(scratch.in("openclaw.json"), bytes("new"));
    await until("the file to be seen", () => seen.delete("openclaw.json"));
    watcher.close();
    expect(seen.size).toBe(1);
    for (const name of seen) await writeFile(scratch.in(name), "half");
    await removeStaleTempFiles(scratch.in("openclaw.json"));
    expect(await readdir(scratch.path)).toEqual(["openclaw.json"]);
  });

  test("does not throw if the directory is missing or not writable", async () => {
    await using scratch = await createScratch();
    await removeStaleTempFiles(scratch.in("nowhere", "openclaw.json"));
    await mkdir(scratch.in(".openclaw.json.config-manager-0123456789ab.tmp"));
    await removeStaleTempFiles(scratch.in("openclaw.json"));
    expect(await readdir(scratch.path)).toHaveLength(1);
  });
});
