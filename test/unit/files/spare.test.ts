import { chmod, readFile, readdir, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { removeStaleTempFiles } from "../../../lib/files/replace.ts";
import { replaceByCopy, writeSpare } from "../../../lib/files/spare.ts";
import { asOrdinaryUser, createScratch, refusalOf } from "../../support/fakes.ts";
import { canMountSmallVolume, mountSmallVolume } from "../../support/small-volume.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const CAN_MOUNT = await canMountSmallVolume();
if (!CAN_MOUNT) console.log("(skip) copies on a full volume: no tmpfs can be mounted here");

describe("replaceByCopy()", () => {
  test.skipIf(!CAN_MOUNT)("takes a copy where the volume has become full, and only one with these bytes", async () => {
    await using volume = await mountSmallVolume();
    const { scratch } = volume;
    await writeFile(scratch.in("file"), "new");
    const spare = await writeSpare(scratch.in("file"), bytes("old"));
    const other = await writeSpare(scratch.in("file"), bytes("forged"));
    await writeFile(scratch.in("filler"), Buffer.alloc(200_000)).catch(() => undefined);
    for (const copy of [undefined, other, scratch.in("nowhere"), scratch.path]) {
      expect((await refusalOf(replaceByCopy(scratch.in("file"), bytes("old"), copy))).message).toEndWith(": ENOSPC");
      expect(await readFile(scratch.in("file"), "utf8")).toBe("new");
    }
    await replaceByCopy(scratch.in("file"), bytes("old"), spare);
    expect(await readFile(scratch.in("file"), "utf8")).toBe("old");
    await removeStaleTempFiles(scratch.in("file"));
    expect((await readdir(scratch.path)).toSorted()).toEqual(["file", "filler"]);
  });

  test("writes the bytes where there is space, whatever the copy is", async () => {
    await using scratch = await createScratch();
    await replaceByCopy(scratch.in("file"), bytes("new"), scratch.in("nowhere"));
    expect(await readFile(scratch.in("file"), "utf8")).toBe("new");
  });

  test("takes no copy for any other failure", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "old");
    const spare = await writeSpare(scratch.in("file"), bytes("new"));
    await chmod(scratch.path, 0o555);
    const refusal = await asOrdinaryUser(() => refusalOf(replaceByCopy(scratch.in("file"), bytes("new"), spare)));
    await chmod(scratch.path, 0o755);
    expect(refusal.message).toEndWith(": EACCES");
    expect(await readFile(scratch.in("file"), "utf8")).toBe("old");
  });
});
