import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { type ApprovalsDependencies, createApprovalsPasses } from "../../../lib/approvals/reconcile.ts";
import { temporaryPrefix } from "../../../lib/files/temporary.ts";
import { ManagerError } from "../../../lib/errors.ts";
import type { Transport } from "../../../lib/gateway/transport.ts";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";
import {
  type ApprovalsGateway,
  approvalsOf,
  createApprovalsGateway,
  grant,
  patternsOf,
} from "../../support/approvals.ts";
import { type Scratch, createClock, createScratch } from "../../support/fakes.ts";
import { type Volume, createVolume } from "../../support/volume.ts";

let scratch: Scratch;
let volume: Volume;
let gateway: ApprovalsGateway;
let lines: string[];
const clock = createClock();

beforeEach(async () => {
  scratch = await createScratch();
  volume = await createVolume(scratch.in("config.d"));
  await mkdir(scratch.in("data"));
  gateway = createApprovalsGateway();
  lines = [];
});
afterEach(() => scratch[Symbol.asyncDispose]());

const OTHER = { "openclaw.json": "{}" };
const publish = (text?: string) =>
  volume.publish({ ...OTHER, ...(text === undefined ? {} : { "exec-approvals.json": text }) });
const record = () => scratch.in("data", "openclaw.json.config-manager-approvals");

function open(more: Partial<ApprovalsDependencies> & { prune?: "owned" | "none" } = {}) {
  const log = (line: string) => void lines.push(line);
  const { prune = "owned", ...rest } = more;
  const passes = createApprovalsPasses({
    settings: {
      configDir: volume.path,
      pvcConfig: scratch.in("data", "openclaw.json"),
      checksumDir: scratch.in("sums"),
      prune,
    },
    selfHeal: false,
    logsFirstPass: true,
    transport: { openCalls: async () => gateway, open: async () => ({ transport: "gateway" }) },
    connectLimitMs: 1,
    log,
    warnings: createWarnings(log),
    clock,
    ...rest,
  });
  return {
    passes,
    pass: async () => {
      const from = lines.length;
      const { kind } = await passes.reconcile();
      return { kind, lines: lines.slice(from) };
    },
  };
}
const CHANGED = () => `Exec approvals change detected in ${volume.path}/exec-approvals.json`;
const COMPLETE = "Exec approvals sync complete";

describe("a pass", () => {
  test("without the file asks no gateway, and logs nothing", async () => {
    await publish();
    expect(await open().pass()).toEqual({ kind: "equal", lines: [] });
    await rm(volume.path, { recursive: true });
    expect(await open().pass()).toEqual({ kind: "equal", lines: [] });
    expect(gateway.calls).toEqual([]);
    expect(await readdir(scratch.in("data"))).toEqual([]);
  });

  test("applies the file once, and follows its changes", async () => {
    await publish(approvalsOf(["/a", "/b"], { security: "allowlist" }));
    const { pass } = open();
    expect(await pass()).toEqual({
      kind: "equal",
      lines: [CHANGED(), "Exec approvals updated: agents.main.security, agents.main.allowlist (+2)", COMPLETE],
    });
    expect(await pass()).toEqual({ kind: "equal", lines: [] });
    expect(gateway.calls).toEqual(["get", "set", "get"]);
    expect(gateway.sent[0]).not.toHaveProperty("socket");

    await publish(approvalsOf(["/b", "/c"]));
    expect((await pass()).lines[1]).toBe("Exec approvals updated: agents.main.security, agents.main.allowlist (+1 -1)");
    expect(patternsOf(gateway.file)).toEqual(["/b", "/c"]);

    await publish();
    expect(await pass()).toEqual({
      kind: "equal",
      lines: [CHANGED(), "Exec approvals updated: agents.main.allowlist (-2)", COMPLETE],
    });
    expect(gateway.file.agents).toEqual({});
    expect(await readdir(scratch.in("data"))).toEqual([]);
    expect(await pass()).toEqual({ kind: "equal", lines: [] });
    expect(gateway.calls).toHaveLength(7);
  });

  test("of another process knows what the former has applied, and says nothing again in a sync", async () => {
    await publish(approvalsOf(["/a", "/b"]));
    await open().pass();
    expect(await open({ logsFirstPass: false }).pass()).toEqual({ kind: "equal", lines: [] });
    expect(await open().pass()).toEqual({ kind: "equal", lines: [CHANGED(), COMPLETE] });
    await publish(approvalsOf(["/b"]));
    await open().pass();
    expect(patternsOf(gateway.file)).toEqual(["/b"]);
  });

  test("takes nothing out on the word of a record that an agent has changed", async () => {
    await publish(approvalsOf(["/b"]));
    await open().pass();
    grant(gateway, "/mine");
    await writeFile(record(), approvalsOf(["/b", "/mine"]));
    await publish(approvalsOf(["/c"]));
    await open().pass();
    expect(patternsOf(gateway.file)).toEqual(["/b", "/mine", "/c"]);
  });

  test("follows no link in place of the record, and tells it", async () => {
    await publish(approvalsOf(["/a"]));
    await writeFile(scratch.in("elsewhere"), "untouched");
    await symlink(scratch.in("elsewhere"), record());
    const { kind, lines: told } = await open().pass();
    expect(kind).toBe("failed");
    expect(told[0]).toStartWith(`WARNING: Ignored: ${record()} is a symbolic link`);
    expect(told.at(-1)).toStartWith("WARNING: Failed to sync exec approvals: ");
    expect(await readFile(scratch.in("elsewhere"), "utf8")).toBe("untouched");
    await rm(record());
    expect((await open().pass()).kind).toBe("equal");
  });

  test("takes out what several killed ones have put there", async () => {
    await publish(approvalsOf(["/a"]));
    await open().pass();
    // Each dies after its write, or before it.
    const never = new Promise<never>(() => {});
    for (const [pattern, isWritten] of [
      ["/b", true],
      ["/c", false],
      ["/d", true],
    ] as const) {
      await publish(approvalsOf([pattern]));
      const call = gateway.call.bind(gateway);
      const { promise: died, resolve: die } = Promise.withResolvers<void>();
      gateway.call = async (method, params) => {
        if (method === "exec.approvals.get") return call(method, params);
        if (isWritten) await call(method, params);
        die();
        return never;
      };
      void open().pass();
      await died;
      gateway.call = call;
    }
    grant(gateway, "/mine");
    expect(patternsOf(gateway.file)).toEqual(["/d", "/mine"]);
    await publish(approvalsOf(["/e"]));
    expect((await open().pass()).kind).toBe("equal");
    expect(patternsOf(gateway.file)).toEqual(["/mine", "/e"]);
    expect(await readdir(scratch.in("data"))).toEqual(["openclaw.json.config-manager-approvals"]);
  });

  test("cleans up what a killed one has left", async () => {
    await publish(approvalsOf(["/a"]));
    await open().pass();
    await writeFile(scratch.in("data", `${temporaryPrefix(record())}1234.tmp`), "half");
    expect(await readdir(scratch.in("data"))).toHaveLength(2);
    await open().pass();
    expect(await readdir(scratch.in("data"))).toEqual(["openclaw.json.config-manager-approvals"]);
  });

  test("with prune none takes nothing out", async () => {
    await publish(approvalsOf(["/a", "/b"]));
    const { pass } = open({ prune: "none" });
    await pass();
    await publish(approvalsOf(["/b"]));
    expect((await pass()).lines).toEqual([CHANGED(), COMPLETE]);
    expect(patternsOf(gateway.file)).toEqual(["/a", "/b"]);
  });

  test("keeps everything where the ConfigMap is empty or not mounted, and says so once", async () => {
    await publish(approvalsOf(["/a"]));
    const { pass } = open();
    await pass();
    const told = `WARNING: Exec approvals in Git are not known: ${volume.path} is empty or not mounted; the live ones stay`;
    await volume.publish({});
    expect(await pass()).toEqual({ kind: "rejected", lines: [told] });
    await rm(volume.path, { recursive: true });
    expect(await pass()).toEqual({ kind: "rejected", lines: [] });
    expect(patternsOf(gateway.file)).toEqual(["/a"]);
    expect(gateway.calls).toEqual(["get", "set"]);
  });

  test("rejects a wrong file, all problems at once and each once, and leaves the live ones", async () => {
    await publish(approvalsOf(["/a"]));
    const { pass, passes } = open();
    await pass();
    await publish('{"version": 2, "socket": {"token": "hush"}, "agents": {"main": {"asks": "off"}}}');
    const start = "WARNING: Exec approvals rejected, the live ones stay as they are: ";
    const rejected = await pass();
    expect(rejected).toEqual({
      kind: "rejected",
      lines: [
        CHANGED(),
        `${start}version: is another version; only 1 is known`,
        `${start}socket: is OpenClaw's own, with a secret token; take it out of Git`,
        `${start}agents.main.asks: unknown field; did you mean ask?`,
      ],
    });
    expect(passes.state.isRejected).toBe(true);
    expect((await pass()).lines).toEqual([]);
    expect(patternsOf(gateway.file)).toEqual(["/a"]);
    await publish(approvalsOf(["/b"]));
    expect((await pass()).kind).toBe("equal");
    expect([passes.state.isRejected, patternsOf(gateway.file)]).toEqual([false, ["/b"]]);
  });
});

describe("somebody else", () => {
  test("who grants between read and write loses nothing, in ten changes of Git", async () => {
    const { pass } = open();
    const granted: string[] = [];
    for (let round = 0; round < 10; round++) {
      let isFirst = true;
      gateway.before = (call) => {
        if (call !== "set" || !isFirst) return;
        isFirst = false;
        grant(gateway, `/granted/${round}`);
        granted.push(`/granted/${round}`);
      };
      await publish(approvalsOf([`/git/${round}`, "/always"]));
      expect((await pass()).kind).toBe("equal");
    }
    expect(patternsOf(gateway.file).toSorted()).toEqual(["/always", "/git/9", ...granted].toSorted());
    await publish();
    await pass();
    expect(patternsOf(gateway.file)).toEqual(granted);
  });

  test("who writes all the time makes the pass fail, with one line", async () => {
    await publish(approvalsOf(["/a"]));
    let count = 0;
    gateway.before = (call) => call === "set" && grant(gateway, `/${count++}`);
    const { pass } = open();
    const told =
      "WARNING: Failed to sync exec approvals: the gateway says each time that they have changed since they were read (4 tries) (find out what else writes them all the time)";
    expect(await pass()).toEqual({ kind: "failed", lines: [CHANGED(), told] });
    expect(await pass()).toEqual({ kind: "failed", lines: [] });
    expect(patternsOf(gateway.file)).toHaveLength(8);
    gateway.before = () => undefined;
    expect((await pass()).kind).toBe("equal");
  });

  test("who takes a rule of Git's out is told once, and Git's next change of it wins", async () => {
    await publish(approvalsOf(["/a", "/b"], { security: "deny" }));
    const { pass, passes } = open();
    await pass();
    gateway.file.agents = { main: { security: "full", allowlist: [{ pattern: "/b", id: "1" }] } };
    const start = "WARNING: Exec approvals drift: something else has changed what Git declares: ";
    expect(await pass()).toEqual({
      kind: "equal",
      lines: [
        `${start}agents.main.security, agents.main.allowlist (+1) (it stays so until Git changes the same; --self-heal would put it back)`,
      ],
    });
    expect(await pass()).toEqual({ kind: "equal", lines: [] });
    expect(passes.state.last?.drift).toHaveLength(2);
    expect(gateway.sent).toHaveLength(1);
    await publish(approvalsOf(["/a", "/b"], { security: "allowlist" }));
    await pass();
    expect(gateway.file.agents.main?.security).toBe("allowlist");
    gateway.file.agents = { main: { security: "allowlist", allowlist: [{ pattern: "/a" }, { pattern: "/b" }] } };
    expect(await pass()).toEqual({ kind: "equal", lines: [] });
    expect(passes.state.last?.drift).toEqual([]);
  });

  test("is put right by --self-heal, at most once a minute, and not for ever", async () => {
    await publish(approvalsOf(["/a"]));
    const { pass } = open({ selfHeal: true });
    await pass();
    const spoil = () => (gateway.file.agents = {});
    spoil();
    const healed = [
      "Healing exec approvals drift: agents.main.allowlist (+1)",
      "Exec approvals updated: agents.main.allowlist (+1)",
      COMPLETE,
    ];
    expect(await pass()).toEqual({ kind: "equal", lines: healed });
    spoil();
    const later = await pass();
    expect([later.kind, later.lines[0]]).toEqual(["pending", expect.stringContaining("at most once a minute")]);
    clock.advance(61_000);
    expect(await pass()).toEqual({ kind: "equal", lines: healed });
    clock.advance(61_000);
    spoil();
    const last = await pass();
    expect([last.kind, last.lines[0]]).toEqual(["equal", expect.stringContaining("--self-heal gives up")]);
  });
});

describe("a gateway", () => {
  test("that does not keep what it is given gets it once, and the rest is told as drift", async () => {
    await publish(approvalsOf(["/a"], { ask: "off" }));
    const call = gateway.call.bind(gateway);
    gateway.call = async (method, params) => {
      const reply = (await call(method, params)) as { file: { agents: { main?: { ask?: string } } } };
      delete reply.file.agents.main?.ask;
      delete gateway.file.agents.main?.ask;
      return method === "exec.approvals.get" ? reply : { ...reply, file: gateway.file };
    };
    const { pass } = open();
    const { lines: told } = await pass();
    expect(told.at(-1)).toContain(
      "Exec approvals drift: something else has changed what Git declares: agents.main.ask (",
    );
    await pass();
    expect(gateway.sent).toHaveLength(1);
  });

  test.each([
    ["without the calls", "unknown method: exec.approvals.get", "the gateway has no exec.approvals.get"],
    [
      "that refuses a field",
      "invalid exec.approvals.set params: at /file/agents/main/allowlist/0: unexpected property 'argPattern'",
      undefined,
    ],
  ])("%s is told once, and is no failure", async (_, message, reason) => {
    await publish(
      JSON.stringify({ version: 1, agents: { main: { allowlist: [{ pattern: "/a", argPattern: "x" }] } } }),
    );
    gateway.before = (call) => {
      if (reason !== undefined || call === "set") throw new ManagerError("rejected", message);
    };
    const { pass, passes } = open();
    const told =
      reason === undefined
        ? `WARNING: Exec approvals refused by the gateway, the live ones stay as they are: ${message} (this release, 2026.9.6, has no such field)`
        : `WARNING: Exec approvals cannot be applied: ${reason}`;
    expect(await pass()).toEqual({ kind: "rejected", lines: [CHANGED(), told] });
    expect(await pass()).toEqual({ kind: "rejected", lines: [] });
    expect(passes.state.isRejected).toBe(true);
    gateway.before = () => undefined;
    expect((await pass()).kind).toBe("equal");
    expect(passes.state.isRejected).toBe(false);
  });

  test.each([
    ["of another version", { hash: "1", file: { version: 2 } }, "a document of another version than 1"],
    ["without sense", { hash: "1", file: [] }, "no sense at file"],
    ["without a hash", { file: { version: 1 } }, "no sense at hash"],
    ["of 5 MiB", { hash: "1", file: { version: 1, x: "x".repeat(5 << 20) } }, "a document of more than 4 MiB"],
  ])("with a reply %s is told, and nothing is written", async (_, reply, what) => {
    await publish(approvalsOf(["/a"]));
    gateway.call = async (method) => (method === "exec.approvals.get" ? reply : Promise.reject(new Error("written")));
    const { kind, lines: told } = await open().pass();
    expect([kind, told.at(-1)]).toEqual([
      "failed",
      `WARNING: Failed to sync exec approvals: exec.approvals: the reply holds ${what}`,
    ]);
  });

  test("that is reached by the CLI alone is told once", async () => {
    await publish(approvalsOf(["/a"]));
    const transport = { openCalls: async () => undefined, open: async () => ({ transport: "cli" as const }) };
    const { pass } = open({ transport });
    const { kind, lines: told } = await pass();
    expect(kind).toBe("rejected");
    expect(told.at(-1)).toStartWith(
      "WARNING: Exec approvals cannot be applied: the openclaw CLI is in use, and has no call for them (",
    );
    expect((await pass()).lines).toEqual([]);
  });

  test("that is away makes the pass fail, to be tried again soon", async () => {
    await publish(approvalsOf(["/a"]));
    const refuse: Transport["open"] = () => Promise.reject(new ManagerError("unreachable", "nobody there"));
    const { passes } = open({ transport: { openCalls: async () => undefined, open: refuse } });
    expect(await passes.reconcile()).toMatchObject({ kind: "failed", maxPauseMs: 5_000 });
    expect(lines.at(-1)).toBe("WARNING: Failed to sync exec approvals: nobody there");
  });
});
