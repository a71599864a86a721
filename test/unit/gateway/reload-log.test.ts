// How a reload ended, from the gateway's own log. The messages are from real gateways.

import { describe, expect, test } from "bun:test";
import { ManagerError } from "../../../lib/errors.ts";
import { type ReloadOutcome, readReloadOutcome } from "../../../lib/gateway/reload-log.ts";
import { refusalOf } from "../../support/fakes.ts";

const WRITTEN = "2026-11-26T00:42:23.000+00:00";
const LATER = "2026-11-26T00:42:23.872+00:00";
const BEFORE = "2026-11-26T00:42:22.999+00:00";

/** One line of the log, as `logs.tail` sends it. */
function line(message: string, { time = LATER, subsystem = "gateway/reload" } = {}): string {
  return JSON.stringify({
    "0": JSON.stringify({ subsystem }),
    "1": message,
    _meta: { runtime: "node", logLevelName: "ERROR", date: time },
    time,
    hostname: "vm",
  });
}

async function outcomeOf(...lines: unknown[]): Promise<ReloadOutcome | undefined> {
  return readReloadOutcome({ call: async () => ({ lines }) }, Date.parse(WRITTEN));
}

const FAILED = 'SecretProviderResolutionError: Secret provider "nope" is not configured (ref: env:nope:X).';

describe("readReloadOutcome()", () => {
  test.each<[string, ReloadOutcome | undefined]>([
    // 2026.4.15, 2026.8.2, 2026.9.6
    [`config reload failed: ${FAILED}`, { kind: "failed", reason: FAILED }],
    // 2026.8.2, just before the line above
    [`config restart failed: ${FAILED}`, { kind: "failed", reason: FAILED }],
    // 2026.2.9 to 2026.3.13
    ["config change applied (dynamic reads: models.providers.slow.models, messages.ackReaction)", { kind: "applied" }],
    ["config hot reload applied (models.providers.x)", { kind: "applied" }],
    ["config change requires gateway restart (gateway.port) — preparing", { kind: "pending" }],
    [
      "config change requires gateway restart (gateway.port) — deferring until 2 operation(s), 1 reply(ies), 1 embedded run(s) complete",
      { kind: "pending" },
    ],
    ["config reload disabled (gateway.reload.mode=off)", { kind: "pending" }],
    // These say nothing of the end.
    ["config change detected; evaluating reload (gateway.port)", undefined],
    ['config reload skipped (invalid config): gateway.tailscale: Unrecognized key: "resetOnExit"', undefined],
    [
      "config reload superseded: GatewayConfigReloadSupersededError: config reload superseded by a newer runtime config source",
      undefined,
    ],
    ["all operations and replies completed; restarting gateway now", undefined],
  ])("reads %j", async (message, outcome) => {
    expect(await outcomeOf(line(message))).toEqual(outcome as ReloadOutcome);
  });

  test("reads the last one: a failed reload may be followed by one that is applied", async () => {
    const [failed, applied] = [line(`config reload failed: ${FAILED}`), line("config hot reload applied (a)")];
    expect(await outcomeOf(failed, line("config change detected; evaluating reload (a)"), applied)).toEqual({
      kind: "applied",
    });
    expect(await outcomeOf(applied, failed)).toMatchObject({ kind: "failed" });
  });

  test("ignores what was logged before the files were written, and what has no time", async () => {
    const failure = `config reload failed: ${FAILED}`;
    expect(await outcomeOf(line(failure, { time: BEFORE }))).toBeUndefined();
    expect(await outcomeOf(line(failure, { time: WRITTEN }))).toMatchObject({ kind: "failed" });
    expect(await outcomeOf(line(failure, { time: "soon" }))).toBeUndefined();
  });

  test("ignores the same words of anybody else", async () => {
    const failure = "config reload failed: no";
    expect(await outcomeOf(line(failure, { subsystem: "gateway/ws" }))).toBeUndefined();
    expect(await outcomeOf(line(`a user wrote: ${failure} gateway/reload`, { subsystem: "agent" }))).toBeUndefined();
    expect(
      await outcomeOf("config reload failed: gateway/reload", "{gateway/reload", '"gateway/reload"'),
    ).toBeUndefined();
    expect(await outcomeOf(line(failure).replace('"1":"', '"1":7,"2":"'))).toBeUndefined();
  });

  test("bounds a long reason, and keeps one of several lines", async () => {
    const long = await outcomeOf(line(`config reload failed: ${"x".repeat(5_000)}`));
    expect(long).toEqual({ kind: "failed", reason: `${"x".repeat(436)}… (4564 more characters)` });
    expect(await outcomeOf(line("config reload failed: one\ntwo\n"))).toEqual({ kind: "failed", reason: "one\ntwo" });
  });

  test("asks for the last lines only", async () => {
    const calls: unknown[] = [];
    const call = async (...call: unknown[]) => {
      calls.push(call);
      return { lines: [] };
    };
    expect(await readReloadOutcome({ call }, 0)).toBeUndefined();
    expect(calls).toEqual([["logs.tail", { limit: 200 }]]);
  });

  test("says nothing if the reply makes no sense", async () => {
    for (const reply of [null, {}, { lines: "many" }, { lines: [7] }]) {
      expect(await readReloadOutcome({ call: async () => reply }, 0)).toBeUndefined();
    }
  });

  test("throws the gateway's errors", async () => {
    const error = new ManagerError("unreachable", "gone");
    expect(await refusalOf(readReloadOutcome({ call: () => Promise.reject(error) }, 0))).toBe(error);
  });

  test("reads no more lines than it asked for, and none that is far too long", async () => {
    const applied = line("config change applied");
    expect(await outcomeOf(applied, ...Array.from({ length: 200 }, () => "other"))).toBeUndefined();
    expect(await outcomeOf(line(`config change applied ${"x".repeat(100_000)}`))).toBeUndefined();
  });
});
