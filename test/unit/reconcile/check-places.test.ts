import { describe, expect, test } from "bun:test";
import { checkPlace } from "../../../lib/reconcile/check-places.ts";

describe("checkPlace()", () => {
  test("fails for a file that is itself mounted, and says what to mount instead", () => {
    const mount = "the gateway's volume at /home/node/.openclaw";
    expect(checkPlace("live config", "/home/node/.openclaw/openclaw.json", { kind: "mounted" }, mount)).toEqual({
      name: "live config",
      state: "failed",
      detail: "/home/node/.openclaw/openclaw.json is itself a mount, so it cannot be replaced",
      hint: "mount the gateway's volume at /home/node/.openclaw, not the file",
    });
  });
});
