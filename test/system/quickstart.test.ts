// docs/quickstart.md and docs/uninstall.md, as a new user goes through them: the objects that kubectl makes of the example,
// with what is built here as the image, a real gateway, and a kubelet of our own in place of kind.

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { IPodSpec } from "kubernetes-models/v1";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { parse } from "yaml";
import { createCluster, findMissingForPod, specOf } from "../support/cluster.ts";
import { describeLog } from "../support/container.ts";
import { type Cluster, type RunningPod, startPod } from "../support/kubelet.ts";
import { DEPLOY, renderManifests } from "../support/manifests.ts";
import { untilHealthy } from "../support/pod-status.ts";
import { RELEASES } from "../support/release.ts";
import { REPOSITORY } from "../support/repository.ts";

/** To end a broken test, not to measure: a gateway takes half a minute to start. */
const LIMIT_MS = 600_000;

const missing = await findMissingForPod();
if (missing) console.log(`(skip) the quickstart: ${missing}`);

const read = (name: string) => readFile(join(REPOSITORY, name), "utf8");
const [quickstart, uninstall] = [await read("docs/quickstart.md"), await read("docs/uninstall.md")];

/** What the pages run in the sidecar's container. */
const commands = [...`${quickstart}${uninstall}`.matchAll(/ -c config-manager-sidecar -- (.+)$/gm)].map(
  ([, command = ""]) => command,
);

interface Job {
  name: string;
  id: string;
  owned: boolean;
}

describe.skipIf(missing !== undefined)("the quickstart", () => {
  let cluster: Cluster;
  let spec: IPodSpec;
  let pod: RunningPod;

  beforeAll(async () => {
    const manifests = await renderManifests(join(DEPLOY, "example"));
    cluster = await createCluster(manifests, RELEASES[0]);
    spec = specOf(manifests);
    pod = await startPod(spec, cluster);
    await untilHealthy(sidecar()); // kubectl rollout status
  }, LIMIT_MS);
  afterAll(async () => {
    await pod?.delete();
    if (cluster) await rm(cluster.claims, { recursive: true, force: true });
  }, LIMIT_MS);

  const sidecar = () => pod.container("config-manager-sidecar");
  const exec = (command: string) => sidecar().exec(command.split(" "));
  /** Those of Git; the gateway has some of its own. */
  async function readOwned(): Promise<Job[]> {
    const { jobs } = JSON.parse((await exec("config-manager status --json")).stdout) as { jobs: Job[] };
    return jobs.filter(({ owned }) => owned).map(({ name, id, owned }) => ({ name, id, owned }));
  }
  const restarts = () => pod.container("gateway").restarts + sidecar().restarts;

  test("runs no command but those below", () => {
    expect(new Set(commands)).toEqual(new Set(["config-manager status", "config-manager uninstall --dry-run"]));
  });

  test("the log has the lines that the page shows, in their order", () => {
    const shown = [...quickstart.matchAll(/^… \[config-manager\] (.*)$/gm)].map(([, line = ""]) => line);
    const log = sidecar().log.map(({ text }) => text.replace(/^.*?\[config-manager\] /, ""));
    expect(log.filter((line) => shown.includes(line))).toEqual(shown);
  });

  test("status is healthy and shows the job", async () => {
    const { exitCode, stdout } = await exec("config-manager status");
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^Healthy\n[^]*nightly-cleanup/)]);
  });

  test(
    "a change of the schedule is in the gateway, a typo in the config is not, and nothing restarts",
    async () => {
      const { "cron-jobs.yaml": jobs = "" } = cluster.configMaps["openclaw-cron-jobs"] ?? {};
      await pod.publish("openclaw-cron-jobs", { "cron-jobs.yaml": jobs.replace("30 3 * * *", "0 4 * * *") });
      await sidecar().waitFor(/Updating cron job: nightly-cleanup/);
      const { "openclaw.json": config = "" } = cluster.configMaps["openclaw-config"] ?? {};
      await pod.publish("openclaw-config", { "openclaw.json": config.replace('"cron"', '"corn"') });
      await sidecar().waitFor(/WARNING: Config rejected/);
      await pod.publish("openclaw-config", { "openclaw.json": config });
      await untilHealthy(sidecar());
      expect(restarts()).toBe(0);
    },
    LIMIT_MS,
  );

  test(
    "what uninstall removes leaves the job in the gateway, by which the next install knows it",
    async () => {
      const before = await readOwned();
      expect(before.map(({ name }) => name)).toEqual(["nightly-cleanup"]);
      const look = await exec("config-manager uninstall --dry-run");
      expect([look.exitCode, look.stdout]).toEqual([0, expect.stringMatching(/^Would remove:\n {2}\/[^]*\nStays, /)]);

      await pod.delete();
      const [, job = ""] = /^ *```yaml\n([^]*?)^ *```$/m.exec(uninstall) ?? [];
      const { template } = (parse(job) as { spec: { template: { spec: IPodSpec } } }).spec;
      const { containers, volumes, ...rest } = template.spec;
      const claim = spec.volumes?.find(({ persistentVolumeClaim }) => persistentVolumeClaim);
      const mine = volumes?.map(({ name }) => ({ name, persistentVolumeClaim: claim?.persistentVolumeClaim }));
      const ended = await startPod(
        { ...rest, initContainers: containers, containers: [], volumes: mine } as IPodSpec,
        cluster,
      );
      const log = ended.initLogs["uninstall"]?.join("\n") ?? "";
      await ended.delete();
      expect(log).toMatch(/^Removed:\n {2}\/home\/node\/\.openclaw\/openclaw\.json\.config-manager-/);
      expect(log).not.toContain("to be looked at");

      pod = await startPod(spec, cluster);
      await untilHealthy(sidecar());
      expect(await readOwned()).toEqual(before);
      const lines = sidecar().log.map(({ text }) => text);
      expect(
        lines.filter((line) => /WARNING|Adding cron job|Removing cron job/.test(line)),
        describeLog(sidecar().log),
      ).toEqual([]);
    },
    LIMIT_MS,
  );
});
