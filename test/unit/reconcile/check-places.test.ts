import { describe, expect, test } from "bun:test";
import { checkPlace } from "../../../lib/reconcile/check-places.ts";

describe("checkPlace()", () => {
  test("fails for a file that is itself mounted, with the mount of its directory to paste", () => {
    const mount = "{ name: data, mountPath: /home/node/.openclaw }";
    expect(checkPlace("live config", "/home/node/.openclaw/openclaw.json", { kind: "mounted" }, mount)).toEqual({
      name: "live config",
      state: "failed",
      detail: "/home/node/.openclaw/openclaw.json is itself a mount, so it cannot be replaced; mount its directory",
      hint: "volumeMounts: [{ name: data, mountPath: /home/node/.openclaw }]",
    });
  });
});
