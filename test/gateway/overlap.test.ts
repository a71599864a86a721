// `kubectl delete pod` starts the next Pod while the old one still ends, in spite of `Recreate`: two sidecars on one
// volume. Each Pod has its own mounts of the ConfigMaps and its own /tmp, and the old one may see an older Git than the
// next. Here, both are at one gateway, so that it can be done often; with a gateway each, test/system/pod.test.ts does it.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readClaim } from "../../lib/cron/ownership.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { RESTARTED_RELEASES, getRelease } from "../support/release.ts";
import { type Mounts, type Sidecar, createMounts, readMaybe, runBinary, startSidecar } from "../support/sidecar.ts";
import { IS_SOAK } from "../support/soak.ts";
import { until } from "../support/until.ts";

const OWNER = "overlap";
/** Each takes some seconds. */
const ROUNDS = IS_SOAK ? 100 : 8;
/** The longest that both run at once, in milliseconds: several passes of each. */
const MAX_OVERLAP_MS = 600;

interface OldPod {
  mounts: Mounts;
  sidecar: Sidecar;
}

const md5 = (text: string) => createHash("md5").update(text).digest("hex");
const nightly = (name: string, round: number) => ({
  name,
  schedule: "0 3 1 1 *",
  message: `Round ${round}.`,
});

describe.each([...RESTARTED_RELEASES])("two Pods on one volume, beside OpenClaw %s", (version) => {
  let gateway: TestGateway;
  let volume: Mounts;
  const all: Mounts[] = [];
  const sidecars: Sidecar[] = [];

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version));
    await gateway.start();
    volume = await createMounts();
  });
  afterAll(async () => {
    await Promise.all(sidecars.map((sidecar) => sidecar.dispose()));
    await Promise.all([volume, ...all].map((mounts) => mounts.dispose()));
    await gateway.dispose();
  });

  const environmentOf = (mounts: Mounts) =>
    mounts.environment({
      PVC_CONFIG: gateway.configPath,
      STAGING_DIR: volume.staging,
      OPENCLAW_GATEWAY_URL: gateway.url,
      CONFIG_MANAGER_OWNER: OWNER,
      POLL_INTERVAL: "0.5",
    });

  /** What Git says in this round: one job stays as it is, one changes, one comes and goes. */
  const declare = (round: number) => ({
    config: gateway.config({ messages: { ackReaction: `round ${round}` } }),
    jobs: JSON.stringify([nightly("stays", 0), nightly("changes", round), nightly(`of-${round}`, round)]),
  });

  async function publish(mounts: Mounts, { config, jobs }: ReturnType<typeof declare>): Promise<void> {
    await Promise.all([
      mounts.config.publish({ "openclaw.json": config }),
      mounts.cron.publish({ "cron-jobs.json": jobs }),
    ]);
  }

  /** As a Pod starts: its init containers one after the other, then the sidecar. */
  async function startPod(mounts: Mounts): Promise<Sidecar> {
    for (const kind of ["config", "cron"]) {
      const { exitCode, stdout } = await runBinary(["init", "--only", kind], environmentOf(mounts));
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.not.stringContaining("WARNING") });
    }
    const sidecar = startSidecar(environmentOf(mounts));
    sidecars.push(sidecar);
    return sidecar;
  }

  const readJobs = async () => {
    const jobs = await gateway.jobs();
    return jobs.filter((job) => readClaim(job, OWNER).kind === "ours" || job.name === "by hand");
  };

  test(
    `${ROUNDS} times: nothing is lost or doubled`,
    async () => {
      await gateway.rpc("cron.add", {
        name: "by hand",
        schedule: { kind: "cron", expr: "0 3 1 1 *" },
        sessionTarget: "isolated",
        wakeMode: "now",
        payload: { kind: "agentTurn", message: "Somebody's." },
      });
      let old: OldPod | undefined;
      let ids: Record<string, string> = {};
      for (let round = 0; round < ROUNDS; round++) {
        const git = declare(round);
        const mounts = await createMounts();
        all.push(mounts);
        await publish(mounts, git);
        // Every second time, the kubelet still brings the change to the Pod that ends.
        const [sidecar] = await Promise.all([
          startPod(mounts),
          old && round % 2 === 0 ? publish(old.mounts, git) : undefined,
          old && endSoon(old, round),
        ]);
        const explain = () => `round ${round}\n${sidecar.messages().join("\n")}`;
        await until(
          "the volume to be as Git says",
          async () => {
            const { stdout } = await runBinary(["status", "--json"], environmentOf(mounts));
            return (JSON.parse(stdout) as { healthy: boolean }).healthy;
          },
          { explain },
        );
        const isDone = async () => {
          const sums = await Promise.all(["config", "cron"].map((kind) => readMaybe(join(mounts.checksums, kind))));
          return sums.every((sum, index) => sum?.trim() === md5([git.config, git.jobs][index] ?? ""));
        };
        await until("both checksums of the next Pod", isDone, { explain });

        expect(await readFile(gateway.configPath, "utf8")).toBe(git.config);
        expect(await readFile(`${gateway.configPath}.config-manager-applied`, "utf8")).toBe(git.config);
        expect(await readStaged()).toEqual({ "cron-jobs.json": git.jobs });
        // One that was killed leaves a temporary file, and the next pass of the other takes it away.
        await until("no temporary file", async () => (await findTemporary()).length === 0, { explain });
        const jobs = await readJobs();
        expect(jobs.map(({ name }) => name).toSorted()).toEqual(["by hand", "changes", `of-${round}`, "stays"]);
        const now = Object.fromEntries(jobs.map(({ name, id }) => [name, id]));
        // The same jobs as ever: none was removed and added again.
        for (const name of ["by hand", "changes", "stays"])
          expect([name, ids[name] ?? now[name]]).toEqual([name, now[name]]);
        ids = now;
        // While the old one is still told of an older commit, each puts right what the other does.
        const isContest = (line: string) => line.startsWith("WARNING: Cron jobs still differ from the ConfigMap after");
        const warnings = sidecar.messages().filter((line) => line.startsWith("WARNING"));
        expect(warnings.filter((line) => !isContest(line))).toEqual([]);
        old = { mounts, sidecar };
      }
    },
    ROUNDS * 30_000,
  );

  /** Ends it within its grace: by SIGTERM mostly, by SIGKILL sometimes. */
  async function endSoon({ sidecar }: OldPod, round: number): Promise<void> {
    await sleep((MAX_OVERLAP_MS * ((round * 7) % 10)) / 10);
    sidecar.signal(round % 5 === 4 ? "SIGKILL" : "SIGTERM");
    await sidecar.exited;
  }

  async function readStaged(): Promise<Record<string, string>> {
    const names = await readdir(volume.staging);
    const texts = names.map(async (name) => [name, await readFile(join(volume.staging, name), "utf8")] as const);
    return Object.fromEntries(await Promise.all(texts));
  }

  /** Files that a write has left behind. */
  async function findTemporary(): Promise<string[]> {
    const found = [...(await readdir(dirname(gateway.configPath))), ...(await readdir(volume.staging))];
    return found.filter(
      (name) => name.startsWith(".") && name.includes(".config-manager-") && name !== basename(gateway.configPath),
    );
  }
});
