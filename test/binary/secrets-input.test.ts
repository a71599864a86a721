// The built binary with anything that a Secret and the place of its copies may hold: the former copies stay, all of them,
// one line says what is wrong, and the sidecar goes on by itself. No value is printed. There is no gateway.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { lstat, mkdir, readFile, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { serveGateway } from "../support/fakes.ts";
import { findFreePort } from "../support/free-port.ts";
import { ALONE } from "../support/pod.ts";
import { mustRun } from "../support/process.ts";
import { type Mounts, type Sidecar, createMounts, runBinary, startSidecar } from "../support/sidecar.ts";
import { canMountSmallVolume, mountSmallVolume } from "../support/small-volume.ts";
import { until } from "../support/until.ts";
import { type Volume, createVolume } from "../support/volume.ts";

const CAN_MOUNT = await canMountSmallVolume();
if (!CAN_MOUNT) console.log("(skip) full and read-only targets: no tmpfs can be mounted here");

/** In every value: it must be in nothing that is printed. */
const MARK = "hush";
const FAILED = /^WARNING: Failed to copy secrets: /;

let mounts: Mounts;
let secrets: Volume;
let target: string;
let sidecars: Sidecar[];

beforeEach(async () => {
  mounts = await createMounts();
  secrets = await createVolume(join(mounts.root, "secrets.d"));
  target = join(mounts.root, "target");
  sidecars = [];
});
afterEach(async () => {
  for (const sidecar of sidecars) {
    expect(sidecar.messages().join("\n")).not.toContain(MARK);
    await sidecar.dispose();
  }
  await mounts.dispose();
});

const environment = (more: Record<string, string> = {}) =>
  mounts.environment({
    ...ALONE,
    SECRETS_DIR: secrets.path,
    SECRETS_TARGET_DIR: target,
    POLL_INTERVAL: "3600",
    ...more,
  });

function start(more: Record<string, string> = {}): Sidecar {
  const sidecar = startSidecar(environment(more));
  sidecars.push(sidecar);
  return sidecar;
}

async function readTarget(directory = target): Promise<Record<string, string>> {
  const names = (await readdir(directory)).filter((name) => !name.startsWith(".."));
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name), "latin1")])),
  );
}

const pair = (round: number) => ({ "client-id": `${MARK}-id-${round}`, "client-secret": `${MARK}-secret-${round}` });
const COPIED = "Secrets copied: client-id, client-secret";

describe("a Secret", () => {
  test("is followed over many swaps, and each key has the mode 0600", async () => {
    await secrets.publish(pair(0));
    const sidecar = start();
    await sidecar.waitFor(COPIED);
    expect(sidecar.messages()).toContain(`  Monitoring: ${secrets.path} (secrets → ${target} → secrets.reload)`);
    for (let round = 1; round <= 20; round++) await secrets.publish(pair(round));
    await until("the last one", async () => (await readTarget())["client-secret"] === `${MARK}-secret-20`);
    expect(await readTarget()).toEqual(pair(20));
    expect((await lstat(join(target, "client-id"))).mode & 0o7777).toBe(0o600);
  });

  test("that is half swapped is not taken: the former generation is gone, the next is not whole", async () => {
    await secrets.publish(pair(0));
    const sidecar = start();
    await sidecar.waitFor(COPIED);
    const from = sidecar.messages().length;
    const swap = await secrets.prepare(pair(1));
    await rename(join(secrets.path, "..data"), join(secrets.path, "..data_away"));
    sidecar.signal("SIGHUP");
    await sidecar.waitFor(FAILED, from); // its links lead nowhere
    expect(await readTarget()).toEqual(pair(0));
    await rename(join(secrets.path, "..data_away"), join(secrets.path, "..data"));
    swap.perform();
    await sidecar.waitFor(COPIED, from);
    await swap.finish();
    expect(await readTarget()).toEqual(pair(1));
  });

  test("that is empty, has a key without a value, or is no text, is told of once", async () => {
    await secrets.publish(pair(0));
    const sidecar = start();
    await sidecar.waitFor(COPIED);
    await secrets.publish({});
    await sidecar.waitFor(
      `WARNING: No secret in ${secrets.path}, what is in ${target} stays as it is: mount the Secret there`,
    );
    await secrets.publish({ ...pair(1), "client-id": "" });
    await sidecar.waitFor(/^WARNING: Secrets of .* rejected, .* stays as it is: without a value: client-id$/);
    expect(await readTarget()).toEqual(pair(0));
    const from = sidecar.messages().length;
    await secrets.publish({ ...pair(2), "key.jks": Uint8Array.of(0xfe, 0xed, 0xfe, 0xed) });
    await sidecar.waitFor(/^WARNING: Not UTF-8 text, copied as it is: key\.jks; /, from);
    expect(await readTarget()).toEqual({ ...pair(2), "key.jks": "\xfe\xed\xfe\xed" });
  });

  test("with a pipe or a folder in it is refused, and nothing blocks", async () => {
    const plain = join(mounts.root, "plain");
    await mkdir(plain);
    await mustRun("mkfifo", [join(plain, "token")]);
    const sidecar = start({ SECRETS_DIR: plain });
    await sidecar.waitFor(
      /^WARNING: Failed to copy secrets: cannot read .*token: it is a pipe or a device, expected a file$/,
    );
    await rm(join(plain, "token"));
    await writeFile(join(plain, "token"), `${MARK}-1`);
    await sidecar.waitFor("Secrets copied: token");
  });
});

describe("a gateway", () => {
  test("that quotes a secret, old or new, is quoted without it, whatever it is about", async () => {
    const words = [`${MARK}worthy`, `${MARK}worthier`];
    let quoted = "";
    await using gateway = serveGateway({
      "cron.list": () => ({ payload: { jobs: [] } }),
      "cron.add": () => ({ error: { code: "INVALID_REQUEST", message: `no ${quoted}, please` } }),
    });
    await secrets.publish({ word: words[0] ?? "" });
    await mounts.publishJobs([{ name: "x", schedule: "0 3 1 1 *", command: "true" }]);
    quoted = words[0] ?? "";
    const sidecar = start({ OPENCLAW_GATEWAY_URL: gateway.url });
    await sidecar.waitFor("WARNING: Failed to add cron job: x: no ***, please");
    const from = sidecar.messages().length;
    quoted = words.join(" and ");
    await secrets.publish({ word: words[1] ?? "" });
    await sidecar.waitFor("Secrets copied: word", from);
    await sidecar.waitFor("WARNING: Failed to add cron job: x: no *** and ***, please", from);
    await mounts.publishJobs([]);
  });
});

describe("the place of the copies", () => {
  test("with a link or a directory in it is left as it is, and mended once that is gone", async () => {
    await mkdir(target);
    await writeFile(join(mounts.root, "outside"), "untouched");
    await symlink(join(mounts.root, "outside"), join(target, "client-secret"));
    await secrets.publish(pair(0));
    const sidecar = start();
    await sidecar.waitFor(/client-secret is a symbolic link, expected a regular file/);
    expect(await readdir(target)).toEqual(["client-secret"]);
    await rm(join(target, "client-secret"));
    sidecar.signal("SIGHUP");
    await sidecar.waitFor(COPIED);
    expect(await readFile(join(mounts.root, "outside"), "utf8")).toBe("untouched");
  });

  test.skipIf(!CAN_MOUNT)("that is full or read-only keeps the whole former set", async () => {
    await using volume = await mountSmallVolume();
    target = volume.scratch.in("secrets");
    await secrets.publish(pair(0));
    const sidecar = start();
    await sidecar.waitFor(COPIED);
    await secrets.publish({ ...pair(1), big: MARK.repeat(20_000) });
    await sidecar.waitFor(/^WARNING: Failed to copy secrets: cannot write .*: ENOSPC /);
    expect(await readTarget()).toEqual(pair(0));
    await volume.remount("ro");
    await secrets.publish(pair(2));
    await sidecar.waitFor(/^WARNING: Failed to copy secrets: cannot write .*: EROFS /);
    await volume.remount("rw");
    await until("the last one", async () => (await readTarget())["client-secret"] === `${MARK}-secret-2`);
    expect(await readTarget()).toEqual(pair(2));
    await sidecar.dispose(); // before the volume goes
  });

  test("is whole, and without stray files, after 40 kills under constant change", async () => {
    for (let round = 0; round < 40; round++) {
      await secrets.publish(pair(round));
      const sidecar = start();
      const copied = sidecar.waitFor(/^Secrets copied: /).catch(() => undefined);
      await Promise.race([copied, new Promise((resolve) => setTimeout(resolve, round * 4))]);
      await sidecar.dispose();
      const there = await readTarget().catch(() => ({})); // the first ones may die before they have made it
      for (const text of Object.values(there)) expect(text).toMatch(/^hush-(?:id|secret)-\d+$/);
    }
    await secrets.publish(pair(40));
    expect((await runBinary(["sync", "--only", "secrets"], environment())).exitCode).toBe(0);
    expect(await readTarget()).toEqual(pair(40));
    const state = await readdir(join(target, "..config-manager"), { recursive: true });
    expect(state.filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("the commands", () => {
  test("copy at the start of a Pod, and show names only", async () => {
    await mounts.config.publish({ "openclaw.json": '{"gateway":{"mode":"local"}}' });
    await secrets.publish(pair(0));
    const init = await runBinary(["init"], environment());
    expect(init.exitCode).toBe(0);
    expect(init.messages.filter((line) => line.startsWith("Secrets"))).toEqual([COPIED]);
    await secrets.publish({ "client-id": `${MARK}-other`, more: MARK });
    let printed = "";
    for (const command of [
      ["status"],
      ["status", "--json"],
      ["diff"],
      ["diff", "--json"],
      ["doctor"],
      ["doctor", "--json"],
    ]) {
      const { stdout, stderr } = await runBinary(command, environment());
      printed += stdout + stderr;
    }
    expect(printed).not.toContain(MARK);
    expect(printed).toMatch(/\+ add +more/);
    expect(printed).toMatch(/~ update +client-id/);
    expect(printed).toMatch(/- remove +client-secret/);
    const port = await findFreePort();
    const sidecar = start({ CONFIG_MANAGER_HTTP_PORT: String(port) });
    await sidecar.waitFor("Secrets removed (no longer in the Secret): client-secret");
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toMatch(/^config_manager_secrets_files 2$/m);
    expect(metrics).toMatch(/^config_manager_secrets_unconfirmed 1$/m);
    expect(metrics).toMatch(/^config_manager_secrets_rejected 0$/m);
    expect(metrics).not.toContain(MARK);
  });
});
