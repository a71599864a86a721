// A volume that outlives its OpenClaw: the image is replaced by a newer one, and the jobs of the old one are still ours.

import { afterEach, describe, expect, test } from "bun:test";
import type { LiveJob } from "../../lib/gateway/job.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { CRON_RELEASES, getRelease } from "../support/release.ts";

const COMPLETE = "Cron job sync complete";
const CONNECTED = expect.stringMatching(/^Connected to gateway: /);

const JOBS = [
  { name: "command", schedule: "0 3 1 1 *", command: "echo hello", description: "Nightly" },
  { name: "message", schedule: "0 3 1 1 *", tz: "Asia/Tokyo", message: "Say hello", model: "a/b" },
  { name: "event", schedule: { kind: "every", everyMs: 86_400_000 }, systemEvent: "Hello" },
];

/** From the plan's release to the newest; and, where all are tried, from one with command jobs to the first with keys. */
const UPGRADES: [string, string][] = [
  ["2026.2.9", "2026.9.6"],
  ...(CRON_RELEASES.includes("2026.7.35") ? [["2026.6.11", "2026.7.35"] satisfies [string, string]] : []),
];

const idsOf = (jobs: readonly LiveJob[]) => Object.fromEntries(jobs.map(({ name, id }) => [name, id]));

describe("an upgrade", () => {
  let gateway: TestGateway;
  let pod: Pod;
  afterEach(async () => {
    await pod.dispose();
    await gateway.dispose();
  });

  test.each(UPGRADES)(
    "from %s to %s finds the jobs by their mark, leaves no second ones, and loses no history",
    async (from, to) => {
      gateway = await createGateway(await getRelease(from));
      await gateway.start();
      pod = await createPod(gateway);
      await pod.mounts.publishJobs(JOBS);
      await pod.sync("--only", "cron");
      const before = await pod.ownJobs();
      expect(before).toHaveLength(JOBS.length);
      const event = before.find(({ name }) => name === "event");
      await gateway.rpc("cron.run", { id: event?.id, mode: "force" });
      await gateway.kill();

      await gateway.startAs(await getRelease(to));
      // A command that was an agent turn becomes a command again; nothing else is written.
      const isTurn = from === "2026.2.9";
      const changes = isTurn ? ["Updating cron job: command"] : [];
      expect(await pod.sync("--only", "cron")).toEqual([CONNECTED, ...changes, COMPLETE]);
      const after = await pod.ownJobs();
      expect(idsOf(after)).toEqual(idsOf(before));
      expect(after.find(({ name }) => name === "command")?.payload).toMatchObject({ kind: "command" });
      expect(after.map(({ declarationKey }) => declarationKey)).toEqual([undefined, undefined, undefined]);
      const { entries } = await gateway.rpc<{ entries: unknown[] }>("cron.runs", { id: event?.id });
      expect(entries.length).toBeGreaterThan(0);

      // What is new gets a key; what was there goes on without, and goes when it is no longer declared.
      await pod.mounts.publishJobs([...JOBS.slice(1), { name: "new", schedule: "0 3 1 1 *", command: "true" }]);
      await pod.sync("--only", "cron");
      const last = await pod.ownJobs();
      expect(last.map(({ name, declarationKey }) => [name, declarationKey])).toEqual([
        ["message", undefined],
        ["event", undefined],
        ["new", `${pod.owner}:new`],
      ]);
      expect(await pod.sync("--only", "cron")).toEqual([CONNECTED, COMPLETE]);
    },
  );
});
