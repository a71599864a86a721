// Exec approvals on real gateways: 2026.2.9 keeps them in a file, 2026.9.6 in SQLite.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { approvalsOf, editApprovals, getApprovals, grantPattern, patternsOf } from "../support/approvals.ts";
import { type Gateway, connectGateway } from "../../lib/gateway/connection.ts";
import { type Pod, createPod, forgetRecords } from "../support/pod.ts";
import { type SharedGateway, borrowGateway } from "../support/shared-gateway.ts";
import { runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const COMPLETE = "Exec approvals sync complete";

describe.each(["2026.9.6", "2026.2.9"])("exec approvals on %s", (version) => {
  let gateway: SharedGateway;
  let pod: Pod;
  /** Of a person, whose calls overlap. */
  let client: Gateway;

  beforeAll(async () => {
    gateway = await borrowGateway(version);
    const { url, token } = gateway;
    client = await connectGateway({ url, credentials: { token }, onEvent: () => {}, onClose: () => {} });
  });
  beforeEach(async () => {
    await edit(() => ({ defaults: {}, agents: {} }));
    await forgetRecords(gateway);
    pod = await createPod(gateway);
  });
  afterEach(() => pod.dispose());
  afterAll(async () => {
    await edit(() => ({ defaults: {}, agents: {} }));
    await forgetRecords(gateway);
    await client.close();
  });

  const edit = (change: Parameters<typeof editApprovals>[1]) => editApprovals(client, change);
  const grant = (pattern: string) => grantPattern(client, pattern);
  const live = async () => (await getApprovals(client)).file;

  const publish = (text?: string) =>
    pod.mounts.config.publish({
      "AGENTS.md": "Here lies what others read: no config, so that the gateway's stays as it is.",
      ...(text === undefined ? {} : { "exec-approvals.json": text }),
    });
  const sync = () => pod.sync("--only", "approvals");
  const diff = async (...args: string[]) => {
    const { stdout } = await runBinary(["diff", "--json", ...args], pod.environment());
    return (JSON.parse(stdout) as { approvals: Record<string, string[]> }).approvals;
  };
  const NO_CHANGES = { add: [], change: [], remove: [], problems: [] };

  test("are applied, changed and taken out, and what people granted stays", async () => {
    await grant("/usr/bin/mine");
    const socket = (await live()).socket;
    await publish(approvalsOf(["/usr/bin/rg", "~/bin/**/git"], { security: "allowlist", ask: "on-miss" }));
    expect((await sync()).slice(-2)).toEqual([
      "Exec approvals updated: agents.main.security, agents.main.ask, agents.main.allowlist (+2)",
      COMPLETE,
    ]);
    expect(patternsOf(await live())).toEqual(["/usr/bin/mine", "/usr/bin/rg", "~/bin/**/git"]);
    expect((await live()).agents.main).toMatchObject({ security: "allowlist", ask: "on-miss" });
    expect(await sync()).toEqual([expect.stringMatching(/^Connected to gateway/)]);
    expect(await diff()).toMatchObject({ ...NO_CHANGES, notInGit: ['agents.main.allowlist "/usr/bin/mine"'] });

    await publish(approvalsOf(["~/bin/**/git"], { security: "full" }));
    await sync();
    expect(patternsOf(await live())).toEqual(["/usr/bin/mine", "~/bin/**/git"]);
    expect((await live()).agents.main).not.toHaveProperty("ask");

    await publish();
    await sync();
    expect((await live()).agents).toEqual({
      main: { allowlist: [expect.objectContaining({ pattern: "/usr/bin/mine" })] },
    });
    expect((await live()).socket).toEqual(socket);
    const { stdout } = await runBinary(["status"], pod.environment());
    expect(stdout).toMatch(/^not used .*approvals/m);
  });

  test("of every kind that this release knows leave no difference", async () => {
    const isNew = version === "2026.9.6";
    const allowlist = [
      { pattern: "/a" },
      { pattern: "/A" },
      ...(isNew ? [{ pattern: "/a", argPattern: "^x$", source: "allow-always" }] : []),
    ];
    const main = { allowlist, ...(isNew && { mcpTools: [{ server: "docs", tool: "read" }] }) };
    const defaults = { security: "deny", ask: "always", askFallback: "full", autoAllowSkills: false };
    await publish(
      JSON.stringify({
        version: 1,
        defaults,
        agents: { main, "*": { allowlist: [{ pattern: "/b" }] }, "Odd Name": { ask: "off" } },
      }),
    );
    await sync();
    expect(await diff()).toEqual({ ...NO_CHANGES, notInGit: [] });
    const hash = (await getApprovals(client)).hash;
    expect(await sync()).toHaveLength(1);
    expect((await getApprovals(client)).hash).toBe(hash);
  });

  test("that are exported leave no difference, and carry no secret and no stamp", async () => {
    await grant("/usr/bin/mine");
    await edit(({ agents }) => ({ agents, defaults: { security: "allowlist" } }));
    const { stdout, stderr, exitCode } = await runBinary(["export", "approvals"], pod.environment());
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      defaults: { security: "allowlist" },
      agents: { main: { allowlist: [{ pattern: "/usr/bin/mine" }] } },
    });
    await publish(stdout);
    expect(await diff()).toEqual({ ...NO_CHANGES, notInGit: [] });
    expect((await runBinary(["validate"], pod.environment())).stdout).toContain(
      "exec-approvals.json: 2 exec approvals, no problem",
    );
  });

  test("that a person grants while Git changes ten times are all there", async () => {
    const sidecar = pod.start();
    const granted: string[] = [];
    for (let round = 0; round < 10; round++) {
      await publish(approvalsOf([`/git/${round}`, "/always"]));
      // Grant upon grant, from the change on until it is applied. Without a pause, no other client would ever get a turn.
      while (!patternsOf(await live()).includes(`/git/${round}`)) {
        await grant(`/granted/${granted.length}`);
        granted.push(`/granted/${granted.length}`);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
      }
    }
    await until("the former change to be gone", async () => !patternsOf(await live()).includes("/git/8"));
    expect(granted.length).toBeGreaterThanOrEqual(10); // one in each round, at least
    expect(patternsOf(await live()).toSorted()).toEqual(["/always", "/git/9", ...granted].toSorted());
    // Four conflicts in a row are told, and tried again.
    expect(
      sidecar.messages().filter((line) => /^WARNING: Exec|change detected in .*exec-approvals/.test(line)),
    ).toHaveLength(10);
    await publish();
    await until("all of Git's to be gone", async () => !patternsOf(await live()).includes("/always"));
    expect(patternsOf(await live())).toEqual(granted);
  });

  test("that something else takes out are told, and put back with --self-heal", async () => {
    await publish(approvalsOf(["/a"], { security: "deny" }));
    await sync();
    await edit(() => ({ agents: { main: { security: "full" } } }));
    const sidecar = pod.start();
    await sidecar.waitFor(/^WARNING: Exec approvals drift: .*agents\.main\.security, agents\.main\.allowlist \(\+1\)/);
    expect(await diff()).toMatchObject({ add: [], change: [] });
    await sidecar.dispose();
    const status = await runBinary(["status", "--json"], pod.environment());
    expect(JSON.parse(status.stdout)).toMatchObject({ approvals: { state: "drifted", declared: 2 } });

    const healing = pod.start({}, ["run", "--self-heal"]);
    await healing.waitFor("Healing exec approvals drift: agents.main.security, agents.main.allowlist (+1)");
    await healing.waitFor(COMPLETE);
    expect((await live()).agents.main).toMatchObject({ security: "deny", allowlist: [{ pattern: "/a" }] });
  });

  test("that the gateway refuses are told with its reason, and the live ones stay", async () => {
    const { hash } = await getApprovals(client);
    await publish(
      JSON.stringify({ version: 1, agents: { main: { allowlist: [{ pattern: "/a", argPattern: "^x$" }] } } }),
    );
    const { exitCode, messages } = await runBinary(["sync", "--only", "approvals"], pod.environment());
    if (version === "2026.9.6") {
      expect(exitCode).toBe(0);
      return;
    }
    expect(exitCode).toBe(1);
    expect(messages.at(-1)).toStartWith(
      "WARNING: Exec approvals refused by the gateway, the live ones stay as they are: invalid exec.approvals.set params: at /file/agents/main/allowlist/0: unexpected property 'argPattern' (",
    );
    expect((await getApprovals(client)).hash).toBe(hash);
  });
});
