import { tmpdir } from "node:os";
import { describe, expect, test } from "bun:test";
import type { Check } from "../../../lib/reconcile/check.ts";
import { type Diagnosis, examine } from "../../../lib/commands/doctor.ts";
import { renderDiagnosis } from "../../../lib/commands/doctor-text.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { describeTerminal } from "../../../lib/commands/terminal.ts";
import { KNOWN_RELEASES } from "../../../lib/schema/releases.ts";
import { createScratch, define, liveJob, ourJob } from "../../support/fakes.ts";
import { STEADY, UNUSED, type World, snapshot } from "../../support/snapshot.ts";

const NEWER = '{"gateway":{"mode":"local","port":1}}';
const NEWEST = KNOWN_RELEASES.at(-1) ?? "";
const TOKEN = { OPENCLAW_GATEWAY_TOKEN: "hush" };

async function diagnose(world: World, env: Record<string, string> = TOKEN): Promise<Diagnosis> {
  await using scratch = await createScratch();
  const found = await examine(await snapshot(scratch, world), env);
  const text = JSON.stringify(found).replaceAll(scratch.path, "/mnt");
  expect(text).not.toContain("hush");
  return JSON.parse(text) as Diagnosis;
}

/** Finds the check of this name. */
function check({ checks }: Diagnosis, name: string): Check {
  const found = checks.find((one) => one.name === name);
  if (!found) throw new Error(`no check ${name}`);
  return found;
}

const statesOf = ({ checks }: Diagnosis) => checks.map(({ name, state }) => `${state} ${name}`);

describe("examine()", () => {
  test("runs the checks in order of dependence", async () => {
    const found = await diagnose(STEADY);
    expect(statesOf(found)).toEqual([
      "warning config mount", // a plain directory here
      "ok config file",
      "warning cron mount",
      "ok cron definitions",
      "ok live config",
      "ok staging directory",
      "ok checksum directory",
      "ok token",
      "ok gateway",
      "ok login",
      "ok scopes",
      "ok version",
      "ok job names",
      "ok config in force",
      "ok cron in force",
      "ok cron scheduler",
      "ok cron moments",
      "ok cron agents",
      "ok job runs",
      "ok upgrade",
    ]);
    expect(found.ok).toBe(true);
  });

  test("skips the checks that depend on a missing mount", async () => {
    const found = await diagnose({ ...STEADY, missing: ["config.d", "cron.d"] });
    expect(check(found, "config mount")).toEqual({
      name: "config mount",
      state: "failed",
      detail: "/mnt/config.d is not mounted in this container",
      hint: "mount the whole ConfigMap at /mnt/config.d, without subPath",
    });
    expect(check(found, "cron mount").hint).toBe("mount the whole ConfigMap at /mnt/cron.d, without subPath");
    for (const name of ["config file", "cron definitions", "config in force", "cron in force"]) {
      expect(check(found, name).state).toBe("skipped");
    }
    expect(check(found, "gateway").state).toBe("ok");
    expect(found.ok).toBe(false);
  });

  test("says how the live config goes with the gateway's release and with the newest, or that nobody knows", async () => {
    const upgradeOf = async (world: Partial<World>) => check(await diagnose({ ...STEADY, ...world }), "upgrade").detail;
    const gateway = (version: string, protocol?: number) => ({ gateway: { version, protocol } });
    const live = '{"gateway":{"mode":"local","bind":"everywhere"}}';
    const old = '{"gateway":{"mode":"local"},"tools":{"exec":{"security":"full","ask":"off"}}}';
    expect(await upgradeOf(gateway(NEWEST))).toBe(`goes with this gateway, ${NEWEST}, the newest that is known`);
    expect(await upgradeOf({ live, ...gateway(NEWEST) })).toBe(
      `with this gateway, ${NEWEST}, the newest that is known: 1 problem`,
    );
    expect(await upgradeOf({ live: old, ...gateway(NEWEST) })).toBe(
      `goes with this gateway, ${NEWEST}, the newest that is known, which migrates 2 old keys`,
    );
    expect(await upgradeOf({ live: old, ...gateway("2026.2.9") })).toBe(
      `goes with this gateway; with ${NEWEST}: no problem, and 2 old keys that it migrates`,
    );
    // 2026.2.9 stamps its config with a key that the newest one does not know.
    const stamped = '{"gateway":{"mode":"local"},"meta":{"lastTouchedAt":"2026-02-09T00:00:00.000Z"}}';
    expect(await upgradeOf({ live: stamped, ...gateway("2026.8.2") })).toBe(
      `goes with this gateway; with ${NEWEST}: no problem`,
    );
    expect(await upgradeOf(gateway("9999.1.1"))).toBe(`goes with this gateway, 9999.1.1, as far as ${NEWEST} tells`);
    expect(await upgradeOf(gateway("2026.8.2"))).toBe(`goes with this gateway; with ${NEWEST}: no problem`);
    expect(await upgradeOf(gateway("2026.8.3"))).toBe(
      `goes with this gateway, as far as 2026.8.2 tells; with ${NEWEST}: no problem`,
    );
    expect(await upgradeOf(gateway("dev", 3))).toBe(`goes with this gateway; with ${NEWEST}: no problem`);
    const unknown = `this gateway's release is not known; with ${NEWEST}: no problem`;
    expect(await upgradeOf(gateway("dev", 4))).toBe(unknown);
    expect(await upgradeOf({ error: new ManagerError("unreachable", "connect ECONNREFUSED") })).toBe(unknown);
  });

  test("finds nothing broken where neither ConfigMap is there, nor was before, and says so", async () => {
    const empty = await diagnose(UNUSED);
    expect(empty.ok).toBe(true);
    expect(check(empty, "config file")).toEqual({
      name: "config file",
      state: "warning",
      detail: "there is no openclaw.json in /mnt/config.d, and none was applied before: the live config is left alone",
      hint: "put openclaw.json into the ConfigMap that is mounted at /mnt/config.d",
    });
    expect(check(empty, "cron definitions")).toMatchObject({
      state: "warning",
      hint: "put cron-jobs.yaml into the ConfigMap that is mounted at /mnt/cron.d",
    });
    for (const name of ["config in force", "cron in force"]) expect(check(empty, name).state).toBe("skipped");

    const unmounted = await diagnose({ ...UNUSED, missing: ["config.d", "cron.d"] });
    expect(unmounted.ok).toBe(true);
    expect(check(unmounted, "config mount").state).toBe("warning");
    expect(check(unmounted, "cron definitions")).toMatchObject({ state: "skipped", detail: "needs: cron mount" });
  });

  test("fails where a ConfigMap was there, and is gone", async () => {
    const { config: _c, definitions: _d, ...gone } = STEADY;
    const found = await diagnose(gone);
    expect(found.ok).toBe(false);
    for (const name of ["config file", "cron definitions"]) expect(check(found, name).state).toBe("failed");
  });

  test("reports broken files once", async () => {
    const found = await diagnose({ ...STEADY, config: "{", definitions: '[{"name":"x"}]' });
    expect(check(found, "config file")).toMatchObject({
      state: "failed",
      detail: "/mnt/config.d/openclaw.json: invalid end of input at 1:2",
      hint: "config-manager validate /mnt/config.d/openclaw.json",
    });
    expect(check(found, "cron definitions")).toMatchObject({
      state: "failed",
      detail: "nothing of them is applied: cron-jobs.json: x: schedule: is required (and 1 more)",
      hint: "config-manager validate",
    });
    expect(check(found, "config in force")).toMatchObject({ state: "skipped", detail: "needs: config file" });
    expect(check(found, "cron in force")).toMatchObject({ state: "skipped", detail: "needs: cron definitions" });
  });

  test("warns of definitions that may not mean what they say", async () => {
    const job = define({ tz: "EST" });
    const found = await diagnose({ ...STEADY, definitions: JSON.stringify([job]), jobs: [ourJob(job)] });
    expect(check(found, "cron definitions")).toMatchObject({
      state: "warning",
      detail:
        "1 job in cron-jobs.json; cron-jobs.json: backup: tz: means America/Panama here; write that, or the zone that you mean, such as America/New_York",
      hint: "config-manager validate",
    });
    expect(check(found, "cron in force").state).toBe("ok");
    expect(found.ok).toBe(true);
  });

  describe("of jobs that will not run", () => {
    const past = define({ name: "past", schedule: { kind: "at", at: "2020-01-01T09:00+09:00" } });
    const ghost = define({ name: "ghost's", agent: "Ghost" });
    const MAIN = { listAgents: async () => ["main", "ops"] };

    test("warns of a moment that has passed", async () => {
      const found = await diagnose({ ...STEADY, definitions: JSON.stringify([past]), jobs: [] });
      expect(check(found, "cron moments")).toEqual({
        name: "cron moments",
        state: "warning",
        detail: "past: its moment 2020-01-01T00:00:00.000Z has passed; it is not added",
        hint: "config-manager diff",
      });
      expect(check(await diagnose(STEADY), "cron moments").state).toBe("ok");
    });

    test("warns of an agent that the gateway does not have", async () => {
      const definitions = JSON.stringify([ghost, define({ agentId: "OPS" })]);
      const found = await diagnose({ ...STEADY, definitions, gateway: MAIN });
      expect(check(found, "cron agents")).toEqual({
        name: "cron agents",
        state: "warning",
        detail: "the gateway has no such agent: ghost's (Ghost); it has main, ops",
        hint: 'in openclaw.json: "agents": { "list": [{ "id": "ghost" }] }',
      });
    });

    test("finds all agents, or is not told of any", async () => {
      const definitions = JSON.stringify([define({ agent: "ops" })]);
      expect(check(await diagnose({ ...STEADY, definitions, gateway: MAIN }), "cron agents").state).toBe("ok");
      expect(check(await diagnose(STEADY), "cron agents").detail).toBe("no job names one");
      const refused = { listAgents: () => Promise.reject(new ManagerError("rejected", "unknown method")) };
      for (const gateway of [refused, {}]) {
        expect(check(await diagnose({ ...STEADY, definitions, gateway }), "cron agents")).toMatchObject({
          state: "skipped",
        });
      }
    });
  });

  test("reports where the token comes from, and that there is none", async () => {
    expect(check(await diagnose(STEADY), "token").detail).toBe("a token from OPENCLAW_GATEWAY_TOKEN");
    expect(check(await diagnose(STEADY, { OPENCLAW_GATEWAY_PASSWORD: "hush" }), "token").detail).toBe(
      "a password from OPENCLAW_GATEWAY_PASSWORD",
    );
    const live = '{"gateway":{"mode":"local","auth":{"token":"hush"}}}';
    const own = await diagnose({ ...STEADY, config: live, live, applied: live }, {});
    expect(check(own, "token").detail).toBe("a token from gateway.auth.token of /mnt/openclaw.json");
    expect(check(await diagnose(STEADY, {}), "token")).toMatchObject({
      state: "warning",
      hint: expect.stringContaining("from the Secret that the gateway's container has it from"),
    });
  });

  test("reports a token that cannot be read as the first thing to fix", async () => {
    const live = '{"gateway":{"mode":"local","auth":{"token":"${OPENCLAW_NOT_SET}"}}}';
    const error = new ManagerError("refused", "whatever comes of it");
    const found = await diagnose({ ...STEADY, live, error }, {});
    expect(check(found, "token")).toMatchObject({
      state: "failed",
      detail: "gateway.auth.token of /mnt/openclaw.json refers to OPENCLAW_NOT_SET, which is not set in this container",
    });
    for (const name of ["gateway", "login", "scopes", "version"]) {
      expect(check(found, name)).toMatchObject({ state: "skipped", detail: "needs: token" });
    }
  });

  test.each<[string, ManagerError, string, string]>([
    ["is away", new ManagerError("unreachable", "ECONNREFUSED"), "gateway", "read the log of the gateway's container"],
    [
      "refuses the token",
      new ManagerError("refused", "token mismatch"),
      "login",
      "give this container OPENCLAW_GATEWAY_TOKEN",
    ],
    [
      "wants the device approved",
      new ManagerError("refused", "pairing required"),
      "login",
      "in the gateway's container: openclaw devices list",
    ],
    [
      "cannot be shown a device key",
      new ManagerError("file", "cannot use the device key"),
      "login",
      "remove /mnt/config-manager-device.pem",
    ],
  ])("reports a gateway that %s, and skips the checks that depend on it", async (_, error, name, hint) => {
    const found = await diagnose({ ...STEADY, error });
    expect(check(found, name)).toMatchObject({ state: "failed", hint: expect.stringContaining(hint) });
    const after = found.checks.slice(found.checks.findIndex((one) => one.name === name) + 1);
    expect(after.filter(({ state }) => state !== "skipped").map((one) => one.name)).toEqual([
      "config in force",
      "upgrade",
    ]);
  });

  test("says that the config has another port than the address", async () => {
    const error = new ManagerError("unreachable", "ECONNREFUSED");
    expect(check(await diagnose({ ...STEADY, live: NEWER, error }), "gateway")).toEqual({
      name: "gateway",
      state: "failed",
      detail: "ECONNREFUSED; gateway.port of /mnt/openclaw.json is another port than that of ws://127.0.0.1:18789",
      hint: "OPENCLAW_GATEWAY_PORT=1",
    });
    expect(check(await diagnose({ ...STEADY, config: NEWER, live: NEWER }), "gateway")).toEqual({
      name: "gateway",
      state: "warning",
      detail:
        "ws://127.0.0.1:18789 answers; gateway.port of /mnt/openclaw.json is not the port that the gateway listens on: its --port or OPENCLAW_GATEWAY_PORT wins",
    });
    // Git's port is not in force yet, which is no contradiction.
    expect(check(await diagnose({ ...STEADY, config: NEWER }), "gateway").state).toBe("ok");
  });

  test("names the Pod if it runs in one", async () => {
    const env = { ...TOKEN, KUBERNETES_SERVICE_HOST: "10.0.0.1", HOSTNAME: "openclaw-0" };
    const found = await diagnose({ ...STEADY, error: new ManagerError("unreachable", "no") }, env);
    expect(check(found, "gateway").hint).toBe("kubectl logs openclaw-0 --tail=50");
  });

  test("reports what an old gateway lacks", async () => {
    const found = await diagnose({ ...STEADY, jobs: [], gateway: { version: "dev", protocol: 3, features: {} } });
    expect(check(found, "version")).toMatchObject({
      state: "warning",
      detail: expect.stringContaining("costs model tokens"),
    });
  });

  test("names foreign jobs with a declared name, and never suggests deleting them", async () => {
    const foreign = liveJob({ id: "2", declarationKey: "other:backup" });
    const found = await diagnose({ ...STEADY, jobs: [ourJob(define()), foreign, liveJob({ id: "3" })] });
    expect(check(found, "job names")).toEqual({
      name: "job names",
      state: "warning",
      detail: "not ours, and left alone, though the name is declared: backup (2), backup (3)",
      hint: "config-manager status",
    });
    expect(check(await diagnose({ ...STEADY, jobs: [liveJob()] }), "job names").state).toBe("ok"); // to adopt
    const twins = ["1", "2"].map((id) => ourJob(define(), { id }));
    expect(check(await diagnose({ ...STEADY, jobs: twins }), "job names")).toMatchObject({
      state: "warning",
      hint: "config-manager sync --only cron",
    });
  });

  test("reports a rejected config, drift, and a pending change", async () => {
    const refused = { config: NEWER, problems: ["gateway.port: no"] };
    expect(check(await diagnose({ ...STEADY, config: NEWER, refused }), "config in force")).toMatchObject({
      state: "failed",
      detail: expect.stringMatching(/gateway\.port: no \(recorded in .*-rejected\); mend it in Git/),
      hint: "config-manager sync --only config",
    });
    const edited = { ...STEADY, config: NEWER, applied: NEWER, live: NEWER.replace("1", "2") };
    expect(check(await diagnose(edited), "config in force")).toMatchObject({
      state: "failed",
      detail: expect.stringContaining("was changed by something else: gateway.port; put it into Git"),
      hint: "config-manager diff --self-heal",
    });
    expect(check(await diagnose({ ...STEADY, config: NEWER }), "config in force")).toMatchObject({
      state: "warning",
      hint: "config-manager sync --only config",
    });
    expect(check(await diagnose({ ...STEADY, jobs: [] }), "cron in force")).toMatchObject({
      state: "warning",
      detail: "a sync would change 1 of them",
      hint: "config-manager diff",
    });
  });

  test("has nothing against paths that are not in Git", async () => {
    const found = await diagnose({ ...STEADY, live: '{"gateway":{"mode":"local"},"messages":{}}' });
    expect(check(found, "config in force").state).toBe("ok");
    expect(found.ok).toBe(true);
  });

  test("names the keys of Git's that OpenClaw has migrated, and how to get its form", async () => {
    const config = '{"gateway":{"mode":"local"},"routing":{"allowFrom":["+49"]}}';
    const live = '{"gateway":{"mode":"local"},"channels":{"allowFrom":["+49"]}}';
    const found = await diagnose({ ...STEADY, config, applied: config, live, accepted: live });
    expect(check(found, "config in force")).toEqual({
      name: "config in force",
      state: "warning",
      detail: "OpenClaw has migrated keys that Git still has: routing.allowFrom; put its form into Git",
      hint: "config-manager export config",
    });
    expect(found.ok).toBe(true);
  });

  test("adds the way back to OpenClaw's own advice, which mends the live file only", async () => {
    const refused = { config: NEWER, problems: ['gateway.port is retired. Run "openclaw doctor --fix".'] };
    const { detail } = check(await diagnose({ ...STEADY, config: NEWER, refused }), "config in force");
    expect(detail).toContain("(in Git: config-manager export config prints it as OpenClaw has migrated it)");
  });

  test("says that the gateway reads another file, and what to do about it", async () => {
    const foreign = (path: string) => diagnose({ ...STEADY, view: { path } });
    const elsewhere = await foreign("/nowhere/openclaw.json");
    expect(check(elsewhere, "live config")).toEqual({
      name: "live config",
      state: "failed",
      detail: "the gateway reads /nowhere/openclaw.json, not /mnt/openclaw.json",
      hint: expect.stringContaining("unset OPENCLAW_CONFIG_PATH and OPENCLAW_STATE_DIR of the gateway"),
    });
    expect(check(elsewhere, "config file")).toMatchObject({ state: "skipped", detail: "needs: live config" });
    expect(elsewhere.ok).toBe(false);
    const reachable = await foreign(`${tmpdir()}/another.json`);
    expect(check(reachable, "live config").hint).toBe(`set PVC_CONFIG=${tmpdir()}/another.json`);
  });

  test("reports a mass removal, and an unsupported job", async () => {
    const jobs = Array.from({ length: 10 }, (_, index) => ourJob(define({ name: `job-${index}` }), { id: `${index}` }));
    expect(check(await diagnose({ ...STEADY, definitions: "[]", jobs }), "cron in force")).toMatchObject({
      state: "failed",
      hint: "config-manager diff --allow-mass-removal",
    });
    const definitions = JSON.stringify([define({ failureAlert: { after: 3 } })]);
    const found = await diagnose({ ...STEADY, definitions, gateway: { version: "2026.2.26", features: {} } });
    expect(check(found, "cron in force")).toMatchObject({
      state: "failed",
      detail: "backup: failureAlert needs OpenClaw 2026.3 or later; this is 2026.2.26",
    });
  });

  test("reports a scheduler that is off, and what to set", async () => {
    expect(check(await diagnose({ ...STEADY, isSchedulerOff: true }), "cron scheduler")).toEqual({
      name: "cron scheduler",
      state: "warning",
      detail: expect.stringContaining("so no job runs: cron.enabled is false in its config, or OPENCLAW_SKIP_CRON=1"),
      hint: 'in openclaw.json: "cron": { "enabled": true }',
    });
    const idle = { ...STEADY, definitions: "[]", jobs: [], isSchedulerOff: true };
    expect(check(await diagnose(idle), "cron scheduler").state).toBe("ok");
  });

  test("names only our own jobs that failed, and how to see why", async () => {
    const state = { lastStatus: "error", lastError: "hush" };
    const jobs = [ourJob(define(), { id: "7", state }), liveJob({ id: "8", name: "other", state })];
    expect(check(await diagnose({ ...STEADY, jobs }), "job runs")).toEqual({
      name: "job runs",
      state: "warning",
      detail: "failed at the last run: backup",
      hint: "in the gateway's container: openclaw cron runs --id 7 --limit 1",
    });
    const inPod = { ...TOKEN, KUBERNETES_SERVICE_HOST: "10.0.0.1", HOSTNAME: "openclaw-0" };
    expect(check(await diagnose({ ...STEADY, jobs }, inPod), "job runs").hint).toBe(
      "kubectl exec openclaw-0 -- openclaw cron runs --id 7 --limit 1",
    );
    const hostile = [ourJob(define(), { id: "7; reboot", state })];
    expect(check(await diagnose({ ...STEADY, jobs: hostile }), "job runs").hint).toBe(
      "in the gateway's container: openclaw cron list",
    );
  });

  test("names our jobs that were skipped or not delivered, and why", async () => {
    const job = (name: string, state: object) => ourJob(define({ name }), { id: name, state });
    const jobs = [
      job("a", { lastStatus: "skipped", lastError: "disabled" }),
      job("b", { lastStatus: "ok", lastDeliveryStatus: "not-delivered", lastDeliveryError: "Channel is required" }),
      job("c", { lastStatus: "error", lastError: "hush" }),
      job("d", { lastStatus: "ok", lastDeliveryStatus: "not-delivered" }),
      job("e", { lastStatus: "ok", lastDeliveryStatus: "delivered" }),
    ];
    const definitions = JSON.stringify(jobs.map(({ name }) => define({ name })));
    expect(check(await diagnose({ ...STEADY, definitions, jobs }), "job runs")).toMatchObject({
      state: "warning",
      detail:
        "failed at the last run: c; the result of the last run was not delivered: b (Channel is required), d; skipped at the last run: a (disabled)",
    });
  });
});

describe("renderDiagnosis()", () => {
  test("prints each hint on its own line, and the counts at the end", () => {
    const checks: Check[] = [
      { name: "one", state: "ok", detail: "fine" },
      { name: "number two", state: "failed", detail: "a\nb\u001b[2J", hint: "type this" },
      { name: "three", state: "skipped", detail: "needs: number two" },
      { name: "four", state: "warning", detail: "hm" },
    ];
    expect(renderDiagnosis({ ok: false, checks }, describeTerminal({}))).toBe(
      [
        "ok    one         fine",
        "FAIL  number two  a\\nb\\u001b[2J",
        "      hint: type this",
        "--    three       needs: number two",
        "warn  four        hm",
        "",
        "1 ok, 1 to look at, 1 failed, 1 skipped",
        "",
      ].join("\n"),
    );
  });
});
