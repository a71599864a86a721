import { describe, expect, test } from "bun:test";
import { findSubPath, parseMounts, readMounts } from "../../../lib/files/mounts.ts";

/** Mounts as the kubelet makes them; the paths under /var/lib are on the node. */
const POD = "/var/lib/kubelet/pods/0b1c/volumes/kubernetes.io~configmap";
const MOUNTINFO = `
1201 1187 0:61 / / rw,relatime master:400 - overlay overlay rw,lowerdir=/a,upperdir=/b
1215 1201 254:1 ${POD}/openclaw-config /etc/openclaw/config.d ro,relatime - ext4 /dev/vda1 rw
1216 1201 254:1 ${POD}/cron-config/..2026_11_23_06_30_00.123/cron-jobs.json /etc/openclaw/cron.d/cron-jobs.json ro,relatime - ext4 /dev/vda1 rw
1217 1201 254:1 /var/lib/kubelet/pods/0b1c/volumes/kubernetes.io~csi/data/mount /home/node/.openclaw rw,relatime - ext4 /dev/vdb rw
1218 1201 254:1 ${POD}/parts/..2026_11_23_06_30_00.456/jobs /etc/openclaw/parts.d ro,relatime - ext4 /dev/vda1 rw
1219 1201 0:70 / /with\\040blank rw - tmpfs tmpfs rw
`;

describe("parseMounts()", () => {
  test("returns root, mount point and whether it is read-only", () => {
    const mounts = parseMounts(MOUNTINFO);
    expect(mounts.length).toBe(6);
    expect(mounts[1]).toEqual({ root: `${POD}/openclaw-config`, point: "/etc/openclaw/config.d", isReadOnly: true });
    expect(mounts[5]).toEqual({ root: "/", point: "/with blank", isReadOnly: false });
  });

  test("ignores invalid lines", () => {
    expect(parseMounts("")).toEqual([]);
    expect(parseMounts("nonsense\n1 2 3\n")).toEqual([]);
  });
});

describe("findSubPath()", () => {
  const mounts = parseMounts(MOUNTINFO);

  test("returns a file in the directory that is mounted with subPath", () => {
    expect(findSubPath(mounts, "/etc/openclaw/cron.d")).toBe("/etc/openclaw/cron.d/cron-jobs.json");
  });

  test("returns the directory if it is mounted with subPath", () => {
    expect(findSubPath(mounts, "/etc/openclaw/parts.d")).toBe("/etc/openclaw/parts.d");
  });

  test("returns undefined if the whole ConfigMap is mounted", () => {
    expect(findSubPath(mounts, "/etc/openclaw/config.d")).toBeUndefined();
    expect(findSubPath([], "/etc/openclaw/config.d")).toBeUndefined();
  });
});

describe("readMounts()", () => {
  test("returns the root of this machine", async () => {
    expect((await readMounts()).some(({ point }) => point === "/")).toBe(true);
  });
});
