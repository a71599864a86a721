// A sidecar that is killed again and again while workspace files and approvals change all the time, beside a real
// gateway, an agent that edits its workspace and a person who allows commands.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Gateway, connectGateway } from "../../lib/gateway/connection.ts";
import { approvalsOf, getApprovals, grantPattern, patternsOf } from "../support/approvals.ts";
import { generation, readSkill, startAgent } from "../support/busy-agent.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { killUnderChange } from "../support/kills.ts";
import { ALONE, type Pod, createPod } from "../support/pod.ts";
import { RELEASES, getRelease } from "../support/release.ts";
import { runBinary } from "../support/sidecar.ts";
import { runs } from "../support/soak.ts";
import { type Volume, createVolume } from "../support/volume.ts";

describe.each([...RELEASES])("kills beside OpenClaw %s", (version) => {
  let gateway: TestGateway;
  let pod: Pod;
  let files: Volume;
  let client: Gateway;

  const variables = () => ({ WORKSPACE_DIR: files.path, OPENCLAW_GATEWAY_TOKEN: gateway.token });
  const gitPattern = (round: number) => `/opt/git/${round}/tool`;

  /** Both volumes, as of one round. */
  async function publish(round: number): Promise<void> {
    await files.publish(generation(round));
    await pod.mounts.config.publish({
      "openclaw.json": gateway.config(),
      "exec-approvals.json": approvalsOf(["/usr/bin/git", gitPattern(round)]),
    });
  }

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version));
    pod = await createPod(gateway);
    files = await createVolume(join(pod.mounts.root, "workspace.d"));
    await publish(0);
    await pod.mounts.publishJobs([]);
    await runBinary(["init"], pod.environment(variables()));
    await gateway.start();
    const { url, token } = gateway;
    client = await connectGateway({ url, credentials: { token }, onEvent: () => {}, onClose: () => {} });
  });
  afterAll(async () => {
    await client.close();
    await pod.dispose();
    await gateway.dispose();
  });

  test("no half skill, no stray file, nothing of the agent's or the person's gone", async () => {
    const workspace = join(gateway.home, ".openclaw/workspace");
    const agent = startAgent(workspace);
    const grants: string[] = [];
    const isDone = new AbortController();
    const granting = (async () => {
      while (!isDone.signal.aborted) {
        const pattern = `/home/person/${grants.length}`;
        await grantPattern(client, pattern);
        grants.push(pattern);
        await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 400));
      }
    })();
    const seen = await killUnderChange({
      count: runs(200),
      limitMs: 1_500,
      publish,
      start: async (findsGateway) => pod.start({ ...variables(), ...(findsGateway ? {} : ALONE) }),
      judge: async () => (await readSkill(join(workspace, "skills/foo")))?.get("b.md") ?? "none",
    });
    isDone.abort();
    await Promise.all([agent.stop(), granting]);
    expect(agent.half).toBeUndefined();
    console.log(`(${version}) ${seen} generations seen, ${grants.length} grants`);

    await publish(99_999);
    const env = pod.environment(variables());
    const last = await runBinary(["sync"], env);
    expect({ exitCode: last.exitCode, stderr: last.stderr, log: last.messages }).toMatchObject({ exitCode: 0 });
    const damage = await agent.findDamage();
    expect(damage).toMatchObject({ lost: [], strays: [] });
    expect(damage.edits).toBeGreaterThan(5);
    expect((await readSkill(join(workspace, "skills/foo")))?.get("a.md")).toBe("git 99999\n");
    const { file } = await getApprovals(client);
    // Git's rules of this round, every grant, and none of Git's former rules.
    expect(patternsOf(file).toSorted()).toEqual(["/usr/bin/git", gitPattern(99_999), ...grants].toSorted());
    const around = await readdir(dirname(gateway.configPath));
    expect(around.filter((name) => name.endsWith(".tmp"))).toEqual([]);
    const diff = JSON.parse((await runBinary(["diff", "--json"], env)).stdout) as { changes: number };
    expect(diff.changes).toBe(0);
  }, 900_000);
});
