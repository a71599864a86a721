// What `GET /status` says of workspace files, and what `wait` makes of it.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { ManagerError } from "../../../lib/errors.ts";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";
import { createWorkspaceReconciler } from "../../../lib/workspace/kind.ts";
import type { Calls } from "../../../lib/workspace/snapshot.ts";
import { type Scratch, createClock, createScratch } from "../../support/fakes.ts";
import { progressOf } from "../../support/progress.ts";
import { type Volume, createVolume } from "../../support/volume.ts";

const PASS = { isSuperseded: () => false, beat: () => undefined };

/** A gateway that tells nothing: no workspaces, no skills. */
const MUTE: Calls = { call: () => Promise.reject(new ManagerError("rejected", "unknown method")) };

let scratch: Scratch;
let volume: Volume;
let calls: Calls;

beforeEach(async () => {
  scratch = await createScratch();
  volume = await createVolume(scratch.in("workspace.d"));
  calls = MUTE;
  await mkdir(scratch.in("state"));
  await writeFile(scratch.in("state", "openclaw.json"), "{}");
});
afterEach(() => scratch[Symbol.asyncDispose]());

const file = () => scratch.in("state", "workspace", "AGENTS.md");

function open(usesCli = false, log: (line: string) => void = () => undefined) {
  return createWorkspaceReconciler({
    settings: {
      workspaceDir: volume.path,
      workspaceMode: "own",
      pvcConfig: scratch.in("state", "openclaw.json"),
      stagingDir: scratch.in("state", "staging"),
      prune: "owned",
    },
    env: { HOME: scratch.path, OPENCLAW_STATE_DIR: scratch.in("state") },
    selfHeal: false,
    logsFirstPass: true,
    transport: { openCalls: async () => calls, usesCli: () => usesCli },
    connectLimitMs: 1,
    log,
    warnings: createWarnings(log),
    clock: createClock(),
  });
}

describe("standing()", () => {
  test("is in force once the files are in place, and another tree is waited for", async () => {
    await volume.publish({ "AGENTS.md": "one" });
    const kind = open();
    expect(kind.standing?.()).toBeUndefined();
    expect(await progressOf(kind)).toMatchObject({ kind: "waiting" });
    await kind.reconcile(PASS);
    expect(kind.standing?.()).toEqual({
      checksum: expect.stringMatching(/^[0-9a-f]{32}$/),
      state: "in-sync",
      problems: [],
    });
    expect(await progressOf(kind)).toMatchObject({ kind: "in-force" });
    for (const tree of [
      { "AGENTS.md": "two" },
      { "AGENT.md": "one" },
      { "AGENTS.md": { content: "one", mode: 0o755 } },
      { "AGENTS.md": "one", "SOUL.md": "" },
    ]) {
      await volume.publish(tree);
      const reason = expect.stringMatching(/^the sidecar has md5 [0-9a-f]{12}, and here is md5 [0-9a-f]{12}$/);
      expect(await progressOf(kind)).toEqual({ kind: "waiting", reason, hasOthers: true });
    }
    await volume.publish({ "AGENTS.md": "one" });
    expect(await progressOf(kind)).toMatchObject({ kind: "in-force" });
  });

  test.each(["empty", "missing"])("does not matter where nothing is mounted: %s", async (what) => {
    if (what === "empty") await volume.publish({});
    else await rm(volume.path, { recursive: true });
    const kind = open();
    expect(await progressOf(kind)).toBeUndefined();
    await kind.reconcile(PASS);
    expect(await progressOf(kind)).toBeUndefined();
    expect(kind.standing?.()?.checksum).toBe("none");
    if (what === "missing") volume = await createVolume(volume.path);
    await volume.publish({ "AGENTS.md": "one" });
    expect(await progressOf(kind)).toMatchObject({ kind: "waiting" });
  });

  test("is rejected, with path and problem, until Git changes", async () => {
    await volume.publish({ "MEMORY.md": "no", "AGENTS.md": "one" });
    const kind = open();
    await kind.reconcile(PASS); // writes the other
    await kind.reconcile(PASS);
    const lines = ["MEMORY.md: MEMORY.md and memory/ are the agent's own"];
    expect(await progressOf(kind)).toEqual({ kind: "rejected", lines });
    await volume.publish({ "AGENTS.md": "one" });
    expect(await progressOf(kind)).toMatchObject({ kind: "waiting" });
    await kind.reconcile(PASS);
    expect(await progressOf(kind)).toMatchObject({ kind: "in-force" });
  });

  test("is rejected as a whole where it is too large", async () => {
    await volume.publish({ "AGENTS.md": "x".repeat(1024 ** 2 + 1) });
    const kind = open();
    await kind.reconcile(PASS);
    expect(await progressOf(kind)).toEqual({
      kind: "rejected",
      lines: [`AGENTS.md has 1048577 bytes; at most 1048576 are read; none of ${volume.path} is taken`],
    });
  });

  test("fails while the config knows no such agent: it may be on its way", async () => {
    await volume.publish({ "agents/lab/AGENTS.md": "one" });
    const kind = open();
    await kind.reconcile(PASS);
    const reason = "failed: agents/lab: no such agent; the config has main";
    expect(await progressOf(kind)).toEqual({ kind: "waiting", reason });
  });

  test("is pending without a gateway, which might load no skill, unless none is asked", async () => {
    await volume.publish({ "AGENTS.md": "one" });
    calls = undefined;
    const kind = open();
    await kind.reconcile(PASS);
    expect(await progressOf(kind)).toEqual({ kind: "waiting", reason: "pending: no gateway answers" });
    calls = MUTE;
    await kind.reconcile(PASS);
    expect(await progressOf(kind)).toMatchObject({ kind: "in-force" });
    calls = undefined;
    const overCli = open(true);
    await overCli.reconcile(PASS);
    expect(await progressOf(overCli)).toMatchObject({ kind: "in-force" });
  });

  test.each([
    ["once", 1],
    ["in the next pass", 2],
  ])("shows a skill again to a gateway that has not noticed it: %s", async (_, missed) => {
    const baseDir = scratch.in("state", "workspace", "skills", "greet");
    const greet = { name: "greet", description: "Says hello.", baseDir, eligible: true };
    let asked = 0;
    const skills = () => ({ skills: asked++ < missed ? [] : [greet] });
    calls = { call: async (method, params) => (method === "skills.status" ? skills() : MUTE?.call(method, params)) };
    await volume.publish({ "skills/greet/SKILL.md": "---\nname: greet\ndescription: Says hello.\n---\n" });
    const lines: string[] = [];
    const kind = open(false, (line) => void lines.push(line));
    for (let pass = 0; pass < missed; pass++) await kind.reconcile(PASS);
    expect(asked).toBe(missed + 1);
    expect(await progressOf(kind)).toMatchObject({ kind: "in-force" });
    expect(lines.at(-1)).toBe("Workspace sync complete");
  });

  test("has drifted where an agent has edited a file", async () => {
    await volume.publish({ "AGENTS.md": "one" });
    const kind = open();
    await kind.reconcile(PASS);
    await writeFile(file(), "mine");
    await kind.reconcile(PASS);
    const reason = `drifted: ${file()} was edited by something else`;
    expect(await progressOf(kind)).toEqual({ kind: "waiting", reason });
  });
});
