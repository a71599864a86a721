// The built binary's doctor with wrong mounts of a Pod: with real mounts, and as another user.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmod, chown, mkdir, readFile, readdir, realpath, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BINARY, type Mounts, createMounts, runBinary } from "../support/sidecar.ts";
import { canMountSmallVolume, isRoot, mountSmallVolume } from "../support/small-volume.ts";

const CAN_MOUNT = await canMountSmallVolume();
if (!CAN_MOUNT) console.log("(skip) subPath, full and read-only volumes: nothing can be mounted here");
const CAN_BE_OTHERS = isRoot && Bun.which("setpriv") !== null;
if (!CAN_BE_OTHERS) console.log("(skip) a volume of another user: not root, or no setpriv");

let mounts: Mounts;
beforeEach(async () => {
  mounts = await createMounts();
  await mounts.config.publish({ "openclaw.json": '{"gateway":{"mode":"local"}}' });
  await mounts.publishJobs([]);
});
afterEach(() => mounts.dispose());

interface Finding {
  name: string;
  state: string;
  detail: string;
  hint?: string;
}

const env = (pvcConfig: string) =>
  mounts.environment({ OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1", PVC_CONFIG: pvcConfig });

/** Returns the check of this name. */
async function examine(name: string, more: Record<string, string> = {}, through?: readonly string[]): Promise<Finding> {
  const env = mounts.environment({ OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1", ...more });
  const { stdout, stderr } = await runBinary(["doctor", "--json"], env, through);
  const { checks } = JSON.parse(stdout || `{"error": ${JSON.stringify(stderr)}}`) as { checks: Finding[] };
  const found = checks.find((check) => check.name === name);
  if (!found) throw new Error(`no check ${name}: ${stdout}`);
  return found;
}

test("a ConfigMap volume is recognised by its ..data", async () => {
  expect(await examine("config mount")).toMatchObject({
    state: "ok",
    detail: expect.stringMatching(/, a ConfigMap volume, written by the kubelet at \d{4}-[\d:.T-]+Z \(/),
  });
});

test.if(CAN_MOUNT)("a file that is mounted with subPath is named", async () => {
  const directory = join(mounts.root, "by-sub-path");
  const file = join(directory, "openclaw.json");
  // In a mount namespace of its own, like a container.
  const script = 'mkdir "$1" && touch "$2" && mount --bind "$3" "$2" && shift 3 && exec "$@"';
  const source = join(mounts.config.path, "openclaw.json");
  const inNamespace = ["unshare", "-m", "sh", "-c", script, "sh", directory, file, source, BINARY];
  expect(await examine("config mount", { CONFIG_DIR: directory }, inNamespace)).toEqual({
    name: "config mount",
    state: "failed",
    detail: `${file} is mounted with subPath: Kubernetes never updates it; mount the directory`,
    hint: `mount the whole ConfigMap at ${directory}, without subPath`,
  });
});

test.if(CAN_MOUNT)("status warns of both mounts by subPath", async () => {
  const [config, cron] = [join(mounts.root, "a"), join(mounts.root, "b")];
  const script = 'mkdir "$1" "$2" && mount --bind "$3" "$1" && mount --bind "$4" "$2" && shift 4 && exec "$@"';
  // As the kubelet binds a directory of one generation.
  const generations = [
    await realpath(join(mounts.config.path, "..data")),
    await realpath(join(mounts.cron.path, "..data")),
  ];
  const inNamespace = ["unshare", "-m", "sh", "-c", script, "sh", config, cron, ...generations, BINARY];
  const { stdout } = await runBinary(
    ["status", "--json"],
    { ...env(join(mounts.root, "openclaw.json")), CONFIG_DIR: config, CRON_DIR: cron },
    inNamespace,
  );
  const status = JSON.parse(stdout) as Record<"config" | "cron", { problems: string[] }>;
  expect(status.config.problems).toContain(`${config} is mounted with subPath: Kubernetes never updates it`);
  expect(status.cron.problems).toContain(`${cron} is mounted with subPath: Kubernetes never updates it`);
});

test.if(CAN_MOUNT)("a live config that is itself mounted is named, and nothing is left beside it", async () => {
  const directory = join(mounts.root, "pvc");
  const file = join(directory, "openclaw.json");
  const script = 'mkdir -p "$1" && touch "$2" "$3" && mount --bind "$3" "$2" && shift 3 && exec "$@"';
  const inNamespace = ["unshare", "-m", "sh", "-c", script, "sh", directory, file, join(mounts.root, "file"), BINARY];
  expect(await examine("live config", { PVC_CONFIG: file }, inNamespace)).toEqual({
    name: "live config",
    state: "failed",
    detail: `${file} is itself a mount, so it cannot be replaced`,
    hint: `mount the gateway's volume at ${directory}, not the file`,
  });
  const { messages } = await runBinary(["sync", "--only", "config"], env(file), inNamespace);
  expect(messages.join("\n")).toContain(`cannot write ${file}: EBUSY (the file itself is mounted`);
  expect(await readdir(directory)).toEqual(["openclaw.json"]);
});

test.if(CAN_MOUNT)("a volume that is read-only, and one that is full, are told apart", async () => {
  await using volume = await mountSmallVolume();
  const places = { PVC_CONFIG: volume.scratch.in("openclaw.json") };
  await volume.remount("ro");
  expect(await examine("live config", places)).toMatchObject({
    state: "failed",
    detail: `${volume.scratch.path} is mounted read-only`,
    hint: `mount the gateway's volume at ${volume.scratch.path}, without readOnly`,
  });
  await volume.remount("rw");
  await Bun.write(volume.scratch.in("filler"), "x".repeat(60_000));
  await Bun.write(volume.scratch.in("more"), "x".repeat(4_096)).catch(() => undefined);
  expect(await examine("live config", places)).toMatchObject({
    state: "failed",
    detail: `the volume of ${volume.scratch.path} is full`,
    hint: `free some space on the volume of ${volume.scratch.path}`,
  });
});

test.if(CAN_BE_OTHERS)(
  "a volume of another user is told by whose it is, and a ConfigMap that nobody may read",
  async () => {
    const pvc = join(mounts.root, "pvc");
    await mkdir(pvc, { mode: 0o755 });
    await chmod(mounts.root, 0o755);
    const asNode = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", BINARY];
    expect(await examine("live config", { PVC_CONFIG: join(pvc, "openclaw.json") }, asNode)).toMatchObject({
      state: "failed",
      detail: `${pvc} cannot be written by this user: EACCES`,
      hint: "securityContext: { fsGroup: 1000 }", // never: run as root
    });
    await chown(pvc, 1234, 1234);
    expect(await examine("live config", { PVC_CONFIG: join(pvc, "openclaw.json") }, asNode)).toMatchObject({
      hint: "securityContext: { runAsUser: 1234, runAsGroup: 1234 }",
    });
    await chmod(mounts.config.path, 0o700);
    expect(await examine("config mount", {}, asNode)).toMatchObject({
      state: "failed",
      detail: `${mounts.config.path} cannot be read: EACCES`,
    });
  },
);

test.if(CAN_BE_OTHERS)(
  "a live config of root, in a directory that we can write, is replaced all the same",
  async () => {
    const directory = join(mounts.root, "pvc");
    const file = join(directory, "openclaw.json");
    await mkdir(directory);
    await writeFile(file, '{ "gateway": { "mode": "local" } }', { mode: 0o644 });
    for (const path of [mounts.root, directory]) await chown(path, 1000, 1000);
    const asNode = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", BINARY];
    const { messages } = await runBinary(["sync", "--only", "config"], env(file), asNode);
    expect(messages).toContain(`Config copied to PVC: ${file}`);
    expect(await readFile(file, "utf8")).toBe('{"gateway":{"mode":"local"}}');
    expect(await stat(file)).toMatchObject({ uid: 1000, gid: 1000, mode: 0o100644 });
  },
);
