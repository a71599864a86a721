import { describe, expect, test } from "bun:test";
import { type Attributes, describeLoss, keepAttributes } from "../../../lib/files/attributes.ts";
import { thrownBy } from "../../support/fakes.ts";

const PATH = "/home/node/.openclaw/openclaw.json";

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

interface Volume {
  /** The group that may be given away, as a member of it may. */
  group?: number;
  /** The code that a change of the owner fails with. */
  chown?: string;
  /** The code that a change of the mode fails with; `ignored` if it succeeds and does nothing. */
  chmod?: string;
}

/** A new file of 1000:1000 with mode 0600, on a volume that refuses some changes. */
function createFile(volume: Volume = {}, mode = 0o600) {
  const own = { uid: 1000, gid: 1000, mode: 0o100000 | mode };
  return {
    stat: async () => ({ ...own }),
    async chown(uid: number, gid: number) {
      if (volume.chown !== undefined && (uid !== own.uid || gid !== volume.group)) throw systemError(volume.chown);
      Object.assign(own, { uid, gid });
    },
    async chmod(wanted: number) {
      if (volume.chmod === "ignored") return;
      if (volume.chmod !== undefined) throw systemError(volume.chmod);
      own.mode = 0o100000 | wanted;
    },
  };
}

const old = (mode: number, uid = 0, gid = 0): Attributes => ({ uid, gid, mode });

describe("keepAttributes()", () => {
  test("returns nothing if owner and mode are kept", async () => {
    const file = createFile();
    expect(await keepAttributes(file, PATH, old(0o2640))).toBeUndefined();
    expect(await file.stat()).toEqual({ uid: 0, gid: 0, mode: 0o102640 });
    expect(await keepAttributes(createFile(), PATH, { mode: 0o644 })).toBeUndefined();
  });

  test.each(["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "EINVAL", "ENOSYS"])(
    "tolerates %s, of the owner and of the mode",
    async (code) => {
      const loss = await keepAttributes(createFile({ chown: code, chmod: code }), PATH, old(0o644));
      expect(loss).toEqual({
        path: PATH,
        wanted: { uid: 0, gid: 0, mode: 0o644 },
        actual: { uid: 1000, gid: 1000, mode: 0o600 },
        reason: code,
      });
    },
  );

  test("keeps the mode if only the owner cannot be kept", async () => {
    const file = createFile({ chown: "EPERM" });
    expect(await keepAttributes(file, PATH, old(0o644))).toMatchObject({ actual: { uid: 1000, mode: 0o644 } });
    expect((await file.stat()).mode & 0o777).toBe(0o644);
  });

  test("keeps the group, and what it may do, if only the user cannot be kept", async () => {
    const file = createFile({ chown: "EPERM", group: 3000 });
    expect(await keepAttributes(file, PATH, old(0o660, 0, 3000))).toMatchObject({
      actual: { uid: 1000, gid: 3000, mode: 0o660 },
    });
  });

  test.each([
    ["0640", 0o640, 0o600],
    ["0660", 0o660, 0o600],
    ["0664", 0o664, 0o644],
    ["0604", 0o604, 0o604],
    ["6755", 0o6755, 0o755],
    ["0000", 0, 0],
  ])("gives another group no more than it had before with %s", async (_, before, after) => {
    const file = createFile({ chown: "EPERM" });
    await keepAttributes(file, PATH, old(before));
    expect(((await file.stat()).mode & 0o7777).toString(8)).toBe(after.toString(8));
  });

  test("returns nothing for a volume that shows the same owner and mode for all files", async () => {
    const azure = createFile({ chown: "EPERM", chmod: "EPERM" }, 0o777);
    expect(await keepAttributes(azure, PATH, old(0o777, 1000, 1000))).toBeUndefined();
  });

  test("notices a mode that is ignored, of a new file too", async () => {
    const azure = createFile({ chmod: "ignored" }, 0o777);
    expect(await keepAttributes(azure, PATH, { mode: 0o600 })).toEqual({
      path: PATH,
      wanted: { uid: 1000, gid: 1000, mode: 0o600 },
      actual: { uid: 1000, gid: 1000, mode: 0o777 },
      reason: "the volume ignores it",
    });
  });

  test("throws any other error", async () => {
    for (const volume of [{ chown: "EIO" }, { chmod: "EIO" }]) {
      expect(await thrownBy(keepAttributes(createFile(volume), PATH, old(0o644)))).toMatchObject({ code: "EIO" });
    }
  });
});

describe("describeLoss()", () => {
  const loss = {
    path: PATH,
    wanted: old(0o640),
    actual: { uid: 1000, gid: 1000, mode: 0o600 },
    reason: "EPERM",
  };

  test("says what was to be kept, and what the file has now", () => {
    expect(describeLoss(loss)).toBe(
      `WARNING: Cannot keep owner 0:0 and mode 0640 of ${PATH}: EPERM; it is now 1000:1000, 0600`,
    );
  });

  test("names only what is lost", () => {
    expect(describeLoss({ ...loss, actual: { ...loss.actual, mode: 0o640 } })).toBe(
      `WARNING: Cannot keep owner 0:0 of ${PATH}: EPERM; it is now 1000:1000, 0640`,
    );
    expect(describeLoss({ ...loss, actual: { ...loss.wanted, mode: 0o777 } })).toBe(
      `WARNING: Cannot keep mode 0640 of ${PATH}: EPERM; it is now 0:0, 0777`,
    );
  });
});
