// Replies as recorded from 2026.9.6, 2026.6.11 and 2026.2.9.

import { describe, expect, test } from "bun:test";
import { createWorkReader } from "../../../lib/gateway/active-work.ts";
import type { Gateway } from "../../../lib/gateway/connection.ts";
import { GatewayRefusal, callError } from "../../../lib/gateway/refusal.ts";
import { thrownBy } from "../../support/fakes.ts";

const IDLE = {
  queueSize: 0,
  pendingReplies: 0,
  embeddedRuns: 0,
  cronRuns: 0,
  backgroundExecSessions: 0,
  rootRequests: 0,
  activeTasks: 0,
  totalActive: 0,
};

function gatewayThat(replies: Readonly<Record<string, unknown>>): Gateway {
  return {
    version: "dev",
    protocol: 3,
    processStartedMs: undefined,
    isOpen: true,
    receivedLength: 0,
    async call(method) {
      if (method in replies) return replies[method];
      throw callError(method, new GatewayRefusal({ code: "INVALID_REQUEST", message: `unknown method: ${method}` }));
    },
    close: async () => undefined,
  };
}

const read = (replies: Readonly<Record<string, unknown>>) => createWorkReader(gatewayThat(replies), () => 0)();
const preflight = (counts: unknown) => read({ "gateway.restart.preflight": { safe: false, counts, blockers: [] } });

const jobOf = (id: string, state: object) => ({
  id,
  name: id,
  enabled: true,
  createdAtMs: 1,
  schedule: { kind: "cron", expr: "0 0 1 1 *" },
  payload: { kind: "agentTurn", message: "Look around." },
  state,
});

describe("createWorkReader()", () => {
  test("counts no call, ours or the gateway's own, as work", async () => {
    expect(await preflight({ ...IDLE, rootRequests: 2, totalActive: 2 })).toEqual({ what: [], isPartial: false });
  });

  test("names what runs, with its number", async () => {
    const counts = { ...IDLE, queueSize: 1, cronRuns: 1, activeTasks: 2, embeddedRuns: 3, rootRequests: 1 };
    expect(await preflight(counts)).toEqual({
      what: ["3 agent runs", "1 cron run", "2 tasks", "1 queued operation"],
      isPartial: false,
    });
  });

  test("takes a count that the release does not have for none", async () => {
    const { backgroundExecSessions: _, rootRequests: __, ...counts } = IDLE;
    expect(await preflight({ ...counts, pendingReplies: 1 })).toEqual({ what: ["1 pending reply"], isPartial: false });
  });

  test.each([undefined, {}, { cronRuns: -1 }, { cronRuns: "1" }, { cronRuns: 1e99 }])(
    "refuses a reply that makes no sense, rather than call it idle: %j",
    async (counts) => {
      const given = counts !== undefined && Object.keys(counts).length === 0 ? "none" : counts;
      expect(await thrownBy(() => preflight(given))).toMatchObject({ code: "rejected" });
    },
  );

  test("looks for running jobs where the release has no such call", async () => {
    const jobs = [jobOf("idle", {}), jobOf("runs", { runningAtMs: 1 })];
    expect(await read({ "cron.list": { jobs } })).toEqual({ what: ["1 cron run"], isPartial: true });
    expect(await read({ "cron.list": { jobs: [] } })).toEqual({ what: [], isPartial: true });
  });

  test("takes a list that does not come for a running job, asks for no second one, and for no other call", async () => {
    const asked: string[] = [];
    const { promise, resolve } = Promise.withResolvers<object>();
    const gateway = gatewayThat({ "cron.list": promise });
    const call = async (method: string, params: object) => {
      asked.push(method);
      return gateway.call(method, params);
    };
    const readWork = createWorkReader({ ...gateway, call }, () => 0);
    const busy = { what: ["a cron run that holds up the list of jobs"], isPartial: true };
    expect([await readWork(), await readWork()]).toEqual([busy, busy]);
    expect(asked).toEqual(["gateway.restart.preflight", "cron.list"]);
    resolve({ jobs: [] });
    expect(await readWork()).toEqual({ what: [], isPartial: true });
  });

  test("throws where the release has neither", async () => {
    expect(await thrownBy(() => read({}))).toMatchObject({ code: "rejected" });
  });
});
