// The Job of deploy/wait in a Pod of its own, beside the Pod of deploy/example-all with a real gateway: a commit, what the
// tools apply of it, and what the Job says. The kubelet syncs the Pod once a minute and whenever the Pod changes, as the
// real one does.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createCluster, findMissingForPod, seedDotfiles, specOf } from "../support/cluster.ts";
import { describeLog } from "../support/container.ts";
import { type Cluster, type RunningPod, startPod } from "../support/kubelet.ts";
import { DEPLOY, type Manifest, findManifest, renderManifests, renderOverlay } from "../support/manifests.ts";
import { untilHealthy } from "../support/pod-status.ts";
import { RELEASES } from "../support/release.ts";

/** To end a broken test, not to measure: a gateway takes half a minute to start. */
const LIMIT_MS = 600_000;

/** The default of the kubelet's `syncFrequency`. */
const SYNC_FREQUENCY_MS = 60_000;

const IN_FORCE = "In force: config, cron, workspace, approvals";

const missing = await findMissingForPod();
if (missing) console.log(`(skip) the Job that waits: ${missing}`);

describe.skipIf(missing !== undefined)("the Job of deploy/wait", () => {
  let cluster: Cluster;
  let pod: RunningPod;
  /** What Git has. */
  let git: Manifest[];

  beforeAll(async () => {
    git = await renderManifests(join(DEPLOY, "example-all"));
    cluster = await createCluster(git, RELEASES[0]);
    await seedDotfiles(cluster.claims);
    pod = await startPod(specOf(git), cluster, { syncFrequencyMs: SYNC_FREQUENCY_MS });
    await untilHealthy(pod.container("config-manager-sidecar"));
  }, LIMIT_MS);
  afterAll(async () => {
    await pod?.delete();
    if (cluster) await rm(cluster.claims, { recursive: true, force: true });
  }, LIMIT_MS);

  /** Changes a key of a ConfigMap in Git. */
  function change(name: string, key: string, edit: (text: string) => string): void {
    const { data } = findManifest(git, "ConfigMap", name);
    data[key] = edit(data[key] ?? "");
  }

  const setReaction = (reaction: string | undefined, key = "ackReaction") =>
    change("openclaw-config", "openclaw.json", (text) => {
      const { messages: _, ...config } = JSON.parse(text) as { messages?: object };
      return JSON.stringify({ ...config, ...(reaction !== undefined && { messages: { [key]: reaction } }) });
    });

  /** Applies what Git has, as a tool does, and runs the Job to its end. */
  async function deploy(components: readonly string[]) {
    const manifests = await renderOverlay([git], ["wait", "wait-workspace", ...components]);
    // The period of the kubelet's sync begins here: what follows comes at the worst moment.
    await pod.syncs.run("update");
    const before = { ...pod.syncs.counts };
    const appliedAtMs = Date.now();
    for (const { kind, metadata } of manifests) {
      if (kind === "ConfigMap") cluster.configMaps[metadata.name] = findManifest(manifests, kind, metadata.name).data;
    }
    const spec = findManifest(manifests, "Job", "openclaw-config-manager-wait").spec?.template.spec;
    if (!spec) throw new Error("a Job without a Pod");
    const job = await pod.runJob(spec, "openclaw-config-manager");
    const exitCode = await job.exited;
    const tookMs = Date.now() - appliedAtMs;
    const { periodic, update } = pod.syncs.counts;
    const syncs = { periodic: periodic - before.periodic, update: update - before.update };
    return { exitCode, tookMs, syncs, lines: job.log.map(({ text }) => text), log: describeLog(job.log) };
  }

  const restarts = () => pod.container("openclaw").restarts + pod.container("config-manager-sidecar").restarts;

  test(
    "ends with 0 at once where the commit is in force",
    async () => {
      const { exitCode, lines, syncs, log } = await deploy([]);
      expect([exitCode, log]).toEqual([0, expect.anything()]);
      expect(lines).toContain(IN_FORCE);
      expect(syncs).toEqual({ periodic: 0, update: 0 });
    },
    LIMIT_MS,
  );

  test(
    "with the nudge, a commit is in force before the kubelet's next sync; without it, after that",
    async () => {
      setReaction("eyes");
      change("openclaw-cron-jobs", "cron-jobs.yaml", (text) => text.replace("0 9 * * 5", "0 8 * * 5"));
      change("openclaw-workspace", "AGENTS.md", (text) => `${text}- Be brief.\n`);
      const nudged = await deploy(["nudge"]);
      expect([nudged.exitCode, nudged.log]).toEqual([0, expect.stringContaining("nudged the Pod openclaw, ")]);
      expect(nudged.lines).toContain(IN_FORCE);
      expect(nudged.syncs.periodic).toBe(0);
      expect(nudged.syncs.update).toBeGreaterThan(0);

      setReaction("tada");
      const alone = await deploy([]);
      expect([alone.exitCode, alone.log]).toEqual([0, expect.not.stringContaining("nudge")]);
      expect(alone.syncs).toEqual({ periodic: 1, update: 0 });
      console.log(
        `(${RELEASES[0]}) from the apply to the Job's end, a kubelet with syncFrequency 60 s: ` +
          `nudged ${nudged.tookMs} ms, not nudged ${alone.tookMs} ms`,
      );
      expect(restarts()).toBe(0);
    },
    LIMIT_MS,
  );

  test(
    "a config that the gateway refuses ends it with 1 and a line that says why, and the mended one with 0",
    async () => {
      setReaction("eyes", "ackReactoin");
      const refused = await deploy(["nudge"]);
      expect([refused.exitCode, refused.log]).toEqual([1, expect.anything()]);
      expect(refused.lines).toContain('config: openclaw.json: messages: Unrecognized key: "ackReactoin"');
      expect(refused.lines).toContain("error: rejected: config");
      setReaction("eyes");
      const mended = await deploy(["nudge"]);
      expect([mended.exitCode, mended.lines]).toEqual([0, expect.arrayContaining([IN_FORCE])]);
      expect([refused.syncs.periodic, mended.syncs.periodic, restarts()]).toEqual([0, 0, 0]);
    },
    LIMIT_MS,
  );
});
