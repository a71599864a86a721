// The built binary beside something else on the gateway's port, which speaks the protocol and answers what it likes. A
// real gateway does none of this. Git's config is delivered all the same, nothing grows, and one line says what is wrong.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { type FakeGateway, type Reply, greeting, serveGateway } from "../support/fakes.ts";
import { type Mounts, type Sidecar, createMounts, startSidecar } from "../support/sidecar.ts";
import { serveFlood } from "../support/fake-servers.ts";
import { readPeakMiB } from "../support/memory.ts";
import { until } from "../support/until.ts";

const CONFIG = '{"gateway":{"mode":"local"}}';
const MIB = 1024 * 1024;

let mounts: Mounts;
let gateway: FakeGateway;
let sidecar: Sidecar | undefined;

beforeEach(async () => {
  mounts = await createMounts();
  gateway = serveGateway();
  await mounts.config.publish({ "openclaw.json": CONFIG });
  await mounts.publishJobs([{ name: "backup", schedule: "0 3 * * *", command: "true" }]);
});
afterEach(async () => {
  await sidecar?.dispose();
  sidecar = undefined;
  await gateway[Symbol.asyncDispose]();
  await mounts.dispose();
});

function start(): Sidecar {
  sidecar = startSidecar(mounts.environment({ OPENCLAW_GATEWAY_URL: gateway.url, POLL_INTERVAL: "3600" }));
  return sidecar;
}

/** Answers as a gateway without jobs that refuses to say anything about a config. */
function becomeHonest(): void {
  gateway.answers = { "cron.list": () => ({ payload: { jobs: added() } }) };
}

function added(): unknown[] {
  const specs = gateway.calls.filter(({ method }) => method === "cron.add").map(({ params }) => params);
  return specs.slice(0, 1).map((spec) => Object.assign(spec, { id: "id-1", enabled: true, createdAtMs: 1 }));
}

const warnings = (messages: readonly string[]) => messages.filter((line) => line.startsWith("WARNING: "));
const residentOf = async (pid: number) => {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
};

const garbage = { payload: { jobs: { length: 5 }, valid: "yes", hash: [], lines: { "0": 1 } } };

describe("a peer that greets us and then answers", () => {
  /** Starts beside a peer with this answer to all calls after the login, and waits until three passes have failed. */
  async function startBeside(reply: Reply): Promise<Sidecar> {
    gateway.answers = {
      connect: () => ({ payload: greeting() }),
      "cron.status": () => ({ payload: {} }),
      "*": () => reply,
    };
    const running = start();
    await running.waitFor(/^WARNING: Failed to sync cron jobs: /);
    await until("three more calls", () => gateway.calls.filter(({ method }) => method === "cron.list").length > 3);
    // Which call was open when a connection ends is chance: only there may a second wording be said.
    const said = warnings(running.messages()).filter((line) => line.includes("sync cron jobs"));
    expect(said).toHaveLength(reply === "drop" ? new Set(said).size : 1);
    expect(warnings(running.messages()).length).toBeLessThan(5);
    return running;
  }

  test.each<[string, Reply]>([
    ["with garbage", garbage],
    ["with no frame of the protocol", { noise: ["{", "[]", "\u0000", '{"type":"res","id":5}'] }],
    ["for another call", { noise: ['{"type":"res","id":"9:other","ok":true,"payload":{"jobs":[]}}'] }],
  ])("%s, keeps no config from its place and costs a few lines", async (_, reply) => {
    const running = await startBeside(reply);
    await running.waitFor(/^Config update complete/);
    await mounts.config.publish({ "openclaw.json": `${CONFIG}\n` });
    await until("Git's next change", async () => {
      return (await readFile(`${mounts.root}/openclaw.json`, "utf8").catch(() => "")) === `${CONFIG}\n`;
    });
    becomeHonest();
    running.signal("SIGHUP");
    await running.waitFor("Cron job sync complete");
  });

  test.each<[string, Reply]>([
    ["nested too deeply", { noise: ["[".repeat(1_000_000)] }],
    ["with 24 MiB", { payload: { jobs: [], raw: "x".repeat(24 * MIB) } }],
    ["with millions of values", { noise: [`[${"[],".repeat(3_000_000)}1]`] }],
    ["by ending the connection", "drop"],
  ])("%s, costs a few lines, and is forgotten when a gateway answers", async (_, reply) => {
    const running = await startBeside(reply);
    becomeHonest();
    running.signal("SIGHUP");
    await running.waitFor("Cron job sync complete");
    await running.waitFor(/^Config update complete/);
    expect(gateway.connections).toBe(1);
  });

  test("with a list without end, is not followed", async () => {
    let pages = 0;
    const page = () => {
      pages += 1;
      const job = { name: "x", enabled: true, schedule: { kind: "every" }, payload: { kind: "systemEvent" } };
      const jobs = Array.from({ length: 200 }, (_, index) => ({ ...job, id: `${pages}-${index}` }));
      return { payload: { jobs, hasMore: true, snapshotRevision: "1" } };
    };
    gateway.answers = { "cron.list": page };
    await start().waitFor(
      "WARNING: Failed to sync cron jobs: cron.list: the list has more than 20000 jobs; half a list is not acted on",
    );
  });

  test("and sends events without end, wakes few passes and does not grow", async () => {
    becomeHonest();
    const running = start();
    await running.waitFor("Cron job sync complete");
    const listsOf = () => gateway.calls.filter(({ method }) => method === "cron.list").length;
    const flood = async (events: number) => {
      for (let sent = 0; sent < events; sent++) {
        gateway.emit("cron", { action: "updated", padding: "x".repeat(1_000) });
        if (sent % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    await flood(20_000);
    const [resident, lists] = [await residentOf(running.pid), listsOf()];
    await flood(40_000);
    expect(await residentOf(running.pid)).toBeLessThan(resident + 64 * MIB);
    expect(listsOf() - lists).toBeLessThan(20);
    expect(warnings(running.messages())).toEqual([]);
  });
});

describe("a peer whose greeting", () => {
  test.each<[string, object]>([
    ["ticks each millisecond", { policy: { tickIntervalMs: 1, maxPayload: 1e6 } }],
    ["never ticks", { policy: { tickIntervalMs: 1e300 } }],
    ["is from the end of time", { snapshot: { uptimeMs: -1e300 } }],
  ])("%s does no harm", async (_, more) => {
    becomeHonest();
    gateway.answers.connect = () => ({ payload: { ...greeting(), ...more } });
    await start().waitFor("Cron job sync complete");
    expect(gateway.connections).toBe(1);
  });

  test("makes no sense is told once", async () => {
    gateway.answers = { connect: () => ({ payload: { ...greeting(), protocol: "4" } }) };
    const running = start();
    await running.waitFor(
      `  Not yet: the gateway at ${gateway.url} cannot be reached: its greeting makes no sense at protocol`,
    );
    becomeHonest();
    await running.waitFor("Cron job sync complete");
    expect(running.messages().filter((line) => line.includes("Not yet"))).toHaveLength(1);
  });
});

describe("a peer that sends 100 MiB at once", () => {
  test("costs a line, and memory for none of it, each time", async () => {
    await using peer = await serveFlood(100 * MIB);
    sidecar = startSidecar(mounts.environment({ OPENCLAW_GATEWAY_URL: peer.url, POLL_INTERVAL: "3600" }));
    await sidecar.waitFor(/ at once; /);
    await until("three more of them", () => peer.floods > 3);
    expect(await readPeakMiB(sidecar.pid)).toBeLessThan(110);
    expect(sidecar.messages().filter((line) => line.includes(" at once; "))).toEqual([
      `  Not yet: the gateway at ${peer.url}: it sent 104857600 bytes at once; at most 8388608 are read`,
    ]);
  });
});
