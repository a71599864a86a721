import { describe, expect, test } from "bun:test";
import { type GatewayStart, createConfigGateway } from "../../../lib/gateway/config-calls.ts";
import { ManagerError } from "../../../lib/errors.ts";
import type { Gateway } from "../../../lib/gateway/connection.ts";
import { GatewayRefusal } from "../../../lib/gateway/refusal.ts";
import { refusalOf, thrownBy } from "../../support/fakes.ts";

/** A gateway with these answers, and the calls that it received. */
function connect(answer: (method: string, params: object) => unknown, version = "2026.9.6", start?: GatewayStart) {
  const calls: [string, object][] = [];
  const gateway: Gateway = {
    version,
    protocol: 4,
    processStartedMs: start?.sinceMs,
    isOpen: true,
    receivedLength: 0,
    async call(method, params) {
      calls.push([method, params]);
      return answer(method, params);
    },
    async close() {},
  };
  return { calls, config: createConfigGateway(gateway, start) };
}

const refuse = (message: string) => () => {
  throw new ManagerError("rejected", message);
};

/** `config.get` of a valid config, as 2026.2.9 answers. */
const OLD_VIEW = {
  path: "/home/node/.openclaw/openclaw.json",
  exists: true,
  raw: '{"gateway":{"mode":"local"}}',
  parsed: { gateway: { mode: "local" } },
  valid: true,
  config: { gateway: { mode: "local" } },
  hash: "3f".repeat(32),
  issues: [],
  warnings: [],
  legacyIssues: [],
};

/** `config.get` of the same config, as 2026.9.6 answers. */
const NEW_VIEW = {
  ...OLD_VIEW,
  hash: "hmac-sha256:v1:Zm9v",
  configRevisionHash: "hmac-sha256:v1:YmFy",
  appliedConfigHash: "hmac-sha256:v1:YmFy",
};

const viewOf = (reply: unknown) => connect(() => reply).config.readView();

describe("readView() of a reply that is far too large", () => {
  test("keeps the first thousand problems, and the beginning of each", async () => {
    const issues = Array.from({ length: 50_000 }, () => ({ path: "p".repeat(9_000), message: "m".repeat(9_000) }));
    const view = await viewOf({ ...OLD_VIEW, valid: false, issues });
    expect(view.issues).toHaveLength(1_000);
    expect(view.issues[0]).toEqual({ path: `${"p".repeat(1_000)}…`, message: `${"m".repeat(4_000)}…` });
  });

  test("rejects a hash that is none", async () => {
    expect(await refusalOf(viewOf({ ...OLD_VIEW, hash: "f".repeat(1_000_000) }))).toMatchObject({
      code: "rejected",
      message: "config.get: the reply makes no sense at hash",
    });
  });
});

describe("createConfigGateway()", () => {
  test("has the gateway's release", () => {
    expect(connect(() => ({}), "dev").config.release).toBe("dev");
  });

  test("has the start of the gateway and of its process, as far as they are known", () => {
    const start = { sinceMs: 1_000, readyMs: 5_000 };
    expect(connect(() => ({}), "2026.9.6", start).config).toMatchObject({ processStartedMs: 1_000, start });
    const { config } = connect(() => ({}));
    expect([config.processStartedMs, config.start]).toEqual([undefined, undefined]);
  });
});

describe("readView()", () => {
  test("sends one config.get", async () => {
    const { config, calls } = connect(() => OLD_VIEW);
    await config.readView();
    expect(calls).toEqual([["config.get", {}]]);
  });

  test("reads the answer of 2026.2.9, which does not tell whether the config is applied", async () => {
    expect(await viewOf(OLD_VIEW)).toEqual({
      path: "/home/node/.openclaw/openclaw.json",
      parsed: { gateway: { mode: "local" } },
      isValid: true,
      issues: [],
      warnings: [],
      hash: "3f".repeat(32),
      isApplied: undefined,
    });
  });

  test("reads the answer of 2026.9.6, which does", async () => {
    expect(await viewOf(NEW_VIEW)).toMatchObject({ hash: "hmac-sha256:v1:Zm9v", isApplied: true });
    expect(await viewOf({ ...NEW_VIEW, appliedConfigHash: "hmac-sha256:v1:b2xk" })).toMatchObject({ isApplied: false });
  });

  test("does not know whether the config is applied without both hashes: an invalid config has no revision, a starting gateway has applied none", async () => {
    for (const missing of [
      { valid: false, configRevisionHash: null },
      { appliedConfigHash: null },
      { configRevisionHash: null, appliedConfigHash: null },
      { appliedConfigHash: undefined },
      { configRevisionHash: undefined },
    ]) {
      expect((await viewOf({ ...NEW_VIEW, ...missing })).isApplied).toBeUndefined();
    }
  });

  test("has the issues of an invalid config, with the new place of a field that has moved", async () => {
    const reply = {
      ...NEW_VIEW,
      valid: false,
      configRevisionHash: null,
      issues: [{ path: "agents", message: 'Unrecognized key: "nonsense"', code: "unrecognized_keys" }],
      legacyIssues: [{ path: "routing.allowFrom", message: "routing.allowFrom moved to channels.whatsapp.allowFrom" }],
    };
    expect(await viewOf(reply)).toMatchObject({
      isValid: false,
      issues: [
        { path: "agents", message: 'Unrecognized key: "nonsense"' },
        { path: "routing.allowFrom", message: "routing.allowFrom moved to channels.whatsapp.allowFrom" },
      ],
    });
  });

  test("has an empty path for an issue about the whole config", async () => {
    const reply = { ...OLD_VIEW, valid: false, issues: [{ message: "JSON5 parse failed" }] };
    expect((await viewOf(reply)).issues).toEqual([{ path: "", message: "JSON5 parse failed" }]);
  });

  test("has the warnings of a valid config, and no issues", async () => {
    const notes = [{ path: "plugins.allow", message: "plugin not found: x" }];
    const view = await viewOf({ ...OLD_VIEW, issues: notes, legacyIssues: notes, warnings: notes });
    expect(view).toMatchObject({ isValid: true, issues: [], warnings: notes });
  });

  test("needs only the field valid", async () => {
    expect(await viewOf({ valid: true })).toEqual({
      path: undefined,
      parsed: undefined,
      isValid: true,
      issues: [],
      warnings: [],
      hash: undefined,
      isApplied: undefined,
    });
    expect(await viewOf({ valid: false })).toMatchObject({ isValid: false, issues: [] });
  });

  test.each([
    ["null", null, "the whole of it"],
    ["a text", "ok", "the whole of it"],
    ["undefined", undefined, "the whole of it"],
    ["no field valid", {}, "valid"],
    ["a field valid that is no boolean", { valid: "yes" }, "valid"],
    ["a hash that is no text", { valid: true, hash: 5 }, "hash"],
    ["issues that are no list", { valid: false, issues: "many" }, "issues"],
    ["an issue without a message", { valid: false, issues: [{ path: "a" }] }, "issues.0.message"],
    ["a warning without a message", { valid: true, warnings: [{}] }, "warnings.0.message"],
    ["a path that is no text", { valid: true, path: [] }, "path"],
  ])("rejects a reply with %s", async (_, reply, field) => {
    expect(await refusalOf(viewOf(reply))).toMatchObject({
      code: "rejected",
      message: `config.get: the reply makes no sense at ${field}`,
    });
  });

  test("quotes no value of a malformed reply", async () => {
    const { message } = await refusalOf(viewOf({ valid: "s3cret", hash: 5, issues: "s3cret" }));
    expect(message).not.toContain("s3cret");
  });

  test.each(["unreachable", "refused", "rejected"] as const)("throws the gateway's %s error", async (code) => {
    const error = new ManagerError(code, "config.get: no");
    const { config } = connect(() => {
      throw error;
    });
    expect(await refusalOf(config.readView())).toBe(error);
  });
});

describe("readIssues()", () => {
  const issues = [{ path: "messages", message: 'Unrecognized key: "nonsense"' }];
  const refusal = (message: string, details?: object) => () => {
    const cause = new GatewayRefusal({ code: "INVALID_REQUEST", message, details });
    throw new ManagerError("rejected", message, { cause });
  };

  test("sends a patch that every release refuses, and finds the issues of the file", async () => {
    const { calls, config } = connect(
      refusal("messages: Unrecognized key; fix (openclaw doctor) before patching", { issues }),
    );
    expect(await config.readIssues()).toEqual(issues);
    expect(calls).toEqual([["config.patch", { raw: "null" }]]);
  });

  test("finds no issues when only the patch is refused", async () => {
    expect(await connect(refusal("config.patch raw must be an object")).config.readIssues()).toEqual([]);
  });

  test.each([
    "config base hash required; re-run config.get and retry",
    "unknown method: config.patch",
    "rate limit exceeded for config.patch",
  ])("is undefined when the gateway answers: %s", async (message) => {
    expect(await connect(refusal(message)).config.readIssues()).toBeUndefined();
    expect(await connect(refusal(message, { issues: "none" })).config.readIssues()).toBeUndefined();
  });

  test("is undefined when the gateway accepts the patch", async () => {
    expect(await connect(() => ({ ok: true })).config.readIssues()).toBeUndefined();
  });

  test("throws when the gateway is unreachable", async () => {
    const error = new ManagerError("unreachable", "config.patch: gateway closed (1006)");
    const { config } = connect(() => {
      throw error;
    });
    expect(await refusalOf(config.readIssues())).toBe(error);
  });
});

describe("lookUpReload()", () => {
  test.each(["hot", "restart", "none"] as const)("returns the reload kind: %s", async (reloadKind) => {
    const { config, calls } = connect(() => ({ path: "gateway.port", schema: {}, reloadKind }));
    expect(await config.lookUpReload("gateway.port")).toBe(reloadKind);
    expect(calls).toEqual([["config.schema.lookup", { path: "gateway.port" }]]);
  });

  test.each([
    ['channels."a b".token', "channels.*.token"],
    ['"a b"', "*"],
    ['a."b.c"."d"', "a.*.*"],
    [String.raw`a."say \"x\" \\".b`, "a.*.b"],
    [String.raw`a."\\"."b"`, "a.*.*"],
    ["agents.list", "agents.list"],
    ["models.gpt-4$x", "models.gpt-4$x"],
  ])("replaces the quoted keys of %s by *: the call refuses them", async (path, asked) => {
    const { config, calls } = connect(() => ({ reloadKind: "hot" }));
    expect(await config.lookUpReload(path)).toBe("hot");
    expect(calls).toEqual([["config.schema.lookup", { path: asked }]]);
  });

  test.each([
    ["has no such call", refuse("unknown method: config.schema.lookup")],
    ["knows no such path", refuse("config schema path not found")],
    ["answers with an unknown kind", () => ({ reloadKind: "warm" })],
    ["answers without a kind", () => ({ path: "a", schema: {} })],
    ["answers with kind null", () => ({ reloadKind: null })],
    ["answers null", () => null],
  ])("is undefined when the gateway %s", async (_, answer) => {
    expect(await connect(answer).config.lookUpReload("a")).toBeUndefined();
  });

  test.each(["unreachable", "refused"] as const)("throws the gateway's %s error", async (code) => {
    const error = new ManagerError(code, "config.schema.lookup: no");
    const { config } = connect(() => {
      throw error;
    });
    expect(await refusalOf(config.lookUpReload("a"))).toBe(error);
  });

  test("does not hide a bug", async () => {
    const bug = new TypeError("a bug");
    const { config } = connect(() => {
      throw bug;
    });
    expect(await thrownBy(config.lookUpReload("a"))).toBe(bug);
  });
});

describe("readReload()", () => {
  const SINCE_MS = Date.parse("2026-11-22T10:00:00.000Z");
  const line = (message: string, time = "2026-11-22T10:00:01.000Z", subsystem = "gateway/reload") =>
    JSON.stringify({ "0": `{"subsystem":"${subsystem}"}`, "1": message, time });
  const readFrom = (...lines: string[]) => connect(() => ({ lines })).config.readReload(SINCE_MS);

  test("reads the end of the gateway's log", async () => {
    const { calls, config } = connect(() => ({ lines: [] }));
    expect(await config.readReload(SINCE_MS)).toBeUndefined();
    expect(calls).toEqual([["logs.tail", { limit: 200 }]]);
  });

  test("finds how the last reload ended, in the gateway's words", async () => {
    const failed = "config reload failed: Error: channels.discord: no token";
    expect(await readFrom(line("config hot reload applied (messages)"), line(failed))).toEqual({
      kind: "failed",
      reason: "Error: channels.discord: no token",
    });
    expect(await readFrom(line("config restart failed: no"))).toEqual({ kind: "failed", reason: "no" });
    expect(await readFrom(line(failed), line("config hot reload applied (messages)"))).toEqual({ kind: "applied" });
    expect(await readFrom(line("config change applied (dynamic reads: x)"))).toEqual({ kind: "applied" });
    expect(await readFrom(line("config change requires gateway restart (plugins)"))).toEqual({ kind: "pending" });
    expect(await readFrom(line("config reload disabled (gateway.reload.mode=off)"))).toEqual({ kind: "pending" });
  });

  test("ignores lines before the write, of other parts of the gateway, and those that it does not know", async () => {
    for (const other of [
      line("config reload failed: old", "2026-11-22T09:59:59.999Z"),
      line("config reload failed: no time", "yesterday"),
      line("config reload failed: said by a channel", "2026-11-22T10:00:01.000Z", "channels/discord"),
      line("config change detected; evaluating reload (messages)"),
      'gateway/reload {"half of',
      "config reload failed: gateway/reload as plain text",
      '["gateway/reload"]',
    ]) {
      expect({ other, outcome: await readFrom(other) }).toEqual({ other, outcome: undefined });
      expect(await readFrom(line("config hot reload applied"), other)).toEqual({ kind: "applied" });
    }
  });

  test("shortens a long reason", async () => {
    const outcome = await readFrom(line(`config reload failed: ${"x".repeat(10_000)}`));
    const reason = outcome?.kind === "failed" ? outcome.reason : "";
    expect(reason.length).toBeLessThanOrEqual(500);
    expect(reason).toEndWith(" more characters)");
  });

  test.each([null, {}, { lines: "none" }, { lines: [5] }])("finds nothing in a reply of %j", async (reply) => {
    expect(await connect(() => reply).config.readReload(SINCE_MS)).toBeUndefined();
  });

  test("finds nothing if the gateway has no such call or refuses it, and throws if it is gone", async () => {
    const rejected = new ManagerError("rejected", "unknown method: logs.tail");
    expect(await connect(() => Promise.reject(rejected)).config.readReload(SINCE_MS)).toBeUndefined();
    const unreachable = new ManagerError("unreachable", "logs.tail: gateway closed (1006)");
    expect(await refusalOf(connect(() => Promise.reject(unreachable)).config.readReload(SINCE_MS))).toBe(unreachable);
  });
});
