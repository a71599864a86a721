import { watch } from "node:fs";
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { watchDirectory } from "../../../lib/files/watch.ts";
import { asOrdinaryUser, createScratch } from "../../support/fakes.ts";
import { until } from "../../support/until.ts";
import { createVolume } from "../../support/volume.ts";

const NEVER_MS = 3_600_000;

/** A watch that counts its calls and is closed at the end of the test. */
function startWatch(path: string, checkEveryMs: number) {
  const seen = { count: 0 };
  const watch = watchDirectory(path, () => (seen.count += 1), checkEveryMs);
  return {
    seen,
    watch,
    /** Makes a change and waits until the watch reports one. */
    async notices(what: string, change: () => Promise<unknown>) {
      const before = seen.count;
      await change();
      await until(what, () => seen.count > before);
    },
    [Symbol.dispose]: () => watch.close(),
  };
}

describe("watchDirectory()", () => {
  test("reports each swap of a volume", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("cron.d"));
    await volume.publish({ "cron-jobs.json": "0" });
    using watching = startWatch(volume.path, NEVER_MS);
    for (const swap of [1, 2, 3, 4]) {
      await watching.notices(`swap ${swap}`, () => volume.publish({ "cron-jobs.json": String(swap) }));
    }
  });

  test("reports a swap once, and no other event of the kubelet", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("cron.d"));
    await volume.publish({ "cron-jobs.json": "0" });
    using watching = startWatch(volume.path, NEVER_MS);
    const events = new Set<unknown>();
    const all = watch(volume.path, (_, name) => events.add(name));
    try {
      for (const swaps of [1, 2, 3]) {
        const name = `cron-jobs-${swaps}.json`;
        events.clear();
        const swap = await volume.prepare({ [name]: "[]" });
        await until("the link that is to be swapped in", () => events.has("..data_tmp"));
        expect(watching.seen.count).toBe(swaps - 1);
        await watching.notices("the swap", async () => swap.perform());
        await swap.finish();
        await until("the file of the new generation", () => events.has(name));
        expect(watching.seen.count).toBe(swaps);
      }
    } finally {
      all.close();
    }
  });

  test("reports a file that is written in place", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("cron-jobs.json"), "[]");
    using watching = startWatch(scratch.path, NEVER_MS);
    await watching.notices("the other text", () => writeFile(scratch.in("cron-jobs.json"), "[{}]"));
  });

  test("reports a directory that is created later, and changes in it", async () => {
    await using scratch = await createScratch();
    using watching = startWatch(scratch.in("later"), 5);
    await watching.notices("the directory to appear", () => mkdir(scratch.in("later")));
    const count = watching.seen.count;
    await writeFile(scratch.in("later", "a.json"), "[]");
    await until("the file in it", () => watching.seen.count > count);
  });

  test("reports a directory that replaces another, and changes in it", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("cron.d"));
    await mkdir(scratch.in("other"));
    using watching = startWatch(scratch.in("cron.d"), 5);
    await watching.notices("the other directory", async () => {
      await rename(scratch.in("cron.d"), scratch.in("old"));
      await rename(scratch.in("other"), scratch.in("cron.d"));
    });
    // A check after the replacement may still be pending.
    for (const name of ["a.json", "b.json", "c.json"]) {
      await watching.notices(`${name} in it`, () => writeFile(scratch.in("cron.d", name), "[]"));
    }
  });

  test("reports nothing without a change", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("quiet"));
    using quiet = startWatch(scratch.in("quiet"), 1);
    using missing = startWatch(scratch.in("missing"), 1);
    using busy = startWatch(scratch.path, NEVER_MS);
    await busy.notices("a file beside it", () => writeFile(scratch.in("a.json"), "[]"));
    expect([quiet.seen.count, missing.seen.count]).toEqual([0, 0]);
  });

  test("reports nothing after close()", async () => {
    await using scratch = await createScratch();
    using closed = startWatch(scratch.path, 1);
    using open = startWatch(scratch.path, NEVER_MS);
    closed.watch.close();
    await open.notices("a file", () => writeFile(scratch.in("a.json"), "[]"));
    expect(closed.seen.count).toBe(0);
  });
});

describe("watchDirectory() of a directory that was recreated", () => {
  test("reports changes in it, even if it has the inode number of the old one", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("cron.d"));
    using watching = startWatch(scratch.in("cron.d"), 5);
    await watching.notices("the new directory", async () => {
      await rm(scratch.in("cron.d"), { recursive: true });
      await mkdir(scratch.in("cron.d"));
    });
    // The first report is either that the new directory is watched, or the file.
    await watching.notices("a file in it", () => writeFile(scratch.in("cron.d", "a.json"), "[]"));
    await watching.notices("another", () => writeFile(scratch.in("cron.d", "b.json"), "[]"));
  });

  test("does not throw if the directory may not be read", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("locked", "cron.d"), { recursive: true });
    await chmod(scratch.in("locked"), 0o000);
    try {
      await asOrdinaryUser(async () => startWatch(scratch.in("locked", "cron.d"), NEVER_MS)[Symbol.dispose]());
    } finally {
      await chmod(scratch.in("locked"), 0o700);
    }
  });
});
