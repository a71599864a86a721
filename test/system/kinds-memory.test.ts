// What five kinds of settings take: one sync within 32 MiB, and the sidecar within the manifests' 128 MiB and a tenth of a
// core, beside a real gateway.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { approvalsOf } from "../support/approvals.ts";
import { createControlGroup, whyNoControlGroups } from "../support/control-group.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { mustRun } from "../support/process.ts";
import { VARIABLES, realConfig } from "../support/real-config.ts";
import { RELEASES, getRelease } from "../support/release.ts";
import { BINARY, runBinary, startSidecar } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import { type Volume, createVolume } from "../support/volume.ts";

const MIB = 1024 ** 2;
const LIMIT_MS = 300_000;

const missing = await whyNoControlGroups();
if (missing) console.log(`(skip) the memory of five kinds: ${missing}`);

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

describe.skipIf(missing !== undefined).each([...RELEASES])("five kinds beside OpenClaw %s", (version) => {
  let gateway: TestGateway;
  let pod: Pod;
  let files: Volume;
  let secrets: Volume;
  let program: string;
  let env: Record<string, string>;

  async function publish(word: string): Promise<void> {
    await secrets.publish(Object.fromEntries(range(10).map((key) => [`key-${key}`, `value-${word}-${key}`])));
    await pod.mounts.config.publish({
      "openclaw.json": realConfig(gateway, { ackReaction: word }),
      "exec-approvals.json": approvalsOf(range(50).map((rule) => `/opt/${word}/${rule}/bin/tool`)),
    });
    await pod.mounts.publishJobs(
      range(20).map((job) => ({ name: `job-${job}`, schedule: "0 3 1 1 *", message: `Say ${word}.` })),
    );
    await files.publish(
      Object.fromEntries([
        ["AGENTS.md", `# ${word}\n`],
        ...range(100).map((file) => [`notes/${file}.md`, `${word} `.repeat(1_000)] as const),
        ["skills/notes/SKILL.md", `---\nname: notes\ndescription: Keeps notes, ${word}.\n---\n`],
      ]),
    );
    // The user in the group reads what is mounted, and writes beside the live config.
    await mustRun("chown", ["-hR", "1000:1000", pod.mounts.root, join(gateway.home, ".openclaw")]);
  }

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version), VARIABLES);
    pod = await createPod(gateway);
    files = await createVolume(join(pod.mounts.root, "workspace.d"));
    secrets = await createVolume(join(pod.mounts.root, "secrets.d"));
    await mkdir(join(pod.mounts.root, "secrets"));
    program = join(pod.mounts.root, "config-manager"); // a copy, whose pages are charged to this group alone
    await copyFile(BINARY, program);
    await chmod(program, 0o755);
    await chmod(pod.mounts.root, 0o755);
    await chmod(gateway.home, 0o755);
    env = pod.environment({
      ...VARIABLES,
      OPENCLAW_GATEWAY_TOKEN: gateway.token,
      WORKSPACE_DIR: files.path,
      SECRETS_DIR: secrets.path,
      SECRETS_TARGET_DIR: join(pod.mounts.root, "secrets"),
    });
    await publish("one");
    await runBinary(["init"], env);
    await gateway.startAsKubelet();
    await mustRun("chown", ["-hR", "1000:1000", pod.mounts.root, join(gateway.home, ".openclaw")]);
  }, LIMIT_MS);

  afterAll(async () => {
    await pod.dispose();
    await gateway.dispose();
  });

  const isInForce = async (word: string) => {
    const config = await readFile(gateway.configPath, "utf8");
    const notes = await readFile(join(gateway.home, ".openclaw/workspace/notes/99.md"), "utf8").catch(() => "");
    const secret = await readFile(join(pod.mounts.root, "secrets/key-9"), "utf8").catch(() => "");
    const jobs = await pod.ownJobs();
    return (
      config.includes(word) &&
      notes.startsWith(word) &&
      secret.includes(word) &&
      jobs.length === 20 &&
      jobs.every(({ payload }) => JSON.stringify(payload).includes(`Say ${word}.`))
    );
  };

  test(
    "one sync of all takes less than 32 MiB",
    async () => {
      await using group = await createControlGroup({ memoryBytes: 32 * MIB, cpus: 1 });
      await publish("two");
      const { exitCode, stdout, stderr } = await runBinary(["sync"], env, [...group.enter, program]);
      expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0, stderr: "" });
      expect(await isInForce("two")).toBe(true);
      const { peakBytes, oomKills } = await group.memory();
      console.log(`(${version}) a sync of five kinds: ${Math.round(peakBytes / MIB)} of 32 MiB`);
      expect(oomKills).toBe(0);
    },
    LIMIT_MS,
  );

  test(
    "the sidecar follows all within the limits of the manifests",
    async () => {
      await using group = await createControlGroup({ memoryBytes: 128 * MIB, cpus: 0.1 });
      const sidecar = startSidecar(env, ["run"], [...group.enter, program]);
      try {
        const explain = () => sidecar.messages().join("\n");
        await sidecar.waitFor("Performing initial cron job sync...");
        for (const word of ["three", "four"]) {
          await publish(word);
          await until(`${word} to be in force`, () => isInForce(word), { explain, limitMs: LIMIT_MS });
        }
        const { peakBytes, oomKills } = await group.memory();
        console.log(`(${version}) the sidecar with five kinds: ${Math.round(peakBytes / MIB)} of 128 MiB`);
        expect(oomKills).toBe(0);
      } finally {
        await sidecar.dispose();
      }
    },
    2 * LIMIT_MS,
  );
});
