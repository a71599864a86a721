// What each release takes, and that it ends up as declared: the built binary beside a real gateway of each.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { parseDefinition } from "../../lib/definition/definition.ts";
import { featuresOf, findMissingFeatures } from "../../lib/gateway/features.ts";
import type { LiveJob } from "../../lib/gateway/job.ts";
import { toJobSpec } from "../../lib/cron/job-spec.ts";
import { type Definition, EVERY_KIND } from "../support/every-kind.ts";
import { FEATURES, HAND_MADE, addJob, cronSectionOf, probeFeature } from "../support/feature-probes.ts";
import { createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { CRON_RELEASES, getRelease } from "../support/release.ts";
import { type SharedGateway, borrowGateway } from "../support/shared-gateway.ts";
import { runBinary } from "../support/sidecar.ts";

const COMPLETE = "Cron job sync complete";
const CONNECTED = expect.stringMatching(/^Connected to gateway: /);

describe.each(CRON_RELEASES)("OpenClaw %s", (version) => {
  const features = featuresOf(version, 4);
  const missingOf = (definition: Definition) => {
    const parsed = parseDefinition(definition);
    if (parsed.kind === "invalid") throw new Error(`${definition.name}: ${JSON.stringify(parsed.problems)}`);
    return findMissingFeatures(toJobSpec(parsed.definition, features), features);
  };
  let gateway: SharedGateway;
  let giveBack: () => Promise<void> = async () => undefined;
  let pod: Pod;

  beforeAll(async () => {
    if (!version.startsWith("2026.7.")) {
      gateway = await borrowGateway(version);
      return;
    }
    // It has triggers, and wants to be told so.
    const own = await createGateway(await getRelease(version));
    gateway = own;
    giveBack = own.dispose;
    await writeFile(own.configPath, own.config({ cron: cronSectionOf(version) }));
    await own.start();
  });
  afterAll(() => giveBack());
  afterEach(() => pod.dispose());

  async function setUp(jobs: unknown = []): Promise<void> {
    pod = await createPod(gateway);
    await pod.mounts.publishJobs(jobs);
  }

  /** One pass over the jobs alone, whatever comes of it. */
  const pass = (...args: string[]) => runBinary(["sync", "--only", "cron", ...args], pod.environment());

  async function makeEqual(jobs: readonly Definition[]): Promise<string[]> {
    await pod.mounts.publishJobs(jobs);
    return pod.sync("--only", "cron", "--allow-mass-removal");
  }

  async function nameOwn() {
    return Object.fromEntries((await pod.ownJobs()).map((job) => [job.name, job]));
  }

  /** Nothing is written, and the log says nothing but that all is well. */
  async function expectNothingToDo(): Promise<void> {
    const before = await gateway.jobs();
    expect(await pod.sync("--only", "cron")).toEqual([CONNECTED, COMPLETE]);
    const stamps = (jobs: readonly LiveJob[]) =>
      new Map(jobs.map(({ id, updatedAtMs, configRevision }) => [id, [updatedAtMs, configRevision]]));
    expect(stamps(await gateway.jobs())).toEqual(stamps(before));
  }

  test.each(FEATURES)("%s is there, or not, as the table says", async (feature) => {
    await setUp();
    expect(await probeFeature(gateway, feature)).toBe(features[feature]);
  });

  test("takes every kind of job that it can, refuses the others one by one, and has nothing to do the next time", async () => {
    await setUp();
    const possible = EVERY_KIND.filter((definition) => missingOf(definition).length === 0);
    const impossible = EVERY_KIND.filter((definition) => missingOf(definition).length > 0);
    await pod.mounts.publishJobs(EVERY_KIND);
    const { exitCode, messages } = await pass();
    expect(exitCode).toBe(impossible.length > 0 ? 1 : 0);
    const warnings = messages.filter((line) => line.startsWith("WARNING") && !line.includes("costs model tokens"));
    expect(warnings).toEqual(
      impossible.map(({ name }) =>
        expect.stringMatching(new RegExp(`^WARNING: Failed to add cron job: ${name}: .* needs OpenClaw 2026`)),
      ),
    );
    expect(Object.keys(await nameOwn()).toSorted()).toEqual(possible.map(({ name }) => name).toSorted());

    await makeEqual(possible);
    await expectNothingToDo();
    await makeEqual([]);
    expect(await pod.ownJobs()).toEqual([]);
  });

  /** Lets each job become another kind of job, again and again; `ids`: of those that are there. */
  async function expectChanges(ids: Record<string, string>): Promise<void> {
    const states = EVERY_KIND.filter((definition) => missingOf(definition).length === 0);
    // Without what cannot be taken out again.
    const usable = states
      .filter(({ failureAlert }) => features.alertRemoval || failureAlert === undefined)
      .filter(({ name }) => features.destinationRemoval || name !== "destinations");
    for (let round = 0, shift = 0; round < 5; round++, shift += 7 * round + 1) {
      const jobs = usable.map((_, index): Definition => {
        return Object.assign({}, usable[(index + shift) % usable.length], { name: `job ${index}` });
      });
      await makeEqual(jobs);
      await expectNothingToDo();
      const own = Object.entries(await nameOwn()).map(([name, { id }]) => [name, id]);
      expect(Object.fromEntries(own)).toMatchObject(ids);
      ids = Object.fromEntries(own) as Record<string, string>;
    }
    await makeEqual([]);
  }

  test("becomes what is declared from whatever it was, with the same ids", async () => {
    await setUp();
    await expectChanges({});
  });

  test("becomes what is declared from whatever it was, with the same ids, though it was made by hand", async () => {
    await setUp();
    const ids: Record<string, string> = {};
    for (let index = 0; index < 20; index++) {
      const payload = { ...HAND_MADE.payload, timeoutSeconds: 9 };
      ids[`job ${index}`] = await addJob(gateway, { ...HAND_MADE, name: `job ${index}`, payload });
    }
    await expectChanges(ids);
  });
});
