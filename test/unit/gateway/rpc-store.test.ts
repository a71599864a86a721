import { describe, expect, test } from "bun:test";
import { toJobSpec } from "../../../lib/cron/job-spec.ts";
import { login } from "../../../lib/gateway/login.ts";
import { createGatewayStore } from "../../../lib/gateway/rpc-store.ts";
import type { CronStore } from "../../../lib/gateway/store.ts";
import {
  type FakeGateway,
  NEW,
  ODD_NAMES,
  type Reply,
  define,
  liveJob,
  refusalOf,
  serveGateway,
} from "../../support/fakes.ts";
import { paramsOf, refuse } from "../../support/fake-servers.ts";

/** The store of a fake gateway with these answers. */
async function openStore(answers: FakeGateway["answers"]) {
  const gateway = serveGateway(answers);
  const session = await login({
    url: gateway.url,
    credentials: {},
    readDevice: () => Promise.reject(new Error("no device")),
    onEvent: () => undefined,
    onClose: () => undefined,
  });
  return {
    gateway,
    store: createGatewayStore(session, Date.now),
    async [Symbol.asyncDispose]() {
      await session.gateway.close();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

describe("readScheduler()", () => {
  test("says whether it is on, as 2026.2.9 and 2026.9.6 tell it", async () => {
    const payload = { enabled: false, storePath: "/x/cron/jobs.json", jobs: 2, nextWakeAtMs: null };
    await using at = await openStore({ "cron.status": () => ({ payload }) });
    expect(await at.store.readScheduler()).toMatchObject({ enabled: false });
    expect(paramsOf(at.gateway, "cron.status").at(-1)).toEqual({});
  });

  test("rejects a reply that does not tell", async () => {
    await using at = await openStore({ "cron.status": () => ({ payload: { enabled: "yes" } }) });
    expect(await refusalOf(at.store.readScheduler())).toMatchObject({ code: "rejected" });
  });
});

describe("readDefaultAgent()", () => {
  const agents = { list: [{ id: "work" }, { id: "boss", default: true }] };

  test.each<[string, object, string | undefined]>([
    ["reads it from the config", { valid: true, config: { agents } }, "boss"],
    ["is main where the config names no agent", { valid: true, config: {} }, "main"],
    ["does not know it from a config that is not in force", { valid: false, config: {} }, undefined],
  ])("%s", async (_, payload, id) => {
    await using at = await openStore({ "config.get": () => ({ payload }) });
    expect(await at.store.readDefaultAgent()).toBe(id);
  });
});

describe("listAgents()", () => {
  test("reads the ids of the agents", async () => {
    // As 2026.2.9 and 2026.9.6 answer.
    const payload = {
      defaultId: "main",
      mainKey: "main",
      scope: "per-sender",
      agents: [{ id: "main" }, { id: "ops" }],
    };
    await using at = await openStore({ "agents.list": () => ({ payload }) });
    expect(await at.store.listAgents?.()).toEqual(["main", "ops"]);
  });

  test("refuses an answer that makes no sense", async () => {
    await using at = await openStore({ "agents.list": () => ({ payload: { agents: {} } }) });
    expect((await refusalOf(at.store.listAgents?.() ?? Promise.resolve())).message).toBe(
      "agents.list: the reply makes no sense",
    );
  });
});

describe("listJobs()", () => {
  /** Answers `cron.list` with these jobs, in pages of this size. */
  function paging(ids: string[], size: number, revision?: () => string) {
    return {
      "cron.list": ({ offset }: { offset?: unknown }): Reply => {
        const from = Number(offset ?? 0);
        const jobs = ids.slice(from, from + size).map((id) => liveJob({ id }));
        const next = from + jobs.length;
        const more = { total: ids.length, hasMore: next < ids.length, nextOffset: next < ids.length ? next : null };
        return { payload: { jobs, ...more, ...(revision ? { snapshotRevision: revision() } : {}) } };
      },
    };
  }

  const idsOf = async (store: CronStore) => (await store.listJobs()).map(({ id }) => id);

  test("reads a list without pages, and asks for no pages: 2026.2.9 has none", async () => {
    await using at = await openStore({ "cron.list": () => ({ payload: { jobs: [liveJob()] } }) });
    expect(await idsOf(at.store)).toEqual(["id-1"]);
    expect(paramsOf(at.gateway, "cron.list")).toEqual([{ includeDisabled: true }]);
  });

  test("reads every page", async () => {
    const ids = Array.from({ length: 7 }, (_, index) => `id-${index}`);
    await using at = await openStore(paging(ids, 3, () => "1"));
    expect(await idsOf(at.store)).toEqual(ids);
    expect(paramsOf(at.gateway, "cron.list")).toEqual([
      { includeDisabled: true },
      { includeDisabled: true, limit: 200, offset: 3 },
      { includeDisabled: true, limit: 200, offset: 6 },
    ]);
  });

  test("lets the pages overlap by one job before 2026.8.2, which has no revision of the list", async () => {
    const ids = Array.from({ length: 7 }, (_, index) => `id-${index}`);
    await using at = await openStore(paging(ids, 3));
    expect(await idsOf(at.store)).toEqual(ids);
    expect(paramsOf(at.gateway, "cron.list").slice(1)).toEqual([
      { includeDisabled: true, limit: 200, offset: 2 },
      { includeDisabled: true, limit: 200, offset: 4 },
    ]);
  });

  test("misses no job when one is removed from the first page and another added at the end", async () => {
    const ids = ["a", "b", "c", "d"];
    const answers = paging(ids, 2);
    await using at = await openStore({
      "cron.list": (params) => {
        const reply = answers["cron.list"](params);
        if (ids[0] === "a") ids.splice(0, 4, "b", "c", "d", "e"); // the total stays the same
        return reply;
      },
    });
    expect(await idsOf(at.store)).toEqual(["b", "c", "d", "e"]);
  });

  test("keeps unknown fields of a job", async () => {
    await using at = await openStore({
      "cron.list": () => ({ payload: { jobs: [{ ...liveJob(), scheduledToolPolicy: { mode: "x" } }], new: true } }),
    });
    expect(await at.store.listJobs()).toMatchObject([{ scheduledToolPolicy: { mode: "x" } }]);
  });

  test("reads again when the list changed between two pages", async () => {
    let revision = 0;
    await using at = await openStore(paging(["a", "b", "c"], 2, () => String(Math.min((revision += 1), 3))));
    expect(await idsOf(at.store)).toEqual(["a", "b", "c"]);
    expect(paramsOf(at.gateway, "cron.list")).toHaveLength(4);
  });

  test("reads again when a page shifted and contains a job twice", async () => {
    let calls = 0;
    const answers = paging(["a", "b", "c"], 2);
    await using at = await openStore({
      "cron.list": (params) => {
        calls += 1;
        return calls === 2
          ? { payload: { jobs: [liveJob({ id: "b" })], total: 3, hasMore: false } }
          : answers["cron.list"](params);
      },
    });
    expect(await idsOf(at.store)).toEqual(["a", "b", "c"]);
  });

  test.each([
    ["is cut short", () => ({ jobs: [liveJob()], total: 2, hasMore: false })],
    [
      "holds more jobs than its total",
      () => ({ jobs: [liveJob({ id: "a" }), liveJob({ id: "b" })], total: 1, hasMore: false }),
    ],
    ["contains a job twice", () => ({ jobs: [liveJob(), liveJob()], hasMore: false })],
    ["has more and repeats the page", () => ({ jobs: [liveJob()], hasMore: true })],
    ["repeats the page of one revision", () => ({ jobs: [liveJob()], hasMore: true, snapshotRevision: "1" })],
    ["has more and an empty page", () => ({ jobs: [], hasMore: true })],
    ["changes each time", revisions()],
  ])("rejects a list that %s", async (_, answer) => {
    await using at = await openStore({ "cron.list": () => ({ payload: answer() }) });
    expect(await refusalOf(at.store.listJobs())).toMatchObject({
      code: "rejected",
      message: "cron.list: the list kept changing while it was read",
    });
    expect(paramsOf(at.gateway, "cron.list").length).toBeLessThan(20);
  });

  test.each<[string, unknown]>([
    ["the whole of it", null],
    ["the whole of it", "no list"],
    ["jobs", []],
    ["jobs", {}],
    ["jobs", { jobs: null }],
    ["jobs", { jobs: { length: 0 } }],
    ["jobs.0", { jobs: [5] }],
    ["jobs.0.id", { jobs: [{ ...liveJob(), id: "" }] }],
    ["jobs.0.id", { jobs: [{ ...liveJob(), id: 5 }] }],
    ["jobs.0.name", { jobs: [{ ...liveJob(), name: undefined }] }],
    ["jobs.0.schedule", { jobs: [{ ...liveJob(), schedule: "0 3 * * *" }] }],
    ["jobs.1.payload", { jobs: [liveJob(), { ...liveJob(), payload: null }] }],
    ["jobs.0.declarationKey", { jobs: [{ ...liveJob(), declarationKey: 5 }] }],
    ["jobs.0.id", { jobs: [{ ...liveJob(), id: "x".repeat(1_000_000) }] }],
    ["jobs.0.createdAtMs", { jobs: [{ ...liveJob(), createdAtMs: "1" }] }],
    ["total", { jobs: [], total: "0" }],
    ["total", { jobs: [], total: -1 }],
  ])("rejects a list that is malformed at %s (case %#)", async (field, payload) => {
    await using at = await openStore({ "cron.list": () => ({ payload }) });
    expect(await refusalOf(at.store.listJobs())).toMatchObject({
      code: "rejected",
      message: `cron.list: the reply makes no sense at ${field}; nothing is changed`,
    });
  });

  test("is interrupted when the connection is cut between two pages", async () => {
    const answers = paging(["a", "b", "c"], 2);
    await using at = await openStore({
      "cron.list": (params) => (params.offset === undefined ? answers["cron.list"](params) : "drop"),
    });
    expect(await refusalOf(at.store.listJobs())).toMatchObject({ code: "interrupted" });
    expect(await refusalOf(at.store.listJobs())).toMatchObject({ code: "interrupted" });
  });

  test("is rejected in the gateway's words", async () => {
    await using at = await openStore({ "cron.list": () => refuse("cron is disabled") });
    expect(await refusalOf(at.store.listJobs())).toMatchObject({ code: "rejected", message: "cron is disabled" });
  });
});

/** Pages of one job, each with another revision. */
function revisions() {
  let count = 0;
  return () => {
    count += 1;
    return { jobs: [liveJob({ id: `id-${count}` })], hasMore: true, snapshotRevision: String(count) };
  };
}

describe("addJob()", () => {
  test("sends the job, and its key where it has one", async () => {
    await using at = await openStore({});
    await at.store.addJob(toJobSpec(define(), NEW), "config-manager:backup");
    await at.store.addJob(toJobSpec(define({ wake: "next-heartbeat" }), NEW));
    expect(paramsOf(at.gateway, "cron.add")).toEqual([
      { ...toJobSpec(define(), NEW), wakeMode: "now", declarationKey: "config-manager:backup" },
      { ...toJobSpec(define(), NEW), wakeMode: "next-heartbeat" },
    ]);
  });

  test("sends no delivery of mode none for the main session: 2026.2.9 refuses it", async () => {
    await using at = await openStore({});
    await at.store.addJob(toJobSpec(define({ systemEvent: "x" }), NEW));
    await at.store.addJob(toJobSpec(define({ systemEvent: "x", delivery: { mode: "announce" } }), NEW));
    const [without, withDelivery] = paramsOf(at.gateway, "cron.add");
    expect(without).not.toHaveProperty("delivery");
    expect(withDelivery).toMatchObject({ delivery: { mode: "announce" } });
  });

  test.each(Object.entries(ODD_NAMES))("sends a name with %s unchanged", async (_, name) => {
    await using at = await openStore({});
    await at.store.addJob(toJobSpec(define({ name, command: [name] }), NEW), `config-manager:${name}`);
    expect(paramsOf(at.gateway, "cron.add")).toMatchObject([
      { name, declarationKey: `config-manager:${name}`, payload: { argv: [name] } },
    ]);
  });

  test("is rejected in the gateway's words", async () => {
    await using at = await openStore({ "cron.add": () => refuse("invalid cron.add params: bad expression") });
    expect(await refusalOf(at.store.addJob(toJobSpec(define(), NEW)))).toMatchObject({
      code: "rejected",
      message: "invalid cron.add params: bad expression",
      retryAfterMs: undefined,
    });
  });

  test("keeps the delay that the gateway asks for", async () => {
    const limited = {
      code: "UNAVAILABLE",
      message: "rate limit exceeded for cron.add",
      retryable: true,
      retryAfterMs: 41_000,
    };
    await using at = await openStore({ "cron.add": () => ({ error: limited }) });
    expect(await refusalOf(at.store.addJob(toJobSpec(define(), NEW)))).toMatchObject({
      code: "rejected",
      retryAfterMs: 41_000,
    });
  });

  test.each([
    ["declaration keys", "at root: unexpected property 'declarationKey'", { ...NEW, declarationKey: false }],
    ["command jobs", "at /payload: unexpected property 'argv'", { ...NEW, commandPayload: false }],
  ])("learns that the gateway has no %s, and asks for another plan", async (_, words, features) => {
    await using at = await openStore({ "cron.add": () => refuse(`invalid cron.add params: ${words}`) });
    expect(await refusalOf(at.store.addJob(toJobSpec(define(), NEW), "key"))).toMatchObject({ code: "conflict" });
    expect(at.store.features).toEqual(features);
    // The second time it is a plain rejection, or the caller would plan anew for ever.
    expect(await refusalOf(at.store.addJob(toJobSpec(define(), NEW), "key"))).toMatchObject({ code: "rejected" });
  });

  test("is interrupted when the connection is cut before the answer", async () => {
    await using at = await openStore({ "cron.add": () => "drop" });
    expect(await refusalOf(at.store.addJob(toJobSpec(define(), NEW)))).toMatchObject({ code: "interrupted" });
  });
});

describe("redeclareJob()", () => {
  const spec = toJobSpec(define(), NEW);

  test("checks the revision by an update that changes nothing, then declares the job", async () => {
    await using at = await openStore({});
    await at.store.redeclareJob("id-1", spec, "key", "sha256:1");
    expect(at.gateway.calls.filter(({ method }) => /add|update/.test(method))).toMatchObject([
      { method: "cron.update", params: { id: "id-1", patch: { name: "backup" }, expectedConfigRevision: "sha256:1" } },
      { method: "cron.add", params: { name: "backup", declarationKey: "key" } },
    ]);
  });

  test("declares nothing when the job has changed", async () => {
    const changed = () => refuse("cron job changed", { details: { code: "CRON_JOB_CHANGED" } });
    await using at = await openStore({ "cron.update": changed });
    expect(await refusalOf(at.store.redeclareJob("id-1", spec, "key", "1"))).toMatchObject({ code: "conflict" });
    expect(paramsOf(at.gateway, "cron.add")).toEqual([]);
  });

  test("checks nothing without a revision: gateways before 2026.7 have none", async () => {
    await using at = await openStore({});
    await at.store.redeclareJob("id-1", spec, "key");
    expect(paramsOf(at.gateway, "cron.update")).toEqual([]);
    expect(paramsOf(at.gateway, "cron.add")).toHaveLength(1);
  });
});

describe("updateJob()", () => {
  test("sends the patch, and the revision where it has one", async () => {
    await using at = await openStore({});
    await at.store.updateJob("id-1", { description: "x", agentId: null }, "sha256:1");
    await at.store.updateJob("id-2", {});
    expect(paramsOf(at.gateway, "cron.update")).toEqual([
      { id: "id-1", patch: { description: "x", agentId: null }, expectedConfigRevision: "sha256:1" },
      { id: "id-2", patch: {} },
    ]);
  });

  test.each([
    ["has changed", { details: { code: "CRON_JOB_CHANGED" } }, "cron job changed"],
    ["is gone (2026.9.6)", { details: { code: "CRON_JOB_NOT_FOUND" } }, "cron job not found"],
    ["is gone (2026.6.11)", {}, "invalid cron.update params: id not found"],
    ["is gone (2026.2.9)", {}, "unknown cron job id: id-1"],
  ])("is a conflict when the job %s", async (_, more, words) => {
    await using at = await openStore({ "cron.update": () => refuse(words, more) });
    expect(await refusalOf(at.store.updateJob("id-1", {}, "1"))).toMatchObject({ code: "conflict" });
  });

  test("is rejected for any other reason", async () => {
    await using at = await openStore({ "cron.update": () => refuse("bad patch", { details: { code: "BAD_PATCH" } }) });
    expect(await refusalOf(at.store.updateJob("id-1", {}))).toMatchObject({ code: "rejected", message: "bad patch" });
  });

  test("adds an empty environment to a command: 2026.8.2 refuses to make a job one without", async () => {
    await using at = await openStore({});
    await at.store.updateJob("id-1", { payload: { kind: "command", argv: ["a"] } });
    await at.store.updateJob("id-1", { payload: { kind: "command", argv: ["a"], env: { A: "1" } } });
    await at.store.updateJob("id-1", { payload: { kind: "agentTurn", message: "x" } });
    expect(paramsOf(at.gateway, "cron.update")).toMatchObject([
      { patch: { payload: { kind: "command", argv: ["a"], env: {} } } },
      { patch: { payload: { kind: "command", argv: ["a"], env: { A: "1" } } } },
      { patch: { payload: { kind: "agentTurn", message: "x" } } },
    ]);
  });
});

describe("removeJob()", () => {
  test("sends the id", async () => {
    await using at = await openStore({ "cron.remove": () => ({ payload: { removed: true } }) });
    await at.store.removeJob("id-1");
    expect(paramsOf(at.gateway, "cron.remove")).toEqual([{ id: "id-1" }]);
  });

  test.each([
    ["2026.9.6", refuse("cron job not found", { details: { code: "CRON_JOB_NOT_FOUND" } })],
    ["2026.6.11", refuse("invalid cron.remove params: id not found")],
    ["2026.2.9", { payload: { removed: false } }],
  ] satisfies [string, Reply][])("succeeds when the job is gone already, as %s reports it", async (_, reply) => {
    await using at = await openStore({ "cron.remove": () => reply });
    await at.store.removeJob("id-1");
  });

  test("is rejected for any other reason", async () => {
    await using at = await openStore({ "cron.remove": () => refuse("system jobs cannot be removed") });
    expect(await refusalOf(at.store.removeJob("id-1"))).toMatchObject({ code: "rejected" });
  });
});
