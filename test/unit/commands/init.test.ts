import { chmod, mkdir, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { computeChecksum } from "../../../lib/files/checksum.ts";
import { keepRejection, writeRecord } from "../../../lib/config/record.ts";
import { init } from "../../../lib/commands/init.ts";
import { KIND_NAMES, type KindName, loadReconcilers } from "../../../lib/commands/kinds.ts";
import { createSecretGuard } from "../../../lib/text/guard.ts";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";
import { readSettings } from "../../../lib/settings.ts";
import {
  asOrdinaryUser,
  createClock,
  createScratch,
  define,
  generationOf,
  unreachableTransport,
} from "../../support/fakes.ts";
import { createVolume } from "../../support/volume.ts";

const OLD = '{gateway: {mode: "local"}, a: 1} // the former one\r\n';
const GOOD = '{gateway: {mode: "local"}, a: 2}\n';
const JOBS = JSON.stringify([define()]);

const STAGED = ["=== Staging cron job config from ConfigMap ===", "=== Cron config staged successfully ==="];
const SKIPPED = ["=== Staging cron job config from ConfigMap ===", "=== No cron config found, skipping ==="];

/** A Pod before its start: the files of both ConfigMaps, if they are mounted, and the live config. */
async function startPod({ config, live, jobs }: { config?: string; live?: string; jobs?: Record<string, string> }) {
  const scratch = await createScratch();
  await mkdir(scratch.in("pvc"));
  const pvcConfig = scratch.in("pvc", "openclaw.json");
  const stagingDir = scratch.in("pvc", "cron-config");
  if (live !== undefined) await writeFile(pvcConfig, live, { mode: 0o640 });
  const volumes = {
    config: await createVolume(scratch.in("config.d")),
    cron: await createVolume(scratch.in("cron.d")),
  };
  if (config !== undefined) await volumes.config.publish({ "openclaw.json": config });
  if (jobs) await volumes.cron.publish(jobs);

  const read = readSettings(
    {
      configDir: volumes.config.path,
      cronDir: volumes.cron.path,
      pvcConfig,
      stagingDir,
      checksumDir: scratch.in("checksums"),
    },
    {},
  );
  if (read.kind === "invalid") throw new Error(read.problems.join());
  const { settings } = read;
  const lines: string[] = [];
  return {
    scratch,
    pvcConfig,
    stagingDir,
    volumes,
    lines,
    async init(...only: KindName[]) {
      const log = (line: string) => void lines.push(line);
      const transport = unreachableTransport();
      const { signal } = new AbortController();
      const clock = createClock(Date.now());
      const options = { selfHeal: false, allowMassRemoval: false, logsFirstPass: true, connectLimitMs: 0 };
      const guard = createSecretGuard();
      const context = {
        settings,
        env: {},
        transport,
        guard,
        log,
        warnings: createWarnings(log),
        signal,
        clock,
        ...options,
      };
      return init({ reconcilers: await loadReconcilers(context) }, only.length > 0 ? only : KIND_NAMES);
    },
    live: () => readFile(pvcConfig, "utf8"),
    mode: async () => (await stat(pvcConfig)).mode & 0o7777,
    files: async () => (await readdir(scratch.in("pvc"))).toSorted(),
    staged: (name: string) => readFile(scratch.in("pvc", "cron-config", name), "utf8"),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

const rejectionOf = (text: string) => {
  return {
    checksum: computeChecksum(Buffer.from(text)),
    release: "2026.9.6",
    problems: ['agents: Unrecognized key: "x"'],
  };
};

const rejected = (pvcConfig: string, problem: string) =>
  `WARNING: Config rejected, ${pvcConfig} stays as it is: ${problem}`;

describe("init() and the config", () => {
  test("copies it to a new volume, byte for byte, with mode 0600", async () => {
    await using pod = await startPod({ config: OLD });
    expect(await pod.init()).toBeTrue();
    expect(await pod.live()).toBe(OLD);
    expect(await pod.mode()).toBe(0o600);
    expect(pod.lines).toEqual([`Config copied to PVC: ${pod.pvcConfig}`, ...SKIPPED]);
  });

  test("replaces the previous one, and keeps its mode", async () => {
    await using pod = await startPod({ config: GOOD, live: OLD });
    expect(await pod.init()).toBeTrue();
    expect(await pod.live()).toBe(GOOD);
    expect(await pod.mode()).toBe(0o640);
    expect(pod.lines[0]).toBe(`Config copied to PVC: ${pod.pvcConfig}`);
  });

  test("overwrites an edit, even of a config that was applied before", async () => {
    await using pod = await startPod({ config: GOOD, live: OLD });
    await mkdir(pod.scratch.in("checksums"));
    await writeFile(pod.scratch.in("checksums", "config"), `${computeChecksum(Buffer.from(GOOD))}\n`);
    expect(await pod.init()).toBeTrue();
    expect(await pod.live()).toBe(GOOD);
  });

  test("does not rewrite an equal file", async () => {
    await using pod = await startPod({ config: GOOD, live: GOOD });
    const { ino } = await stat(pod.pvcConfig);
    expect(await pod.init()).toBeTrue();
    expect((await stat(pod.pvcConfig)).ino).toBe(ino);
    expect(pod.lines).toEqual(SKIPPED);
  });

  test("creates the directory of the live file", async () => {
    await using pod = await startPod({ config: GOOD });
    await rm(pod.scratch.in("pvc"), { recursive: true });
    expect(await pod.init()).toBeTrue();
    expect(await pod.live()).toBe(GOOD);
  });

  test("warns of a config below half the former size, and copies it", async () => {
    await using pod = await startPod({ config: "{}", live: "{a: 1}" });
    expect(await pod.init()).toBeTrue();
    expect(pod.lines.slice(0, 2)).toEqual([
      "WARNING: Config is less than half its former size: 6 bytes before, 2 now",
      `Config copied to PVC: ${pod.pvcConfig}`,
    ]);
  });

  test("removes the temporary files of a killed writer", async () => {
    await using pod = await startPod({ config: GOOD, live: OLD });
    for (const name of ["openclaw.json", "openclaw.json.config-manager-good"]) {
      await writeFile(pod.scratch.in("pvc", `.${name}.config-manager-0123.tmp`), "{");
    }
    await pod.init();
    expect(await pod.files()).toEqual(["openclaw.json", "openclaw.json.config-manager-applied"]);
  });

  test.each([
    ["is broken", "{", "invalid end of input at 1:2"],
    ["is empty", "", "the file is empty"],
    [
      "has lost gateway.mode",
      "{}",
      "gateway.mode is missing; the live file has it, and OpenClaw does not start without",
    ],
  ])("keeps a good live file if the ConfigMap's config %s", async (_, config, problem) => {
    await using pod = await startPod({ config, live: OLD });
    await writeRecord(pod.pvcConfig, "good", generationOf(GOOD));
    expect(await pod.init()).toBeTrue();
    expect(await pod.live()).toBe(OLD);
    expect(pod.lines).toEqual([rejected(pod.pvcConfig, problem), ...SKIPPED]);
  });

  test("keeps a good live file if no config is mounted", async () => {
    for (const live of [OLD, "{}"]) {
      await using pod = await startPod({ live });
      expect(await pod.init()).toBeTrue();
      expect(await pod.live()).toBe(live);
      expect(pod.lines[0]).toBe(`WARNING: Config file not found: ${pod.volumes.config.path}/openclaw.json`);
    }
  });

  test("does not copy one that a gateway rejected before", async () => {
    await using pod = await startPod({ config: GOOD, live: OLD });
    await keepRejection(pod.pvcConfig, rejectionOf(GOOD));
    expect(await pod.init()).toBeTrue();
    expect(await pod.live()).toBe(OLD);
    const recorded = `(recorded in ${pod.pvcConfig}.config-manager-rejected)`;
    expect(pod.lines[0]).toBe(rejected(pod.pvcConfig, `agents: Unrecognized key: "x" ${recorded}`));
    // Another one is copied.
    await pod.volumes.config.publish({ "openclaw.json": `${GOOD} ` });
    expect(await pod.init()).toBeTrue();
    expect(await pod.live()).toBe(`${GOOD} `);
  });

  test("copies a rejected one if there is no other", async () => {
    await using pod = await startPod({ config: GOOD });
    await keepRejection(pod.pvcConfig, rejectionOf(GOOD));
    expect(await pod.init()).toBeTrue();
    expect(await pod.live()).toBe(GOOD);
  });

  test.each([
    ["broken", "{ "],
    ["gone", undefined],
  ])("restores the last good one if the ConfigMap's is broken and the live one is %s", async (_, live) => {
    await using pod = await startPod({ config: "{", ...(live === undefined ? {} : { live }) });
    await writeRecord(pod.pvcConfig, "good", generationOf(OLD));
    expect(await pod.init()).toBeTrue();
    expect(await pod.live()).toBe(OLD);
    expect(pod.lines).toEqual([
      rejected(pod.pvcConfig, "invalid end of input at 1:2"),
      `Last good config put back: ${pod.pvcConfig}`,
      ...SKIPPED,
    ]);
  });

  test("restores the last good one if the ConfigMap's was rejected and the live one is gone", async () => {
    await using pod = await startPod({ config: GOOD });
    await writeRecord(pod.pvcConfig, "good", generationOf(OLD));
    await keepRejection(pod.pvcConfig, rejectionOf(GOOD));
    expect(await pod.init()).toBeTrue();
    expect(await pod.live()).toBe(OLD);
  });

  test.each<[string, { config?: string; live?: string }]>([
    ["there is none at all", {}],
    ["the only one is broken", { config: "{" }],
    ["both are broken", { config: "{", live: "[" }],
    ["the live one is broken, and none is mounted", { live: "[]" }],
  ])("returns false if %s", async (_, files) => {
    await using pod = await startPod(files);
    expect(await pod.init()).toBeFalse();
    if (files.live === undefined) expect(await readdir(pod.scratch.in("pvc"))).toEqual([]);
    else expect(await pod.live()).toBe(files.live);
  });

  test("warns of a link or a directory in its place, writes through neither, and is about what OpenClaw finds", async () => {
    await using pod = await startPod({ config: GOOD });
    await writeFile(pod.scratch.in("elsewhere.json"), OLD);
    await symlink(pod.scratch.in("elsewhere.json"), pod.pvcConfig);
    expect(await pod.init()).toBeTrue(); // OpenClaw follows links
    expect(pod.lines).toEqual([
      expect.stringMatching(/^WARNING: Failed to update config: .* is a symbolic link, expected a regular file/),
      ...SKIPPED,
    ]);
    expect(await readFile(pod.scratch.in("elsewhere.json"), "utf8")).toBe(OLD);
    await rm(pod.pvcConfig);
    await mkdir(pod.pvcConfig);
    expect(await pod.init()).toBeFalse();
  });

  test("returns true if the live file can be read and the volume cannot be written", async () => {
    await using pod = await startPod({ config: GOOD, live: OLD });
    await chmod(pod.scratch.path, 0o755);
    await chmod(pod.pvcConfig, 0o644);
    await chmod(pod.scratch.in("pvc"), 0o555);
    const isUsable = await asOrdinaryUser(() => pod.init());
    await chmod(pod.scratch.in("pvc"), 0o755);
    expect(isUsable).toBeTrue();
    expect(pod.lines[0]).toStartWith(`WARNING: Failed to update config: cannot write ${pod.pvcConfig}: EACCES`);
  });

  test("returns false for a live file that it may neither read nor replace", async () => {
    await using pod = await startPod({ config: GOOD, live: OLD });
    await chmod(pod.scratch.path, 0o755);
    await chmod(pod.pvcConfig, 0);
    expect(await asOrdinaryUser(() => pod.init())).toBeFalse();
    // Nobody else is going to mend it, so it counts as missing.
    expect(pod.lines[0]).toBe(`WARNING: Ignored: cannot read ${pod.pvcConfig}: EACCES`);
    expect(pod.lines[1]).toStartWith(`WARNING: Failed to update config: cannot write ${pod.pvcConfig}: EACCES`);
  });
});

describe("init() and the cron definitions", () => {
  test("stages them, byte for byte, with the log lines of the original init container", async () => {
    await using pod = await startPod({
      config: GOOD,
      live: GOOD,
      jobs: { "cron-jobs.json": JOBS, "more.yaml": "[]\n" },
    });
    expect(await pod.init()).toBeTrue();
    expect(await pod.staged("cron-jobs.json")).toBe(JOBS);
    expect(await pod.staged("more.yaml")).toBe("[]\n");
    expect(pod.lines).toEqual(STAGED);
  });

  test("skips them if there are none, and keeps the staged ones", async () => {
    await using pod = await startPod({ config: GOOD, live: GOOD });
    await mkdir(pod.stagingDir);
    await writeFile(pod.scratch.in("pvc", "cron-config", "cron-jobs.json"), JOBS);
    for (let start = 0; start < 2; start++) {
      expect(await pod.init()).toBeTrue();
      expect(await pod.staged("cron-jobs.json")).toBe(JOBS);
      expect(pod.lines.splice(0)).toEqual(SKIPPED);
      await rm(pod.volumes.cron.path, { recursive: true, force: true });
    }
  });

  test("prepares only the kind that was asked for, and returns its result only", async () => {
    await using pod = await startPod({ config: OLD, live: "{", jobs: { "cron-jobs.json": JOBS } });
    expect(await pod.init("cron")).toBeTrue();
    expect(await pod.live()).toBe("{");
    expect(pod.lines.splice(0)).toEqual(STAGED);
    await rm(pod.stagingDir, { recursive: true });
    expect(await pod.init("config")).toBeTrue();
    expect(pod.lines).toEqual([`Config copied to PVC: ${pod.pvcConfig}`]);
    expect(await pod.files()).toEqual(["openclaw.json", "openclaw.json.config-manager-applied"]);
  });

  test("stages nothing of an invalid set: the earlier copy stays", async () => {
    const jobs = { "a.json": JSON.stringify([define({ name: "new" })]), "b.json": '[{"name": "broken"}]' };
    await using pod = await startPod({ config: GOOD, live: GOOD, jobs });
    await mkdir(pod.stagingDir);
    await writeFile(pod.scratch.in("pvc", "cron-config", "a.json"), JOBS);
    expect(await pod.init()).toBeTrue();
    expect(await readdir(pod.stagingDir)).toEqual(["a.json"]);
    expect(await pod.staged("a.json")).toBe(JOBS);
    const [first, ...problems] = pod.lines;
    expect(first).toBe("=== Staging cron job config from ConfigMap ===");
    expect(problems.length).toBeGreaterThan(0);
    for (const line of problems) expect(line).toStartWith("WARNING: Cron config rejected: b.json: broken: ");
  });

  test("stages them even if the config fails", async () => {
    await using pod = await startPod({ config: "{", jobs: { "cron-jobs.json": JOBS } });
    expect(await pod.init()).toBeFalse();
    expect(await pod.staged("cron-jobs.json")).toBe(JOBS);
    expect(pod.lines.slice(-2)).toEqual(STAGED);
  });

  test("returns true if they cannot be staged, since OpenClaw starts without them, and warns", async () => {
    await using pod = await startPod({ config: GOOD, live: OLD, jobs: { "cron-jobs.json": JOBS } });
    await writeFile(pod.stagingDir, "a file in the way");
    expect(await pod.init()).toBeTrue();
    expect(await pod.live()).toBe(GOOD);
    expect(pod.lines).toEqual([
      `Config copied to PVC: ${pod.pvcConfig}`,
      "=== Staging cron job config from ConfigMap ===",
      expect.stringMatching(
        /^WARNING: Failed to stage cron config: .*cron-config is no directory, expected a directory /,
      ),
    ]);
  });
});
