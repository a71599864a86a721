// Holds recorded outputs of `openclaw cron list --all --json` from real gateways (see golden/record.ts) against several
// desired sets: the plan, and the exact arguments that the CLI is run with.
//
// UPDATE_GOLDEN=1 rewrites the expected files, but never in CI. Review them before you keep them.

import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { applyActions } from "../../../lib/cron/apply.ts";
import { parseDefinitionFiles } from "../../../lib/definition/files.ts";
import { openCliStore } from "../../../lib/gateway/cli-store.ts";
import { type CronPlan, planCron } from "../../../lib/cron/plan.ts";
import { createReplay } from "../../support/openclaw-stub.ts";
import { GOLDEN } from "../../support/repository.ts";

const RELEASES = ["2026.2.9", "2026.3.13", "2026.6.11", "2026.9.6"];
const SITUATIONS = ["empty", "plan", "mixed"];
const DESIRED = ["changed", "none", "plan", "several"];

/** A day after the recordings; the moment in January that `several` declares has passed. */
const NOW_MS = Date.UTC(2026, 10, 23);

const root = mkdtempSync(join(tmpdir(), "config-manager-golden-"));
afterAll(() => rmSync(root, { recursive: true }));

describe.each(RELEASES)("on %s", (release) => {
  describe.each(SITUATIONS)("with the jobs of %s", (situation) => {
    test.each(DESIRED)("made equal to %s", async (desired) => {
      const found = await replayPass(release, situation, desired);
      const file = expectedFile(release, situation, desired);
      if (process.env.UPDATE_GOLDEN === "1" && !process.env.CI) writeExpected(file, found);
      if (!existsSync(file)) throw new Error(`${file} is missing; UPDATE_GOLDEN=1 writes it, from:\n${print(found)}`);
      expect(found).toEqual(readJson(file) as Golden);
    });
  });

  test("every expected file belongs to a test", () => {
    const files = SITUATIONS.flatMap((situation) => DESIRED.map((desired) => `${situation}--${desired}.json`));
    expect(readdirSync(join(GOLDEN, release, "expected")).toSorted()).toEqual(files.toSorted());
  });

  // By the names that record.ts gave the jobs, so that the check does not depend on the code under test.
  test.each(SITUATIONS)(
    "of the jobs of %s, removes only ours, and edits only ours and the adopted ones",
    (situation) => {
      const ours = ["obsidian-vault-sync", "paused-backup", "disk-report"];
      const writable: Record<string, string[]> = { rm: ours, edit: [...ours, "morning-brief"] };
      const { jobs } = readJson(join(GOLDEN, release, `${situation}.json`)) as { jobs: { id: string; name: string }[] };
      for (const desired of DESIRED) {
        const { calls } = readJson(expectedFile(release, situation, desired)) as Golden;
        for (const [, verb = "", id] of calls) {
          if (verb in writable)
            expect(writable[verb]).toContain(jobs.find((job) => job.id === id)?.name ?? "no such job");
        }
      }
    },
  );
});

interface Golden {
  plan: CronPlan;
  /** The arguments of each `openclaw` that was run. */
  calls: string[][];
}

/** One pass over the CLI, as the sidecar makes it: observe, plan, apply. */
async function replayPass(release: string, situation: string, desired: string): Promise<Golden> {
  const version = readFileSync(join(GOLDEN, release, "version.txt"), "utf8");
  const list = readFileSync(join(GOLDEN, release, `${situation}.json`), "utf8");
  const replay = createReplay(mkdtempSync(join(root, "openclaw-")), version, list);
  const definitions = await readDesired(desired);

  const { PATH } = process.env;
  process.env.PATH = `${replay.bin}:${PATH}`;
  try {
    const { signal } = new AbortController();
    const store = await openCliStore(signal, { mayExpose: true });
    const policy = { owner: "config-manager", prune: "owned", allowMassRemoval: false } as const;
    const options = { ...policy, features: store.features, nowMs: NOW_MS };
    const plan = planCron(definitions, await store.listJobs(), options);
    const outcomes = await applyActions(plan.actions, { store, log: () => undefined, signal });
    expect(outcomes).toEqual(plan.actions.map(() => ({ kind: "done" })));
    return { plan, calls: replay.calls() };
  } finally {
    process.env.PATH = PATH;
  }
}

async function readDesired(desired: string) {
  const name = `${desired}.json`;
  const set = await parseDefinitionFiles([{ name, bytes: readFileSync(join(GOLDEN, "desired", name)) }]);
  if (set.kind === "invalid") throw new Error(JSON.stringify(set.problems));
  return set.definitions;
}

function expectedFile(release: string, situation: string, desired: string): string {
  return join(GOLDEN, release, "expected", `${situation}--${desired}.json`);
}

function writeExpected(file: string, found: Golden): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, print(found));
}

function print(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
