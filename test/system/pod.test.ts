// The plan's Pod without a cluster: the containers run what the rendered manifests say, each in namespaces of its own
// and within its limits, beside a real gateway that is started as the Deployment starts it. The Pod goes through the
// plan's test phases, and through a bad night; the tests of a release build on one another.

import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { IContainer } from "kubernetes-models/v1";
import type { LiveJob } from "../../lib/gateway/job.ts";
import { CLI_CALLS } from "../support/container-image.ts";
import { type Container, describeLog } from "../support/container.ts";
import { createCluster, findMissingForPod, seedDotfiles, specOf } from "../support/cluster.ts";
import { type Cluster, InitError, type RunningPod, startPod } from "../support/kubelet.ts";
import { DEPLOY, type Manifest, findManifest, renderManifests } from "../support/manifests.ts";
import { putObstacle } from "../support/obstacles.ts";
import type { PodContainer } from "../support/pod-container.ts";
import { readStatus, untilHealthy } from "../support/pod-status.ts";
import { RELEASES } from "../support/release.ts";
import { SIDECAR_SH } from "../support/manager-sh.ts";
import { until } from "../support/until.ts";

const MEBIBYTE = 1024 ** 2;
/** To end a broken test, not to measure: a gateway takes half a minute to start, and there are several. */
const LIMIT_MS = 600_000;

/** What the gateway says of a change of `messages`. */
const RELOADED = /\[reload\].*evaluating reload \(.*messages/;

const missing = await findMissingForPod();
if (missing) console.log(`(skip) the Pod without a cluster: ${missing}`);

/** With OpenClaw's own CLI, in the container of the gateway: what the plan would have a person do. */
async function listJobs(gateway: PodContainer): Promise<LiveJob[]> {
  const { exitCode, stdout, stderr } = await gateway.exec(["openclaw", "cron", "list", "--all", "--json"]);
  if (exitCode !== 0) throw new Error(`openclaw cron list ended with ${exitCode}: ${stderr}`);
  return (JSON.parse(stdout.slice(stdout.indexOf("{"))) as { jobs: LiveJob[] }).jobs;
}

const define = (name: string) => ({ name, schedule: "0 3 1 1 *", command: "true" });

describe.skipIf(missing !== undefined).each([...RELEASES])("the plan's Pod with OpenClaw %s", (version) => {
  // Once is enough: it fares alike with each of them.
  const testManagerSh = version === RELEASES[0] ? test : () => undefined;
  let cluster: Cluster;
  let manifests: Manifest[];
  let pod: RunningPod;
  let gateway: PodContainer;
  let sidecar: PodContainer;
  let managerSh: Container | undefined;

  const planJob = () => JSON.parse(cluster.configMaps["openclaw-cron-jobs"]?.["cron-jobs.json"] ?? "[]")[0] as object;
  const config = (more: object = {}) => {
    const { "openclaw.json": text = "" } = findManifest(manifests, "ConfigMap", "openclaw-config").data;
    return { "openclaw.json": JSON.stringify({ ...JSON.parse(text), ...more }) };
  };
  const jobs = (...more: object[]) => ({ "cron-jobs.json": JSON.stringify([planJob(), ...more]) });
  const nameOf = ({ name }: { name: string }) => name;
  const ownJobs = async () => (await listJobs(gateway)).filter(({ name }) => /vault|phase|night|race/.test(name));
  const ownNames = async () => (await ownJobs()).map(nameOf).toSorted();
  const say = (text: string) => console.log(`(${version}) ${text}`);

  async function start(): Promise<void> {
    adopt(await startPod(specOf(manifests), cluster));
  }

  /** Makes it the Pod that the tests look at. */
  function adopt(started: RunningPod): void {
    pod = started;
    gateway = pod.container("openclaw");
    sidecar = pod.container("config-manager-sidecar");
  }

  beforeAll(async () => {
    manifests = await renderManifests(join(DEPLOY, "base"));
    cluster = await createCluster(manifests, version);
    await seedDotfiles(cluster.claims);
    await start();
  }, LIMIT_MS);

  afterAll(async () => {
    await pod?.delete();
    await rm(cluster.claims, { recursive: true, force: true });
  }, LIMIT_MS);

  test(
    "starts: the init containers do their part, and the job is registered",
    async () => {
      for (const line of pod.leftOut) say(`not run: ${line}`);
      expect(pod.leftOut).toHaveLength(1);
      expect(pod.initLogs["init-config"]).toEqual([
        expect.stringMatching(/ \[config-manager\] Config copied to PVC: \/home\/node\/\.openclaw\/openclaw\.json$/),
      ]);
      expect(pod.initLogs["init-cron-config"]).toEqual([
        expect.stringMatching(/=== Staging cron job config from ConfigMap ===$/),
        expect.stringMatching(/=== Cron config staged successfully ===$/),
      ]);
      await sidecar.waitFor(/Cron job sync complete/);
      await gateway.waitFor(/=== Cron job registration complete ===/);
      await untilHealthy(sidecar);
      expect(await ownNames()).toEqual(["obsidian-vault-sync"]);
      for (const kind of ["livenessProbe", "readinessProbe"] as const) {
        expect([kind, await pod.probe("config-manager-sidecar", kind)]).toEqual([kind, 200]);
        await until(`the ${kind} of the gateway`, async () => (await pod.probe("openclaw", kind)) === 200);
      }
      expect(await pod.probe("openclaw", "startupProbe")).toBe(200);
    },
    LIMIT_MS,
  );

  test("is held to what the manifest says: user, capabilities, root, limits, processes of its own", async () => {
    const { stdout } = await sidecar.exec(["cat", "/proc/1/status"]);
    const said = Object.fromEntries(stdout.split("\n").map((line) => line.split(/:\s+/, 2))) as Record<string, string>;
    expect(said["Uid"]).toStartWith("1000\t1000");
    expect([said["CapEff"], said["CapBnd"], said["NoNewPrivs"]]).toEqual(["0".repeat(16), "0".repeat(16), "1"]);
    expect((await sidecar.exec(["touch", "/usr/local/x"])).stderr).toContain("Read-only file system");
    expect((await sidecar.exec(["pgrep", "-f", "dist/index.js"])).exitCode).toBe(1);
    expect((await sidecar.memory()).limitBytes).toBe(128 * MEBIBYTE);
    expect((await gateway.memory()).limitBytes).toBe(4096 * MEBIBYTE);
  });

  testManagerSh("manager.sh is put beside it, in the same limits", async () => {
    const ours = specOf(manifests).containers.find(({ name }) => name === "config-manager-sidecar");
    if (!ours) throw new Error("there is no sidecar");
    // It is spared what would keep it from trying: it gets the token that the plan forgot, sees the gateway's process,
    // which it waits for, and has a volume of its own, so that it is in nobody's way.
    managerSh = await pod.run(
      {
        ...ours,
        name: "manager-sh",
        command: ["sh", "-c", await readFile(SIDECAR_SH, "utf8")],
        securityContext: { ...ours.securityContext, readOnlyRootFilesystem: false },
        volumeMounts: (ours.volumeMounts ?? []).filter(({ name }) => name.endsWith("-config")),
      },
      "openclaw",
    );
    expect(await managerSh.pid()).toBeGreaterThan(0);
  });

  test(
    "Phase 1: a change of the config is reloaded",
    async () => {
      const from = gateway.log.length;
      const swappedAtMs = await pod.publish("openclaw-config", config({ messages: { ackReaction: "eyes" } }));
      const { atMs } = await gateway.waitFor(RELOADED, from);
      say(`volume swapped → config reloaded by the gateway: ${atMs - swappedAtMs} ms`);
      await untilHealthy(sidecar);
      expect(gateway.restarts + sidecar.restarts).toBe(0);
    },
    LIMIT_MS,
  );

  test(
    "Phase 2: a job that comes into the ConfigMap is registered, and goes with it",
    async () => {
      const swappedAtMs = await pod.publish("openclaw-cron-jobs", jobs(define("phase-two")));
      await sidecar.waitFor(/Adding cron job: phase-two/);
      await until("the job", async () => (await ownNames()).includes("phase-two"));
      const registered = (await ownJobs()).find(({ name }) => name === "phase-two");
      say(`volume swapped → job registered: ${(registered?.createdAtMs ?? 0) - swappedAtMs} ms`);
      expect(await ownNames()).toEqual(["obsidian-vault-sync", "phase-two"]);

      await pod.publish("openclaw-cron-jobs", jobs());
      await sidecar.waitFor(/Removing cron job \(no longer in ConfigMap\): phase-two/);
      await untilHealthy(sidecar);
      expect(await ownNames()).toEqual(["obsidian-vault-sync"]);
    },
    LIMIT_MS,
  );

  test(
    "register and the sidecar at once leave each job there once",
    async () => {
      const names = Array.from({ length: 8 }, (_, index) => `race-${index}`);
      const from = sidecar.log.length;
      // Both have the same to do, and `register` begins as soon as the definitions are staged.
      await pod.publish("openclaw-cron-jobs", jobs(...names.map(define)));
      await sidecar.waitFor(/Adding cron job: race-0/, from);
      const { exitCode, stdout } = await gateway.exec(["config-manager", "register"]);
      expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
      await sidecar.waitFor(/Cron job sync complete/, from);
      await untilHealthy(sidecar);
      expect(await ownNames()).toEqual(["obsidian-vault-sync", ...names]);
      const lines = `${describeLog(sidecar.log.slice(from))}\n${stdout}`.split("\n");
      const countOf = (text: string) => lines.filter((line) => line.endsWith(text)).length;
      // Once by whoever was first, twice where both were about to.
      const added = names.map((name) => countOf(`Adding cron job: ${name}`));
      say(
        `register and the sidecar at once: ${added.reduce((sum, one) => sum + one, 0)} added, ${names.length} wanted`,
      );
      for (const count of added) expect([1, 2]).toContain(count);
      // Without command jobs, each job is told to cost tokens.
      expect(lines.filter((line) => /WARNING: (?!.* runs as an agent turn)/.test(line))).toEqual([]);
      // A declaration key keeps a second job from being made. Before there were keys, the sidecar removes it.
      if (version === RELEASES[0]) expect(lines.filter((line) => line.includes("Removing cron job"))).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "the sidecar's container is killed: it goes on where it was, and writes nothing twice",
    async () => {
      const from = sidecar.log.length;
      await sidecar.kill();
      await sidecar.waitFor(/Cron job sync complete/, from);
      expect(sidecar.exitCodes).toEqual([137]);
      await untilHealthy(sidecar);
      expect(describeLog(sidecar.log.slice(from))).not.toMatch(
        /(Adding|Updating|Removing|Adopting) cron job|Config copied/,
      );

      await pod.publish("openclaw-cron-jobs", jobs());
      await sidecar.waitFor(/Removing cron job .*race-7/, from);
      await untilHealthy(sidecar);
      expect(await ownNames()).toEqual(["obsidian-vault-sync"]);
    },
    LIMIT_MS,
  );

  testManagerSh(
    "what becomes of manager.sh",
    async () => {
      if (!managerSh) throw new Error("it has not been started");
      const container = managerSh;
      let isOver = false;
      void container.exited.then(() => (isOver = true));
      const hasEnded = () => isOver || describeLog(container.log).includes("Cron job sync complete");
      await until("manager.sh to end its first pass", hasEnded, {
        limitMs: 300_000,
        explain: () => describeLog(container.log),
      });
      const { oomKills, peakBytes, limitBytes } = await container.memory();
      const [first, last] = [container.log.at(0)?.atMs ?? 0, container.log.at(-1)?.atMs ?? 0];
      say(
        `manager.sh: ${oomKills} of its processes killed for want of memory, peak ${Math.round(peakBytes / MEBIBYTE)} of ` +
          `${limitBytes / MEBIBYTE} MiB, ${((last - first) / 1000).toFixed(0)} s for what it did`,
      );
      // Both of its calls of `openclaw` fail: killed for want of memory, or, where Node keeps within the limit that it is
      // told, for arguments that no release knows. All that it says of that is that a job could not be added.
      const logged = container.log.map(({ text }) => / \[config-manager\] (.*)$/.exec(text)?.[1]).filter(Boolean);
      expect(logged.slice(logged.indexOf("Main process detected"))).toEqual([
        "Main process detected",
        "Performing initial cron job sync...",
        "Cron config change detected in /etc/openclaw/cron.d/cron-jobs.json",
        "Adding cron job: obsidian-vault-sync",
        "WARNING: Failed to add cron job: obsidian-vault-sync",
        "Cron job sync complete",
      ]);
      expect(peakBytes).toBeGreaterThan(limitBytes * 0.75);
      expect(await ownNames()).toEqual(["obsidian-vault-sync"]);
      const ours = await sidecar.memory();
      say(`config-manager: ${ours.oomKills} killed, peak ${Math.round(ours.peakBytes / MEBIBYTE)} MiB`);
      expect(ours.oomKills).toBe(0);
      await container.kill("KILL");
      expect(await container.exited).toBe(137);
    },
    LIMIT_MS,
  );

  test(
    "a change that takes a restart of the gateway takes none of the Pod",
    async () => {
      const from = sidecar.log.length;
      const { gateway: settings } = JSON.parse(config()["openclaw.json"]) as { gateway: object };
      const changed = { messages: { ackReaction: "eyes" }, gateway: { ...settings, tls: { enabled: false } } };
      await pod.publish("openclaw-config", config(changed));
      await sidecar.waitFor(/Changed: gateway\.tls.* \(restart\)/, from);
      await sidecar.waitFor(/Connected to gateway: /, from);
      await untilHealthy(sidecar);
      say(`restarted for gateway.tls, by itself; its container ${gateway.restarts} times`);
      expect(sidecar.restarts).toBe(1);
    },
    LIMIT_MS,
  );

  test(
    "the gateway's container is killed for want of memory: it starts again, and what Git says is so again",
    async () => {
      const before = await ownJobs();
      const from = sidecar.log.length;
      const runs = gateway.exitCodes.length;
      await gateway.starve();
      await until("the gateway's container to have ended", () => gateway.exitCodes.length > runs);
      expect(gateway.exitCodes.slice(runs)).toEqual([137]);
      await pod.publish("openclaw-cron-jobs", jobs(define("night")));
      // By the sidecar, or by the `register` that the container begins with.
      await sidecar.waitFor(/Cron job sync complete/, from);
      await untilHealthy(sidecar);
      expect(gateway.restarts).toBe(runs + 1);
      expect(sidecar.restarts).toBe(1);
      const after = await ownJobs();
      expect(after.map(nameOf).toSorted()).toEqual(["night", "obsidian-vault-sync"]);
      for (const { id, name } of before) expect(after).toContainEqual(expect.objectContaining({ id, name }));
    },
    LIMIT_MS,
  );

  test(
    "Phase 3: a new Pod has the jobs, and a broken config does not keep it from starting",
    async () => {
      const before = await ownJobs();
      await pod.delete();
      cluster.configMaps["openclaw-config"] = { "openclaw.json": '{ "gateway": ' };
      await start();
      const [said = "", ...more] = pod.initLogs["init-config"] ?? [];
      expect(said).toContain("WARNING: Config rejected, /home/node/.openclaw/openclaw.json stays as it is: ");
      expect(more).toEqual([]);
      await sidecar.waitFor(/Cron job sync complete/);
      const status = await readStatus(sidecar);
      expect(status).toMatchObject({ healthy: false, config: { state: "rejected" }, cron: { state: "in-sync" } });
      expect((await ownJobs()).map(({ id }) => id).toSorted()).toEqual(before.map(({ id }) => id).toSorted());

      const from = gateway.log.length;
      await pod.publish("openclaw-config", config({ messages: { ackReaction: "tada" } }));
      await gateway.waitFor(RELOADED, from);
      await untilHealthy(sidecar);
    },
    LIMIT_MS,
  );

  // As `kubectl delete pod` has it, in spite of `Recreate`: two gateways and two sidecars on one volume.
  test.each([
    ["as soon as the old one is told to end", async () => undefined],
    ["and runs its init containers before the old one ends", async (next: Promise<RunningPod>) => void (await next)],
    [
      "and is through its first pass, or turned away, before the old one ends",
      async (next: Promise<RunningPod>) => {
        const [theirs, ours] = ["openclaw", "config-manager-sidecar"].map((name) =>
          next.then((pod) => pod.container(name)),
        );
        // 2026.9.6 does not start beside another gateway on its volume, and is restarted until that one has ended.
        const isFar = async () =>
          ((await theirs)?.restarts ?? 0) > 0 ||
          (await ours)?.log.some(({ text }) => /Cron job sync complete/.test(text));
        await until("the next Pod to be there with the old one", isFar, { limitMs: 240_000 });
      },
    ],
  ])(
    "the next Pod starts %s: nothing is lost or doubled",
    async (when, mayEnd) => {
      const name = `phase ${when}`;
      const before = await ownJobs();
      const git = config({ messages: { ackReaction: when.slice(0, 20) } });
      cluster.configMaps["openclaw-config"] = git;
      cluster.configMaps["openclaw-cron-jobs"] = jobs(define("night"), define(name));
      const old = pod;
      const next = startPod(specOf(manifests), cluster);
      try {
        await mayEnd(next);
      } finally {
        await old.delete();
        adopt(await next); // which is ended in any case
      }
      await sidecar.waitFor(/Cron job sync complete/);
      await untilHealthy(sidecar);

      expect(await ownNames()).toEqual(["night", "obsidian-vault-sync", name].toSorted());
      const after = new Map((await ownJobs()).map((job) => [job.name, job.id]));
      for (const job of before.filter(({ name: each }) => after.has(each))) {
        expect([job.name, after.get(job.name)]).toEqual([job.name, job.id]);
      }
      const data = join(cluster.claims, "openclaw-data");
      const live = JSON.parse(await readFile(join(data, "openclaw.json"), "utf8")) as { messages?: object };
      expect(live.messages).toMatchObject({ ackReaction: when.slice(0, 20) });
      expect(await readFile(join(data, "openclaw.json.config-manager-applied"), "utf8")).toBe(git["openclaw.json"]);
      const staged = join(data, "cron-config");
      expect(await readdir(staged)).toEqual(["cron-jobs.json"]);
      expect(await readFile(join(staged, "cron-jobs.json"), "utf8")).toBe(
        cluster.configMaps["openclaw-cron-jobs"]?.["cron-jobs.json"] ?? "",
      );
      const names = [...(await readdir(data)), ...(await readdir(staged))];
      expect(names.filter((each) => each.startsWith(".") && each.includes(".config-manager-"))).toEqual([]);
      say(`restarts while two Pods were there: gateway ${gateway.restarts}, sidecar ${sidecar.restarts}`);
    },
    LIMIT_MS,
  );

  test(
    "a new Pod starts on a volume that an agent has prepared, and is as Git says",
    async () => {
      await pod.delete();
      const data = join(cluster.claims, "openclaw-data");
      await using planted = new AsyncDisposableStack();
      for (const name of ["good", "good-base", "applied", "accepted", "rejected"]) {
        planted.use(await putObstacle("a pipe", join(data, `openclaw.json.config-manager-${name}`), data));
      }
      planted.use(await putObstacle("a link to a device", join(data, "cron-config"), data));
      planted.use(await putObstacle("a pipe", join(data, "config-manager-device.pem"), data));
      cluster.configMaps["openclaw-config"] = config({ messages: { ackReaction: "eyes" } });
      await start();
      await sidecar.waitFor(/WARNING: Failed to stage cron config: .*cron-config is a symbolic link/);
      await sidecar.waitFor(/Cron job sync complete/);
      await planted.disposeAsync();
      await untilHealthy(sidecar);
      expect(await ownNames()).toContain("obsidian-vault-sync");
    },
    LIMIT_MS,
  );

  test(
    "on a new volume, a broken config stops the Pod with a clear line; mended, all is registered again",
    async () => {
      await pod.delete();
      await rm(join(cluster.claims, "openclaw-data"), { recursive: true });
      await seedDotfiles(cluster.claims);
      cluster.configMaps["openclaw-cron-jobs"] = jobs(define("night"));
      cluster.configMaps["openclaw-config"] = { "openclaw.json": '{ "gateway": ' };
      const failure = await start().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(InitError);
      expect(failure).toMatchObject({ container: "init-config", exitCode: 1 });
      expect((failure as InitError).log.join("\n")).toContain("WARNING: Config rejected, ");

      cluster.configMaps["openclaw-config"] = config();
      await start();
      await sidecar.waitFor(/Cron job sync complete/);
      await untilHealthy(sidecar);
      expect(await ownNames()).toEqual(["night", "obsidian-vault-sync"]);
    },
    LIMIT_MS,
  );
});

describe.skipIf(missing !== undefined)("the plan's Pod with a wrong token in the sidecar", () => {
  const NAME = "config-manager-sidecar";
  let cluster: Cluster;
  let pod: RunningPod;
  let gateway: PodContainer;
  let sidecar: PodContainer;
  let ours: IContainer;

  const setVariables = (container: IContainer, values: Record<string, string>): IContainer => ({
    ...container,
    env: [
      ...(container.env ?? []).filter(({ name }) => !(name in values)),
      ...Object.entries(values).map(([name, value]) => ({ name, value })),
    ],
  });

  beforeAll(async () => {
    const manifests = await renderManifests(join(DEPLOY, "base"));
    cluster = await createCluster(manifests, RELEASES[0]);
    await seedDotfiles(cluster.claims);
    const spec = specOf(manifests);
    const found = spec.containers.find(({ name }) => name === NAME);
    if (!found) throw new Error("there is no sidecar");
    ours = found;
    const wrong = setVariables(ours, { OPENCLAW_GATEWAY_TOKEN: "wrong" });
    pod = await startPod({ ...spec, containers: spec.containers.map((one) => (one === ours ? wrong : one)) }, cluster);
    gateway = pod.container("openclaw");
    sidecar = pod.container(NAME);
  }, LIMIT_MS);

  afterAll(async () => {
    await pod?.delete();
    await rm(cluster.claims, { recursive: true, force: true });
  }, LIMIT_MS);

  test(
    "the gateway stays in its Service: the sidecar is ready, starts no CLI, and says why",
    async () => {
      const { text } = await sidecar.waitFor(/WARNING: Failed to sync cron jobs: /);
      expect(text).toMatch(/does not let us in: .*; the openclaw CLI is not tried in a container of 128 MiB \(/);
      const isReady = async () => (await pod.probe(NAME, "readinessProbe")) === 200;
      await until("the sidecar to be ready", isReady, { explain: () => describeLog(sidecar.log) });
      await gateway.waitFor(/=== Cron job registration complete ===/);

      const status = await sidecar.exec(["config-manager", "status", "--json"]);
      expect(status.exitCode).toBe(1);
      expect(JSON.parse(status.stdout)).toMatchObject({
        gateway: { connected: false, transport: null },
        cron: { problems: [expect.stringContaining("does not let us in")] },
      });
      expect(await sidecar.exec(["cat", CLI_CALLS])).toMatchObject({ stdout: "" });
      expect(sidecar.restarts).toBe(0);
      expect((await sidecar.memory()).oomKills).toBe(0);
    },
    LIMIT_MS,
  );

  test(
    "where the CLI is asked for in too little memory, it is killed, which is said, and the sidecar is ready all the same",
    async () => {
      const variables = { CONFIG_MANAGER_TRANSPORT: "cli", CONFIG_MANAGER_HTTP_PORT: "9091" };
      const resources = { limits: { cpu: "1", memory: "64Mi" } };
      const other = await pod.run({ ...setVariables(ours, variables), name: "over-the-cli", resources });
      const explain = () => describeLog(other.log);
      const said = /WARNING: Failed to sync cron jobs: openclaw cron list: killed for want of memory \(/;
      await until("the sidecar to say why", () => other.log.some(({ text }) => said.test(text)), {
        limitMs: 300_000,
        explain,
      });
      await until("the sidecar to be ready", async () => (await pod.get(":9091/readyz")) === 200, { explain });
      const { oomKills } = await other.memory();
      expect(oomKills).toBeGreaterThan(0);
      expect((await other.exec(["ls", "-A", "/tmp"])).stdout.split("\n")).not.toContain("node-compile-cache");
      await other.kill("TERM");
      expect(await other.exited).toBe(0);
    },
    LIMIT_MS,
  );
});

describe.skipIf(missing !== undefined)("the example, with component and native-sidecar", () => {
  test(
    "an image of the binary alone keeps another Deployment's gateway as Git says",
    async () => {
      const manifests = await renderManifests(join(DEPLOY, "example"));
      const cluster = await createCluster(manifests, RELEASES[0]);
      const pod = await startPod(specOf(manifests), cluster);
      try {
        const sidecar = pod.container("config-manager-sidecar");
        const gateway = pod.container("gateway");
        await sidecar.waitFor(/Cron job sync complete/);
        await untilHealthy(sidecar);
        expect((await sidecar.exec(["/bin/sh"])).exitCode).not.toBe(0);
        expect((await listJobs(gateway)).map(({ name }) => name)).toContain("nightly-cleanup");
        const from = gateway.log.length;
        const { "openclaw.json": text = "" } = cluster.configMaps["openclaw-config"] ?? {};
        const changed = { ...JSON.parse(text), messages: { ackReaction: "eyes" } };
        await pod.publish("openclaw-config", { "openclaw.json": JSON.stringify(changed) });
        await gateway.waitFor(RELOADED, from);
        expect(await pod.probe("config-manager-sidecar", "readinessProbe")).toBe(200);
      } finally {
        await pod.delete();
        await rm(cluster.claims, { recursive: true, force: true });
      }
    },
    LIMIT_MS,
  );
});
