// The built binary with anything that a ConfigMap and a volume may hold: the live file stays whole, one line says what
// is wrong, and the sidecar recovers by itself once the cause is gone. There is no gateway.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, readFile, readdir, readlink, rm, rmdir, symlink, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Mounts, type Sidecar, createMounts, readMaybe, startSidecar } from "../support/sidecar.ts";
import { type SmallVolume, canMountSmallVolume, mountSmallVolume } from "../support/small-volume.ts";
import { until } from "../support/until.ts";

const COMPLETE = "Config update complete (openclaw will auto-detect via chokidar)";
const CAN_MOUNT = await canMountSmallVolume();
if (!CAN_MOUNT) console.log("(skip) full and read-only volumes: no tmpfs can be mounted here");

/** A realistic config: JSON5 with comments, values that OpenClaw resolves, text that is not ASCII. */
const REAL = `// openclaw.json – 設定
{
  "gateway": {
    mode: 'local', "bind": "lan", "port": 18789,
    "auth": { "mode": "token", "token": "\${OPENCLAW_GATEWAY_TOKEN:-none}" },
    reload: { mode: "hybrid", },
  },
  /* 🦞 */
  "agents": { "defaults": { "timeoutSeconds": 600 } },
  "models": { "providers": { "litellm": { "apiKey": { "source": "env", "provider": "default", "id": "LITELLM_KEY" } } } },
}
`;

let mounts: Mounts;
let sidecar: Sidecar;
let live: string;

beforeEach(async () => {
  mounts = await createMounts();
  live = join(mounts.root, "data", "openclaw.json");
});
afterEach(async () => {
  await sidecar.dispose();
  await mounts.dispose();
});

function start(pvcConfig = live): void {
  live = pvcConfig;
  const env = { PVC_CONFIG: live, OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1", POLL_INTERVAL: "3600" };
  sidecar = startSidecar(mounts.environment(env));
}

const publish = (config: string | Uint8Array) => mounts.config.publish({ "openclaw.json": config });
const readLive = async () => (await readFile(live)).toString("latin1");
const warnings = (from: number) =>
  sidecar
    .messages()
    .slice(from)
    .filter((line) => line.startsWith("WARNING: ") && line.includes("onfig"));

/** A live file with the content REAL, and a sidecar that follows the ConfigMap. */
async function startWithReal(): Promise<void> {
  await publish(REAL);
  start();
  await sidecar.waitFor(COMPLETE);
  expect(await readFile(live, "utf8")).toBe(REAL);
}

/** Publishes files and collects what is logged; then it publishes a good config and waits for it. */
async function expectRefused(config: string | Uint8Array, reason: string): Promise<void> {
  const before = await readLive();
  const from = sidecar.messages().length;
  await publish(config);
  await sidecar.waitFor(/^WARNING: Config rejected/, from);
  expect(warnings(from)).toEqual([`WARNING: Config rejected, ${live} stays as it is: ${reason}`]);
  expect(await readLive()).toBe(before);
}

async function expectDelivered(config: string | Uint8Array): Promise<string[]> {
  const from = sidecar.messages().length;
  await publish(config);
  await sidecar.waitFor(COMPLETE, from);
  expect(await readLive()).toBe(Buffer.from(config).toString("latin1"));
  return warnings(from);
}

describe("a ConfigMap", () => {
  test("that is empty, cut off, or no config, is rejected each time, and the next good one is delivered", async () => {
    await startWithReal();
    await expectRefused("", "the file is empty");
    await expectRefused(REAL.slice(0, 40), "invalid end of input at 4:2");
    await expectRefused(`${REAL}\0\0`, "invalid character '\\0' at 12:1");
    await expectRefused(Buffer.from(REAL, "utf16le"), "not UTF-8 text");
    await expectRefused("[]", "expected an object at the top");
    await expectRefused('{"a":'.repeat(20_000), "nested too deeply");
    await expectRefused("[".repeat(390 * 1024), "nested too deeply");
    await expectRefused(`{a: [${"{},".repeat(200_000)}]}`, "made of more than 100000 values");
    await expectRefused(`{a: 0x1f, b: "${"x".repeat(1 << 20)}"}`, "larger than 0.5 MiB, and no plain JSON");
    await expectRefused(JSON.stringify({ gateway: { mode: "local" }, big: "x".repeat(4 << 20) }), "larger than 4 MiB");
    await expectRefused(`${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`, "nested too deeply");
    await expectRefused(
      "{gateway: {port: 1}}",
      "gateway.mode is missing; the live file has it, and OpenClaw does not start without",
    );
    expect(await expectDelivered(REAL.replace("18789", "18790"))).toEqual([]);
  });

  test("that is cut off at any byte leaves the live file whole", async () => {
    await startWithReal();
    const whole = Buffer.from(REAL);
    // planConfig()'s own tests try every offset; these go through volume, binary and file.
    for (let length = 1; length < whole.lastIndexOf("}"); length += 29) {
      const from = sidecar.messages().length;
      await publish(whole.subarray(0, length));
      await sidecar.waitFor(/^WARNING: Config rejected/, from);
      expect(await readFile(live, "utf8")).toBe(REAL);
    }
    expect(await expectDelivered(`${REAL}// whole again\n`)).toEqual([]);
  });

  test("is delivered byte for byte, whatever its formatting", async () => {
    await startWithReal();
    expect(await expectDelivered(`\uFEFF${REAL}`)).toEqual([]);
    expect(await expectDelivered(REAL.replaceAll("\n", "\r\n"))).toEqual([]);
    expect(await expectDelivered(JSON.stringify({ gateway: { mode: "local" }, big: "x".repeat(4_000_000) }))).toEqual(
      [],
    );
    expect(await expectDelivered(`{gateway: {mode: "local", port: 1, port: 2}}`)).toEqual([
      expect.stringMatching(/^WARNING: Config is less than half its former size: 400\d{4} bytes before, 44 now$/),
      "WARNING: Config has a key twice, and only the last one counts: gateway.port",
    ]);
  });

  test("without the key is reported, and followed again once it has it", async () => {
    await startWithReal();
    const from = sidecar.messages().length;
    await mounts.config.publish({ "other.json": "{}" });
    await sidecar.waitFor(`WARNING: Config file not found: ${mounts.config.path}/openclaw.json`, from);
    expect(await readFile(live, "utf8")).toBe(REAL);
    expect(await expectDelivered(`${REAL}\n`)).toEqual([]);
  });

  test("that is swapped again and again is delivered as it was last", async () => {
    await startWithReal();
    for (let round = 0; round < 50; round++) await publish(`${REAL}// ${round}\n`);
    await until("the last one to be in place", async () => (await readFile(live, "utf8")) === `${REAL}// 49\n`);
  });
});

describe("a volume", () => {
  const FAILED = /^WARNING: Failed to update config: /;

  test("without the directory gets it", async () => {
    expect(await readMaybe(dirname(live))).toBeUndefined();
    await startWithReal();
  });

  test.each([
    ["a symbolic link", () => symlink("elsewhere.json", live), () => unlink(live)],
    ["a directory", () => mkdir(live), () => rmdir(live)],
  ])("with %s in the way is told, and written when it is gone", async (what, block, clear) => {
    await mkdir(dirname(live));
    await writeFile(join(dirname(live), "elsewhere.json"), "untouched");
    await block();
    await publish(REAL);
    start();
    expect(await sidecar.waitFor(FAILED)).toStartWith(
      `WARNING: Failed to update config: ${live} is ${what}, expected a regular file (`,
    );
    if (what === "a symbolic link") expect(await readlink(live)).toBe("elsewhere.json");
    expect(await readFile(join(dirname(live), "elsewhere.json"), "utf8")).toBe("untouched");
    await clear();
    await sidecar.waitFor(COMPLETE);
    expect(await readFile(live, "utf8")).toBe(REAL);
  });

  test.skipIf(!CAN_MOUNT).each([
    [
      "full",
      "ENOSPC",
      (volume: SmallVolume) => writeFile(volume.scratch.in("filler"), new Uint8Array(1 << 20)),
      (volume: SmallVolume) => rm(volume.scratch.in("filler")),
    ],
    [
      "read-only",
      "EROFS",
      async (volume: SmallVolume) => volume.remount("ro"),
      async (volume: SmallVolume) => volume.remount("rw"),
    ],
  ] as const)(
    "that is %s keeps the old file, is told once, and takes the new one when it can",
    async (_, code, spoil, mend) => {
      await using volume = await mountSmallVolume();
      await publish(REAL);
      start(volume.scratch.in("openclaw.json"));
      await sidecar.waitFor(COMPLETE);
      const from = sidecar.messages().length;
      await spoil(volume).catch(() => undefined); // the volume is full
      await publish(`${REAL}${" ".repeat(8_192)}`);
      expect(await sidecar.waitFor(FAILED, from)).toStartWith(
        `WARNING: Failed to update config: cannot write ${live}: ${code} (`,
      );
      sidecar.signal("SIGHUP");
      expect(await readFile(live, "utf8")).toBe(REAL);
      await mend(volume);
      await sidecar.waitFor(COMPLETE, from);
      expect(await readFile(live, "utf8")).toBe(`${REAL}${" ".repeat(8_192)}`);
      expect((await readdir(dirname(live))).toSorted()).toEqual([
        "openclaw.json",
        "openclaw.json.config-manager-applied",
      ]);
      expect(warnings(from)).toHaveLength(1);
      await sidecar.dispose();
    },
  );
});
