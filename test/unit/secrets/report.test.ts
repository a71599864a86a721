import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { ManagerError } from "../../../lib/errors.ts";
import type { Gateway } from "../../../lib/gateway/connection.ts";
import type { Reconciler } from "../../../lib/reconcile/reconciler.ts";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";
import { createSecretsReconciler } from "../../../lib/secrets/kind.ts";
import { type Scratch, createScratch } from "../../support/fakes.ts";
import { type Volume, createVolume } from "../../support/volume.ts";

let scratch: Scratch;
let secrets: Volume;
/** Whether the gateway has the calls; undefined without one. */
let canReload: boolean | undefined;
let calls: string[];

beforeEach(async () => {
  scratch = await createScratch();
  secrets = await createVolume(scratch.in("secrets.d"));
  canReload = true;
  calls = [];
});
afterEach(() => scratch[Symbol.asyncDispose]());

function open(places = { secretsDir: secrets.path, secretsTargetDir: scratch.in("target") }): Reconciler {
  const call = async (method: string) => {
    calls.push(method);
    if (!canReload) throw new ManagerError("rejected", `unknown method: ${method}`);
    if (method === "secrets.resolve") throw new ManagerError("rejected", "invalid secrets.resolve params: commandName");
    return { ok: true, warningCount: 0 };
  };
  const gateway = { version: canReload ? "2026.9.6" : "2026.2.9", call } as unknown as Gateway;
  return createSecretsReconciler({
    settings: { ...places, prune: "owned" },
    transport: { openCalls: async () => (canReload === undefined ? undefined : gateway) },
    connectLimitMs: 1_000,
    guard: { protect: () => undefined },
    log: () => undefined,
    warnings: createWarnings(() => undefined),
    clock: { nowMs: () => 1_000 },
  });
}

async function look(kind = open()) {
  const report = await kind.report();
  const { source, place, applied } = await report.check();
  const checks = [...source, ...place, ...applied].map(({ name, state }) => `${name}: ${state}`);
  const status = report.status();
  const diff = report.diff();
  return { status, diff, checks, text: JSON.stringify([status, diff, await report.check()]) };
}

const sync = async (kind: Reconciler) =>
  (await kind.reconcile({ isSuperseded: () => false, beat: () => undefined })).kind;
const gaugesOf = ({ gauges }: Reconciler) => Object.fromEntries(gauges.map(({ name, read }) => [name, read()]));

describe("the report", () => {
  test("shows names only, before and after a pass", async () => {
    await secrets.publish({ token: "hush-1", "api-key": "hush-2" });
    const kind = open();
    const before = await look(kind);
    expect(before.status.json).toEqual({ state: "pending", problems: [], files: 0, confirmed: true });
    expect(before.diff.json).toEqual({ add: ["api-key", "token"], update: [], remove: [], unchanged: 0, problems: [] });
    expect(before.diff).toMatchObject({ changes: 2, counts: { planned: ["2 secrets to change"] } });
    expect(gaugesOf(kind)).toEqual({
      secrets_rejected: undefined,
      secrets_files: undefined,
      secrets_unconfirmed: undefined,
    });
    expect(await sync(kind)).toBe("equal");
    const after = await look(kind);
    expect(after.status).toMatchObject({
      json: { state: "in-sync", problems: [], files: 2, confirmed: true },
      detail: `${scratch.in("target")}  2 files`,
      isUnused: false,
    });
    expect(after.diff).toMatchObject({
      changes: 0,
      heading: undefined,
      counts: { planned: [], unchanged: ["2 secrets"] },
    });
    expect(after.checks.filter((check) => !check.startsWith("secrets in memory"))).toEqual([
      "secrets mount: ok",
      "secret keys: ok",
      "secrets target: ok",
      "secrets in force: ok",
    ]);
    expect(gaugesOf(kind)).toEqual({ secrets_rejected: false, secrets_files: 2, secrets_unconfirmed: false });
    await secrets.publish({ token: "hush-3" });
    const changed = await look(kind);
    expect(changed.diff.json).toMatchObject({ add: [], update: ["token"], remove: ["api-key"] });
    expect(before.text + after.text + changed.text).not.toContain("hush");
    expect(calls).toEqual(["secrets.resolve", "secrets.reload", "secrets.resolve", "secrets.resolve"]);
  });

  test("is pending until a gateway has reloaded, or forever says so on a release that cannot", async () => {
    await secrets.publish({ token: "one" });
    canReload = undefined;
    const kind = open();
    expect(await sync(kind)).toBe("pending");
    expect((await look(kind)).status).toMatchObject({
      json: { state: "pending", confirmed: false },
      detail: `${scratch.in("target")}  1 file, not reloaded by the gateway yet`,
    });
    canReload = false;
    const old = open();
    expect(await sync(old)).toBe("equal");
    const { status, checks } = await look(old);
    expect(status.json).toMatchObject({ state: "in-sync", confirmed: false });
    expect(status.detail).toBe(`${scratch.in("target")}  1 file, in force from the gateway's next start`);
    expect(checks.at(-1)).toBe("secrets in force: warning");
  });

  test("says what is wrong with the Secret and with the target", async () => {
    await secrets.publish({ token: "" });
    const rejected = await look();
    expect(rejected.status.json).toMatchObject({
      state: "rejected",
      problems: [expect.stringContaining("without a value: token")],
    });
    expect(rejected.checks).toEqual(expect.arrayContaining(["secret keys: failed", "secrets in force: skipped"]));
    await secrets.publish({ token: "one" });
    await mkdir(scratch.in("target"));
    await symlink("/etc/passwd", scratch.in("target", "token"));
    const blocked = await look();
    expect(blocked.status.json).toMatchObject({
      state: "failed",
      problems: [expect.stringContaining("is a symbolic link")],
    });
    expect(blocked.diff.isBroken).toBe(true);
    expect(blocked.checks).toContain("secrets target: failed");
    await writeFile(scratch.in("file"), "");
    const unknown = await look(open({ secretsDir: secrets.path, secretsTargetDir: scratch.in("file") }));
    expect(unknown.status.json).toMatchObject({ state: "unknown", files: null });
  });

  test("is no part of the health where nothing is mounted or set", async () => {
    const { status, diff, checks } = await look();
    expect(status).toMatchObject({ isUnused: true, json: { state: "in-sync", problems: [] } });
    expect(diff).toMatchObject({ changes: 0, heading: undefined, isBroken: false });
    expect(checks).toEqual([]);
    const off = createSecretsReconciler({
      settings: { secretsDir: undefined, secretsTargetDir: undefined, prune: "owned" },
    } as never);
    expect([off.monitoring, off.directories, off.gauges]).toEqual([undefined, [], []]);
    expect(await sync(off)).toBe("equal");
    expect((await off.report()).status()).toMatchObject({ isUnused: true });
  });
});
