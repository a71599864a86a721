// The built binary with anything that a ConfigMap and a gateway may say of exec approvals: one line says what is wrong, the
// live ones stay, and config and cron jobs go on. The gateway is a fake one.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject } from "../../lib/json.ts";
import { approvalsOf } from "../support/approvals.ts";
import { type FakeGateway, type Reply, serveGateway } from "../support/fakes.ts";
import { findFreePort } from "../support/free-port.ts";
import { type Mounts, type Sidecar, createMounts, readMaybe, runBinary, startSidecar } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const CONFIG = '{ "gateway": { "mode": "local" } }';
const REJECTED = "WARNING: Exec approvals rejected, the live ones stay as they are: ";

let mounts: Mounts;
let gateway: FakeGateway;
let sidecar: Sidecar | undefined;
let file: JsonObject;
let count: number;

beforeEach(async () => {
  mounts = await createMounts();
  await mounts.publishJobs([]);
  [file, count] = [{ version: 1, socket: { path: "/s" }, defaults: {}, agents: {} }, 0];
  const view = (): Reply => ({ payload: { path: "here", exists: true, hash: `hash-${count}`, file } });
  gateway = serveGateway({
    "cron.list": () => ({ payload: { jobs: [] } }),
    "cron.status": () => ({ payload: { enabled: true } }),
    "config.get": () => ({ payload: { valid: true, issues: [] } }),
    "exec.approvals.get": view,
    "exec.approvals.set": ({ file: next, baseHash }) => {
      if (baseHash !== `hash-${count}`)
        return refuse("exec approvals changed since last load; re-run exec.approvals.get and retry");
      file = { ...(next as JsonObject), socket: { path: "/s" } };
      count += 1;
      return view();
    },
  });
});
afterEach(async () => {
  await sidecar?.dispose();
  sidecar = undefined;
  await gateway[Symbol.asyncDispose]();
  await mounts.dispose();
});

const refuse = (message: string): Reply => ({ error: { code: "INVALID_REQUEST", message } });
const environment = (more: Record<string, string> = {}) =>
  mounts.environment({
    OPENCLAW_GATEWAY_URL: gateway.url,
    OPENCLAW_GATEWAY_TOKEN: "hush-token",
    POLL_INTERVAL: "3600",
    ...more,
  });
const publish = (approvals?: string | Uint8Array, config = CONFIG) =>
  mounts.config.publish({
    "openclaw.json": config,
    ...(approvals !== undefined && { "exec-approvals.json": approvals }),
  });
const sets = () => gateway.calls.filter(({ method }) => method === "exec.approvals.set");
const start = (more?: Record<string, string>) => (sidecar = startSidecar(environment(more)));

describe("exec approvals in a ConfigMap", () => {
  test("that are wrong are told each by its problems, and the next good ones are applied", async () => {
    await publish(approvalsOf(["/a"]));
    const running = start();
    await running.waitFor("Exec approvals sync complete");
    for (const [text, ...problems] of [
      ['{"version": 2}', "version: is another version; only 1 is known"],
      [
        '{"version": 1, "socket": {"path": "/x", "token": "hush"}}',
        "socket: is OpenClaw's own, with a secret token; take it out of Git",
      ],
      [
        '{"version": 1, "agent": {}, "defaults": {"securty": "hush"}}',
        "agent: unknown field; did you mean agents?",
        "defaults.securty: unknown field; did you mean security?",
      ],
      ["version: 1", "invalid character 'v' at 1:1"],
      [approvalsOf(["/a"]).slice(0, -3), "invalid end of input at 1:"],
      [JSON.stringify({ version: 1, x: "x".repeat(4 << 20) }), "is larger than 4 MiB"],
      [Buffer.from([0x7b, 0xff, 0x7d]), "not UTF-8 text"],
    ] as const) {
      const from = running.messages().length;
      await publish(text);
      await running.waitFor(/^WARNING: Exec/, from);
      await until("all of them", () => running.messages().slice(from).length > problems.length);
      const told = running
        .messages()
        .slice(from)
        .filter((line) => line.startsWith("WARNING"));
      expect(told).toEqual(problems.map((problem) => expect.stringContaining(`${REJECTED}${problem}`)));
    }
    expect(sets()).toHaveLength(1);
    const from = running.messages().length;
    await publish(approvalsOf(["/a", "/b"]), `${CONFIG}\n`);
    await running.waitFor("Exec approvals updated: agents.main.allowlist (+1)", from);
    await until("the config", async () => (await readMaybe(join(mounts.root, "openclaw.json"))) === `${CONFIG}\n`);
    expect(running.messages().join("\n")).not.toContain("hush");
  });

  test("that are not there and never were ask nothing of the gateway, and are in no line", async () => {
    await publish();
    const running = start();
    await running.waitFor("Cron job sync complete");
    await until("the passes", () => running.messages().some((line) => line.startsWith("Config update complete")));
    expect(running.messages().filter((line) => /approval/i.test(line))).toEqual([]);
    expect(gateway.calls.filter(({ method }) => method.startsWith("exec."))).toEqual([]);
    const { stdout } = await runBinary(["status"], environment());
    expect(stdout).toMatch(/^not used .*approvals/m);
    const doctor = await runBinary(["doctor", "--json"], environment());
    expect(doctor.stdout).not.toContain("approvals");
  });
});

describe("a gateway", () => {
  test("whose hash is stale for ever is told once; config and jobs go on", async () => {
    gateway.answers["exec.approvals.set"] = () => {
      count += 1;
      return refuse("exec approvals changed since last load; re-run exec.approvals.get and retry");
    };
    await publish(approvalsOf(["/a"]));
    const running = start();
    await running.waitFor(/^WARNING: Failed to sync exec approvals: the gateway says each time that they have changed/);
    await running.waitFor("Cron job sync complete");
    await until("the next try", () => sets().length >= 8);
    expect(running.messages().filter((line) => line.startsWith("WARNING: Failed to sync exec"))).toHaveLength(1);
    expect(file.agents).toEqual({});
    expect((await readdir(mounts.root)).filter((name) => name.includes("approvals"))).toEqual([]);
    const alone = await runBinary(["sync", "--only", "cron"], environment());
    expect(alone.exitCode).toBe(0);
  });

  test("without the calls is told once, and is shown by status and doctor", async () => {
    for (const call of ["exec.approvals.get", "exec.approvals.set"])
      gateway.answers[call] = () => refuse(`unknown method: ${call}`);
    await publish(approvalsOf(["/a"]));
    const reason = "the gateway has no exec.approvals.get";
    const { exitCode, messages } = await runBinary(["sync"], environment());
    expect(exitCode).toBe(1);
    expect(messages.filter((line) => line.includes("xec"))).toEqual([
      `Exec approvals change detected in ${mounts.config.path}/exec-approvals.json`,
      `WARNING: Exec approvals cannot be applied: ${reason}`,
    ]);
    const status = JSON.parse((await runBinary(["status", "--json"], environment())).stdout) as Record<string, unknown>;
    expect(status.approvals).toEqual({
      state: "rejected",
      declared: 1,
      notInGit: 0,
      problems: [`they cannot be applied: ${reason}`],
    });
    const { checks } = JSON.parse((await runBinary(["doctor", "--json"], environment())).stdout) as {
      checks: { name: string; state: string }[];
    };
    expect(checks.find(({ name }) => name === "exec approvals calls")?.state).toBe("failed");
  });

  test("is in the banner, and the counts are in the metrics", async () => {
    file = { ...file, agents: { main: { allowlist: [{ pattern: "/mine", id: "1" }] } } };
    await publish(approvalsOf(["/a", "/b"]));
    const port = await findFreePort();
    const running = start({ CONFIG_MANAGER_HTTP_PORT: String(port) });
    await running.waitFor(
      `  Monitoring: ${mounts.config.path}/exec-approvals.json (exec approvals → exec.approvals.set)`,
    );
    await running.waitFor("Exec approvals sync complete");
    const metrics = await fetch(`http://127.0.0.1:${port}/metrics`).then((response) => response.text());
    for (const line of ["drift 0", "rejected 0", "declared 2", "not_in_git 1"]) {
      expect(metrics).toContain(`\nconfig_manager_approvals_${line}\n`);
    }
    expect(sets()[0]?.params.file).not.toHaveProperty("socket");
  });
});

describe("the files of a killed pass", () => {
  test("are gone after the next", async () => {
    await publish(approvalsOf(["/a"]));
    for (let round = 0; round < 10; round++) {
      const running = startSidecar(environment());
      await publish(approvalsOf([`/${round}`]));
      await until("a pass", () => sets().length > round);
      await running.dispose();
    }
    expect((await runBinary(["sync"], environment())).exitCode).toBe(0);
    const names = await readdir(mounts.root);
    expect(names.filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect((file.agents as { main: object }).main).toEqual({ allowlist: [{ pattern: "/9" }] });
  });
});
