// Workspace files and skills beside real gateways: what the agent's gateway sees of them.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { RELEASES, getRelease } from "../support/release.ts";
import { variablesOf } from "../support/scene.ts";
import { type Mounts, createMounts, runBinary, startSidecar } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import { type Volume, createVolume } from "../support/volume.ts";

const SKILL = "---\nname: greet\ndescription: Says hello.\n---\nSay hello.\n";

interface Skills {
  skills: { name: string; description: string; baseDir: string; eligible: boolean }[];
}

/** Agents in a form that the release has; `second` has no workspace of its own. */
const AGENTS = {
  [RELEASES[0]]: { entries: { main: { default: true }, second: {}, lab: { workspace: "~/.openclaw/lab" } } },
  "2026.2.9": { list: [{ id: "main" }, { id: "second" }, { id: "lab", workspace: "~/.openclaw/lab" }] },
} as const;

describe.each([...RELEASES])("beside OpenClaw %s", (version) => {
  let gateway: TestGateway;
  let mounts: Mounts;
  let volume: Volume;

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version), variablesOf(version));
    await writeFile(gateway.configPath, gateway.config({ agents: AGENTS[version] }));
    await gateway.startAsKubelet();
  });
  afterAll(() => gateway.dispose());
  beforeEach(async () => {
    mounts = await createMounts();
    volume = await createVolume(join(mounts.root, "workspace.d"));
  });
  afterEach(() => mounts.dispose());

  const environment = (more: Record<string, string> = {}) =>
    mounts.environment({
      PVC_CONFIG: gateway.configPath,
      OPENCLAW_GATEWAY_URL: gateway.url,
      OPENCLAW_GATEWAY_TOKEN: gateway.token,
      WORKSPACE_DIR: volume.path,
      ...more,
    });
  const sync = () => runBinary(["sync", "--only", "workspace"], environment());
  const fileOf = async (agentId: string) => {
    const reply = await gateway.rpc<{ file: { content?: string } }>("agents.files.get", { agentId, name: "AGENTS.md" });
    return reply.file.content;
  };
  const skillOf = async (name: string) =>
    (await gateway.rpc<Skills>("skills.status", { agentId: "main" })).skills.find((skill) => skill.name === name);

  test("each agent sees its file, where this program resolves its workspace without a gateway too", async () => {
    await volume.publish({
      "AGENTS.md": "of main\n",
      "agents/second/AGENTS.md": "of second\n",
      "agents/lab/AGENTS.md": "of lab\n",
    });
    const apart = environment({ OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" });
    const { exitCode, messages } = await runBinary(["sync", "--only", "workspace"], apart);
    expect([exitCode, messages.filter((line) => line.startsWith("Workspace file written"))]).toEqual([
      0,
      [expect.any(String), expect.any(String), expect.any(String)],
    ]);
    expect(await Promise.all(["main", "second", "lab"].map(fileOf))).toEqual(["of main\n", "of second\n", "of lab\n"]);
    const again = await sync();
    expect([again.exitCode, again.messages.filter((line) => !line.startsWith("Connected"))]).toEqual([0, []]);
  });

  test("a skill is seen once it is written, and again when it has changed, without a restart", async () => {
    const starts = gateway.log().split("=== start").length;
    const sidecar = startSidecar(environment());
    try {
      await volume.publish({ "skills/greet/SKILL.md": SKILL });
      await sidecar.waitFor("Workspace sync complete");
      expect(await skillOf("greet")).toMatchObject({ description: "Says hello.", eligible: true });
      // 2026.9.6 notices a change by its watcher, which misses half of the folders that take the place of another.
      for (let change = 1; change <= 8; change++) {
        const from = sidecar.messages().length;
        await volume.publish({ "skills/greet/SKILL.md": SKILL.replace("hello.", `good day ${change}.`) });
        await sidecar.waitFor("Workspace sync complete", from);
        const isSeen = async () => (await skillOf("greet"))?.description === `Says good day ${change}.`;
        await until(`change ${change} to be seen`, isSeen, { limitMs: 20_000 });
      }
      expect(sidecar.messages().filter((line) => line.startsWith("WARNING: Skill"))).toEqual([]);
      await volume.publish({});
      await sidecar.waitFor(/^Workspace file removed/);
      await until("it to be gone", async () => (await skillOf("greet")) === undefined);
    } finally {
      await sidecar.dispose();
    }
    expect(gateway.log().split("=== start")).toHaveLength(starts);
  });

  test("many skills are all seen, though the gateway misses some of them where their folder is new", async () => {
    const names = Array.from({ length: 50 }, (_, index) => `skill-${index}`);
    const files = names.flatMap((name): [string, string][] => [
      [`skills/${name}/SKILL.md`, SKILL.replace("greet", name)],
      ..."abcdefghi"
        .split("")
        .map((part): [string, string] => [
          `skills/${name}/references/${part}.md`,
          `Line of part ${part}.\n`.repeat(100),
        ]),
    ]);
    const sidecar = startSidecar(environment({ POLL_INTERVAL: "2" }));
    try {
      for (let round = 0; round < 3; round++) {
        await volume.publish(Object.fromEntries(files));
        const areSeen = async () => {
          const { skills } = await gateway.rpc<Skills>("skills.status", { agentId: "main" });
          return names.every((name) => skills.some((skill) => skill.name === name));
        };
        const explain = () => sidecar.messages().slice(-5).join("\n");
        await until(`all skills of round ${round} to be seen`, areSeen, { limitMs: 60_000, explain });
        const isTold = async () =>
          (await runBinary(["status", "--json"], environment())).stdout.includes("does not use");
        await until("none to be told of", async () => !(await isTold()), { limitMs: 60_000, explain });
        const from = sidecar.messages().length;
        await volume.publish({});
        await sidecar.waitFor("Workspace sync complete", from);
      }
    } finally {
      await sidecar.dispose();
    }
  });

  test("a skill that the gateway does not use is told with its reason, in the log and in status", async () => {
    await volume.publish({
      "skills/plain/SKILL.md": "# No front matter\n",
      "skills/silent/SKILL.md": "---\nname: silent\n---\n",
      "skills/needy/SKILL.md":
        '---\nname: needy\ndescription: x\nmetadata: {"openclaw":{"requires":{"bins":["no-such-program"],"env":["NOPE"]}}}\n---\n',
      "skills/greet/SKILL.md": SKILL,
    });
    const { exitCode, messages } = await sync();
    const main = (await gateway.rpc<{ workspace: string }>("agents.files.list", { agentId: "main" })).workspace;
    const line = (name: string, why: string) =>
      `${join(main, "skills", name, "SKILL.md")}: the gateway does not use this skill: ${why}`;
    const problems = [
      line("needy", "it needs programs no-such-program; variables NOPE"),
      line("plain", "it has no front matter (--- at its first line, and again at its end)"),
      line("silent", "its front matter has no description"),
    ];
    expect(messages.filter((each) => each.startsWith("WARNING: Skill"))).toEqual(
      problems.map((each) => `WARNING: Skill not used: ${each}`),
    );
    expect(exitCode).toBe(1);
    const status = await runBinary(["status", "--json"], environment());
    expect(JSON.parse(status.stdout)).toMatchObject({ workspace: { state: "rejected", problems } });
  });

  test("a workspace that only the gateway can tell is taken from it", async () => {
    const list = JSON.parse(await readFile(gateway.configPath, "utf8")) as { agents: Record<string, unknown> };
    expect(list.agents).toBeDefined();
    // Ours says another one: the gateway has not loaded this file.
    const other = join(mounts.root, "openclaw.json");
    await mkdir(join(mounts.root, "elsewhere"));
    const agents =
      version === "2026.2.9"
        ? { list: [{ id: "lab", workspace: "relative/lab" }] }
        : { entries: { lab: { workspace: "relative/lab" } } };
    await writeFile(other, gateway.config({ agents }));
    await volume.publish({ "agents/lab/AGENTS.md": "told\n" });
    const env = environment({ PVC_CONFIG: other, OPENCLAW_STATE_DIR: join(gateway.home, ".openclaw") });
    const { messages } = await runBinary(["sync", "--only", "workspace"], env);
    expect(messages).toContain(`Workspace file written: ${join(gateway.home, ".openclaw/lab/AGENTS.md")}`);
    expect(await fileOf("lab")).toBe("told\n");
    await rm(join(gateway.home, ".openclaw/lab"), { recursive: true });
  });
});
