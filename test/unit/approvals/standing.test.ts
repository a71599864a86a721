// What `GET /status` says of exec approvals, and what `wait` makes of it.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, rm } from "node:fs/promises";
import { createApprovalsReconciler } from "../../../lib/approvals/kind.ts";
import type { ApprovalsDependencies } from "../../../lib/approvals/reconcile.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";
import { type ApprovalsGateway, approvalsOf, createApprovalsGateway } from "../../support/approvals.ts";
import { type Scratch, createClock, createScratch } from "../../support/fakes.ts";
import { progressOf } from "../../support/progress.ts";
import { type Volume, createVolume } from "../../support/volume.ts";

let scratch: Scratch;
let volume: Volume;
let gateway: ApprovalsGateway;

beforeEach(async () => {
  scratch = await createScratch();
  volume = await createVolume(scratch.in("config.d"));
  gateway = createApprovalsGateway();
  await mkdir(scratch.in("data"));
});
afterEach(() => scratch[Symbol.asyncDispose]());

const PASS = { isSuperseded: () => false, beat: () => undefined };
const publish = (text?: string) =>
  volume.publish({ "openclaw.json": "{}", ...(text === undefined ? {} : { "exec-approvals.json": text }) });

function open(transport?: ApprovalsDependencies["transport"]) {
  const log = () => undefined;
  return createApprovalsReconciler({
    settings: {
      configDir: volume.path,
      pvcConfig: scratch.in("data", "openclaw.json"),
      checksumDir: scratch.in("sums"),
      prune: "owned",
    },
    selfHeal: false,
    logsFirstPass: true,
    transport: transport ?? { openCalls: async () => gateway, open: async () => ({ transport: "gateway" }) },
    connectLimitMs: 1,
    log,
    warnings: createWarnings(log),
    clock: createClock(),
  });
}

describe("standing()", () => {
  test("is in force once the gateway has them, and another file is waited for", async () => {
    await publish(approvalsOf(["/a"]));
    const kind = open();
    expect(kind.standing?.()).toBeUndefined();
    expect(await progressOf(kind)).toEqual({
      kind: "waiting",
      reason: expect.stringMatching(/read nothing yet/),
      hasOthers: true,
    });
    const during: unknown[] = [];
    gateway.before = () => void during.push(kind.standing?.()?.state);
    await kind.reconcile(PASS);
    expect(new Set(during)).toEqual(new Set(["pending"]));
    expect(kind.standing?.()).toEqual({
      checksum: expect.stringMatching(/^[0-9a-f]{32}$/),
      state: "in-sync",
      problems: [],
    });
    expect(await progressOf(kind)).toMatchObject({ kind: "in-force" });
    await publish(approvalsOf(["/b"]));
    const reason = expect.stringMatching(/^the sidecar has md5 [0-9a-f]{12}, and here is md5 [0-9a-f]{12}$/);
    expect(await progressOf(kind)).toEqual({ kind: "waiting", reason, hasOthers: true });
  });

  test.each(["without the file", "empty", "missing"])("does not matter where the ConfigMap is %s", async (what) => {
    if (what === "without the file") await publish();
    else if (what === "empty") await volume.publish({});
    else await rm(volume.path, { recursive: true });
    const kind = open();
    expect(await progressOf(kind)).toBeUndefined();
    await kind.reconcile(PASS);
    expect(await progressOf(kind)).toBeUndefined();
    expect(kind.standing?.()).toEqual({ checksum: "none", state: "in-sync", problems: [] });
    if (what === "missing") volume = await createVolume(volume.path);
    await publish(approvalsOf(["/a"]));
    expect(await progressOf(kind)).toMatchObject({ kind: "waiting" });
  });

  test("is rejected, with file, path and problem, and another file is waited for", async () => {
    await publish(approvalsOf(["/a"], { security: "s3cret-value" }));
    const kind = open();
    await kind.reconcile(PASS);
    const progress = await progressOf(kind);
    expect(progress).toEqual({
      kind: "rejected",
      lines: [expect.stringMatching(/^exec-approvals\.json: agents\.main\.security: /)],
    });
    expect(JSON.stringify(progress)).not.toContain("s3cret-value");
    await publish(approvalsOf(["/a"]));
    expect(await progressOf(kind)).toMatchObject({ kind: "waiting" });
    await kind.reconcile(PASS);
    expect(await progressOf(kind)).toMatchObject({ kind: "in-force" });
  });

  test("is rejected where this gateway does not take them", async () => {
    await publish(approvalsOf(["/a"]));
    const kind = open();
    gateway.before = (call) => {
      const message = "invalid exec.approvals.set params: at /file/agents/main: unexpected property 'later'";
      if (call === "set") throw new ManagerError("rejected", message);
    };
    await kind.reconcile(PASS);
    expect(await progressOf(kind)).toEqual({
      kind: "rejected",
      lines: [expect.stringMatching(/^exec-approvals\.json: refused by the gateway: .*unexpected property/)],
    });
    const overCli = open({ openCalls: async () => undefined, open: async () => ({ transport: "cli" }) });
    await overCli.reconcile(PASS);
    expect(await progressOf(overCli)).toEqual({
      kind: "rejected",
      lines: [expect.stringMatching(/^exec-approvals\.json: they cannot be applied: /)],
    });
  });

  test("fails while the gateway is away", async () => {
    await publish(approvalsOf(["/a"]));
    const kind = open({
      openCalls: async () => undefined,
      open: () => Promise.reject(new ManagerError("unreachable", "nobody there")),
    });
    await kind.reconcile(PASS);
    expect(await progressOf(kind)).toEqual({ kind: "waiting", reason: "failed: nobody there" });
  });

  test("has drifted where something else has changed what Git declares", async () => {
    await publish(approvalsOf(["/a"], { security: "allowlist" }));
    const kind = open();
    await kind.reconcile(PASS);
    (gateway.file.agents.main ??= {}).security = "full";
    await kind.reconcile(PASS);
    const reason = "drifted: agents.main.security: something else has changed it";
    expect(await progressOf(kind)).toEqual({ kind: "waiting", reason });
  });
});
