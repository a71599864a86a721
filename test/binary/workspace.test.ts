// The built binary with anything that a volume for workspaces may hold and that an agent may do in its workspace: each is
// a clear line, nothing is lost, and the rest goes on. There is no gateway.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, lstat, mkdir, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { mustRun } from "../support/process.ts";
import { type Mounts, createMounts, readMaybe, runBinary } from "../support/sidecar.ts";
import { type Volume, createVolume } from "../support/volume.ts";

let mounts: Mounts;
let volume: Volume;
let state: string;

beforeEach(async () => {
  mounts = await createMounts();
  volume = await createVolume(join(mounts.root, "workspace.d"));
  state = join(mounts.root, ".openclaw");
  await setConfig({});
});
afterEach(() => mounts.dispose());

const environment = (more: Record<string, string> = {}) =>
  mounts.environment({
    PVC_CONFIG: join(state, "openclaw.json"),
    STAGING_DIR: join(state, "cron-config"),
    WORKSPACE_DIR: volume.path,
    OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1",
    ...more,
  });
const run = (...args: string[]) => runBinary(args, environment());
const sync = (...args: string[]) => run("sync", "--only", "workspace", ...args);
const inMain = (...names: string[]) => join(state, "workspace", ...names);

async function setConfig(agents: unknown): Promise<void> {
  await mkdir(state, { recursive: true });
  await writeFile(join(state, "openclaw.json"), JSON.stringify({ gateway: { mode: "local" }, agents }));
}

async function put(path: string, text: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** All files below a directory with their text, links as `-> TARGET`. */
async function filesOf(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found[path.slice(directory.length + 1)] = (await readFile(path)).toString("latin1");
    else if (entry.isSymbolicLink()) found[path.slice(directory.length + 1)] = "->";
  }
  return found;
}

const SKILL = "---\nname: foo\ndescription: A skill.\n---\n";

describe("workspace files", () => {
  test("are written, followed, and removed with their folders; without a change nothing is written", async () => {
    const binary = Buffer.from([0, 255, 254, 10, 13, 128]);
    await volume.publish({
      "AGENTS.md": "one",
      "skills/foo/SKILL.md": SKILL,
      "skills/foo/run.sh": { content: "#!/bin/sh\n", mode: 0o755 },
      "a folder/日本 語.md": "こんにちは",
      "logo.bin": binary,
    });
    const first = await sync();
    expect([first.exitCode, first.messages]).toEqual([
      0,
      [
        `Workspace file written: ${inMain("AGENTS.md")}`,
        `Workspace file written: ${inMain("a folder/日本 語.md")}`,
        `Workspace file written: ${inMain("logo.bin")}`,
        `Skill written: ${inMain("skills/foo")}`,
        "Workspace sync complete",
      ],
    ]);
    expect(await readFile(inMain("logo.bin"))).toEqual(binary);
    expect(await readFile(inMain("a folder/日本 語.md"), "utf8")).toBe("こんにちは");
    expect((await stat(inMain("skills/foo/run.sh"))).mode & 0o777).toBe(0o755);
    expect((await stat(inMain("skills/foo/SKILL.md"))).mode & 0o777).toBe(0o644);

    const before = await lstat(inMain("AGENTS.md"));
    expect((await sync()).messages).toEqual([]);
    expect((await lstat(inMain("AGENTS.md"))).ino).toBe(before.ino);
    expect(JSON.parse((await run("diff", "--json")).stdout)).toMatchObject({
      workspace: { write: [], remove: [], unchanged: 5, problems: [] },
    });

    await volume.publish({ "AGENTS.md": "two" });
    expect(JSON.parse((await run("diff", "--json")).stdout)).toMatchObject({
      workspace: { write: [inMain("AGENTS.md")], problems: [] },
    });
    expect((await sync()).messages).toEqual([
      `Workspace file written: ${inMain("AGENTS.md")}`,
      `Workspace file removed (no longer in ConfigMap): ${inMain("a folder/日本 語.md")}`,
      `Workspace file removed (no longer in ConfigMap): ${inMain("logo.bin")}`,
      `Workspace file removed (no longer in ConfigMap): ${inMain("skills/foo")}`,
      "Workspace sync complete",
    ]);
    expect(await readdir(inMain())).toEqual(["AGENTS.md"]);
    await volume.publish({});
    await sync();
    expect(await readdir(inMain())).toEqual([]);
  });

  test("are written by init, and a volume that is not mounted is nothing", async () => {
    await volume.publish({ "AGENTS.md": "one" });
    expect((await run("init")).messages).toContain(`Workspace file written: ${inMain("AGENTS.md")}`);
    const without = environment({ WORKSPACE_DIR: join(mounts.root, "nothing"), STAGING_DIR: join(mounts.root, "s/x") });
    const { stdout } = await runBinary(["status"], without);
    expect(stdout).toMatch(/^not used +.*workspace/m);
    expect((await runBinary(["sync", "--only", "workspace"], without)).messages).toEqual([]);
    expect((await runBinary(["doctor"], without)).stdout).not.toContain("workspace");
  });

  test("that were there once are not removed because the volume is gone", async () => {
    await volume.publish({ "AGENTS.md": "one" });
    await sync();
    await rm(volume.path, { recursive: true });
    const gone = await sync();
    expect([gone.exitCode, gone.messages]).toEqual([1, [`WARNING: Workspace directory not found: ${volume.path}`]]);
    expect(await readMaybe(inMain("AGENTS.md"))).toBe("one");
    expect(JSON.parse((await run("status", "--json")).stdout)).toMatchObject({ workspace: { state: "unknown" } });
  });

  test("go to each agent's workspace, in all forms of the config", async () => {
    await setConfig({ list: [{ id: "main" }, { id: "Research", workspace: "~/.openclaw/lab" }] });
    await volume.publish({ "SOUL.md": "main", "agents/research/SOUL.md": "research" });
    expect((await sync()).exitCode).toBe(0);
    expect(await filesOf(inMain())).toEqual({ "SOUL.md": "main" });
    expect(await filesOf(join(state, "lab"))).toEqual({ "SOUL.md": "research" });
    await setConfig({ defaults: { workspace: join(state, "base") }, entries: { only: {} } });
    await volume.publish({ "SOUL.md": "only" });
    await sync();
    expect(await filesOf(join(state, "base"))).toEqual({ "SOUL.md": "only" });
  });
});

describe("what an agent has edited", () => {
  test("is drift, told once and kept; --self-heal puts Git's back and keeps the agent's beside", async () => {
    await volume.publish({ "AGENTS.md": "git", "skills/foo/SKILL.md": SKILL });
    await sync();
    await writeFile(inMain("AGENTS.md"), "agent");
    const drifted = await sync();
    expect([drifted.exitCode, drifted.messages]).toEqual([
      0,
      [
        `WARNING: Workspace file edited by something else: ${inMain("AGENTS.md")} (put it into Git, or use --self-heal)`,
      ],
    ]);
    expect(JSON.parse((await run("status", "--json")).stdout)).toMatchObject({
      workspace: { state: "drifted", drifted: [inMain("AGENTS.md")], declared: 2, agents: 1 },
    });
    const healed = await sync("--self-heal");
    expect(healed.messages).toContain(`Workspace file written: ${inMain("AGENTS.md")}`);
    expect(await filesOf(inMain())).toEqual({
      "AGENTS.md": "git",
      "AGENTS.md.from-agent": "agent",
      "skills/foo/SKILL.md": SKILL,
    });
  });

  test("is kept beside when Git changes the file, and never overwritten", async () => {
    await volume.publish({ "AGENTS.md": "git 1", "skills/foo/SKILL.md": `${SKILL}1` });
    await sync();
    await put(inMain("AGENTS.md"), "agent 1");
    await put(inMain("skills/foo/SKILL.md"), "agent 1");
    await put(inMain("skills/foo/notes/mine.txt"), "the agent's own");
    await symlink("/etc/hostname", inMain("skills/foo/link"));
    await volume.publish({ "AGENTS.md": "git 2", "skills/foo/SKILL.md": `${SKILL}2` });
    expect((await sync()).messages).toEqual([
      `WARNING: Workspace file edited by the agent, its text is kept: ${inMain("AGENTS.md")}: AGENTS.md.from-agent`,
      `WARNING: Workspace file edited by the agent, its text is kept: ${inMain("skills/foo/SKILL.md")}: skills/foo/SKILL.md.from-agent`,
      `Workspace file written: ${inMain("AGENTS.md")}`,
      `Skill written: ${inMain("skills/foo")}`,
      "Workspace sync complete",
    ]);
    await put(inMain("AGENTS.md"), "agent 2");
    await volume.publish({ "AGENTS.md": "git 3", "skills/foo/SKILL.md": `${SKILL}2` });
    await sync();
    expect(await filesOf(inMain())).toEqual({
      "AGENTS.md": "git 3",
      "AGENTS.md.from-agent": "agent 1",
      "AGENTS.md.from-agent-2": "agent 2",
      "skills/foo/SKILL.md": `${SKILL}2`,
      "skills/foo/SKILL.md.from-agent": "agent 1",
      "skills/foo/notes/mine.txt": "the agent's own",
      "skills/foo/link": "->",
    });
  });

  test("stays when Git drops the file, and is the agent's from then on", async () => {
    await volume.publish({ "AGENTS.md": "git", "SOUL.md": "git", "skills/foo/SKILL.md": SKILL });
    await sync();
    await put(inMain("SOUL.md"), "agent");
    await put(inMain("skills/foo/own.txt"), "agent");
    await volume.publish({ "AGENTS.md": "git" });
    expect((await sync()).messages).toContain(
      `WARNING: Workspace file is no longer in the ConfigMap, but edited, and stays: ${inMain("SOUL.md")}`,
    );
    expect(await filesOf(inMain())).toEqual({ "AGENTS.md": "git", "SOUL.md": "agent", "skills/foo/own.txt": "agent" });
    expect((await sync()).messages).toEqual([]);
  });

  test("before the first pass is kept beside; seed leaves it, and BOOTSTRAP.md is seeded once", async () => {
    await put(inMain("AGENTS.md"), "was there");
    await volume.publish({ "AGENTS.md": "git", "SOUL.md": "git", "BOOTSTRAP.md": "hello" });
    const env = environment({ CONFIG_MANAGER_WORKSPACE_MODE: "seed" });
    await runBinary(["sync", "--only", "workspace"], env);
    expect(await filesOf(inMain())).toEqual({ "AGENTS.md": "was there", "SOUL.md": "git", "BOOTSTRAP.md": "hello" });
    await rm(inMain("BOOTSTRAP.md"));
    await sync();
    expect(await filesOf(inMain())).toEqual({
      "AGENTS.md": "git",
      "AGENTS.md.from-agent": "was there",
      "SOUL.md": "git",
    });
  });
});

describe("export workspace", () => {
  test("prints a ConfigMap that, mounted as its comment says, leaves nothing to do", async () => {
    await setConfig({ entries: { main: { default: true }, lab: {} } });
    const lab = join(state, "workspace-lab");
    await put(inMain("AGENTS.md"), "text: 日本\n  indented\n\ttab # no comment\n");
    await put(inMain("USER.md"), "");
    await put(inMain("SOUL.md"), "ends without a newline");
    await put(inMain("MEMORY.md"), "private");
    await put(inMain("memory/today.md"), "private");
    await put(inMain("BOOTSTRAP.md"), "private");
    await put(inMain("notes.txt"), "private");
    await put(inMain("skills/日本 語/a__b.md"), "one\r\ntwo");
    await put(inMain("skills/日本 語/a/b.md"), "\u001b[31m");
    await put(inMain("skills/日本 語/logo.bin"), Buffer.from([0, 255, 1]));
    await put(inMain("skills/日本 語/SKILL.md"), SKILL);
    await put(inMain("skills/日本 語/SKILL.md.from-agent"), "private");
    await put(inMain("skills/日本 語/.git/config"), "private");
    await put(inMain("skills/日本 語/run.sh"), "#!/bin/sh\n");
    await chmod(inMain("skills/日本 語/run.sh"), 0o700);
    await symlink("/etc/hostname", inMain("skills/日本 語/link"));
    await put(join(lab, "AGENTS.md"), "of the lab\n");
    const { exitCode, stdout, stderr } = await run("export", "workspace");
    expect(exitCode).toBe(1);
    expect(stderr.split("\n").filter(Boolean)).toEqual([
      expect.stringContaining("skills/日本 語/.git: left out: .git is not Git's to write"),
      expect.stringContaining("skills/日本 語/SKILL.md.from-agent: left out: "),
      expect.stringContaining("skills/日本 語/link: left out: "),
    ]);
    expect(stdout).not.toContain("private");

    const configMap = parse(stdout) as {
      kind: string;
      data: Record<string, string>;
      binaryData: Record<string, string>;
    };
    const comment = stdout.split("\n").filter((line) => line.startsWith("#   "));
    const [pasted] = parse(comment.map((line) => line.slice(4)).join("\n"), { version: "1.1" }) as [
      { configMap: { items: { key: string; path: string; mode?: number }[] } },
    ];
    expect(configMap.kind).toBe("ConfigMap");
    const { items } = pasted.configMap;
    const keys = items.map(({ key }) => key);
    expect(keys.filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key))).toEqual([]);
    expect(new Set(keys).size).toBe(keys.length);
    const files = items.map(({ key, path, mode = 0o644 }) => {
      const content = configMap.data[key] ?? Buffer.from(configMap.binaryData[key] ?? "missing", "base64");
      return [path, { content, mode }] as const;
    });
    const modes = items.flatMap(({ path, mode }) => (mode === undefined ? [] : [[path, mode] as const]));
    expect(modes).toEqual([["skills/日本 語/run.sh", 0o755]]);
    await volume.publish(Object.fromEntries(files));
    const diff = JSON.parse((await run("diff", "--json")).stdout) as { workspace: object };
    expect(diff.workspace).toEqual({ write: [], remove: [], drifted: [], left: [], unchanged: 9, problems: [] });
    expect((await sync()).messages).toEqual([]);
  });
});

describe("bad input", () => {
  const taken = (problem: string) => `WARNING: Workspace file not taken: ${problem}`;

  test("in the volume: each refused path is a line, the others go on, and nothing is removed", async () => {
    await volume.publish({ "AGENTS.md": "git", "old.md": "old" });
    await sync();
    await volume.publish({
      "AGENTS.md": "git 2",
      "Memory.MD": "x",
      "memory/2026.md": "x",
      ".git/hooks/post-checkout": "x",
      "skills/a/.openclaw/x": "x",
      "agents/ghost/AGENTS.md": "x",
      "agents/loose.md": "x",
      ".a.config-manager-1.tmp": "x",
      "b.md.from-agent": "x",
    });
    const generation = join(volume.path, "..data");
    await mustRun("mkfifo", [join(generation, "pipe")]);
    await symlink("/etc/hostname", join(generation, "leads-out"));
    const { exitCode, messages } = await sync();
    expect(exitCode).toBe(1);
    expect(messages.toSorted()).toEqual(
      [
        taken("leads-out: is a link that leads out of the volume"),
        taken("pipe: is a pipe, expected a file"),
        taken(".a.config-manager-1.tmp: the name is one of config-manager's temporary files"),
        taken(".git/hooks/post-checkout: .git is not Git's to write"),
        taken("Memory.MD: MEMORY.md and memory/ are the agent's own"),
        taken("agents/loose.md: expected agents/ID/FILE"),
        taken("b.md.from-agent: the name is one of config-manager's copies of what an agent wrote"),
        taken("memory/2026.md: MEMORY.md and memory/ are the agent's own"),
        taken("skills/a/.openclaw/x: .openclaw is not Git's to write"),
        taken("agents/ghost: no such agent; the config has main"),
        `Workspace file written: ${inMain("AGENTS.md")}`,
      ].toSorted(),
    );
    expect(await filesOf(inMain())).toEqual({ "AGENTS.md": "git 2", "old.md": "old" });
  });

  test("a file of 5 MiB, or more than 500 files: none is taken", async () => {
    await volume.publish({ "AGENTS.md": "x", big: Buffer.alloc(5 << 20) });
    const big = `big has 5242880 bytes; at most 1048576 are read; none of ${volume.path} is taken`;
    expect((await sync()).messages).toEqual([taken(big)]);
    await volume.publish(Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`f${index}`, "x"])));
    expect((await sync()).messages).toEqual([taken(`it has more than 500 files; none of ${volume.path} is taken`)]);
    expect(await filesOf(inMain())).toEqual({});
  });

  test("a file where a folder is to be, the reverse, and links in the workspace: nothing is lost or written through", async () => {
    const outside = join(mounts.root, "outside");
    await mkdir(outside);
    await put(inMain("docs"), "a file");
    await put(inMain("SOUL.md/inner.txt"), "a folder");
    await symlink(outside, inMain("linked"));
    await symlink(join(outside, "x"), inMain("TOOLS.md"));
    await mkdir(inMain("skills"));
    await symlink(outside, inMain("skills/foo"));
    await volume.publish({
      "AGENTS.md": "git",
      "docs/a.md": "git",
      "SOUL.md": "git",
      "linked/a.md": "git",
      "TOOLS.md": "git",
      "skills/foo/SKILL.md": SKILL,
    });
    const { exitCode, messages } = await sync();
    expect(exitCode).toBe(1);
    expect(messages.filter((line) => line.startsWith("WARNING"))).toEqual([
      taken(`${inMain("SOUL.md")} is a folder, expected a file`),
      taken(`${inMain("TOOLS.md")} is a symbolic link, expected a file`),
      taken(`${inMain("docs/a.md")} cannot be there: docs is a file, expected a folder`),
      taken(`${inMain("linked/a.md")} cannot be there: linked is a symbolic link, expected a folder`),
      taken(`${inMain("skills/foo/SKILL.md")} cannot be there: skills/foo is a symbolic link, expected a folder`),
    ]);
    expect(await readMaybe(inMain("AGENTS.md"))).toBe("git");
    expect(await readdir(outside)).toEqual([]);
    expect(await filesOf(inMain())).toMatchObject({ docs: "a file", "SOUL.md/inner.txt": "a folder" });
  });

  test("a workspace that is a link, or on no volume: an error for that agent alone", async () => {
    await setConfig({
      entries: { main: { default: true }, far: { workspace: "/opt/far" }, linked: {}, own: { workspace: state } },
    });
    await symlink(mounts.root, join(state, "workspace-linked"));
    const agents = Object.fromEntries(["far", "linked", "own"].map((id) => [`agents/${id}/AGENTS.md`, "git"]));
    await volume.publish({ "AGENTS.md": "git", ...agents });
    const { exitCode, messages } = await sync();
    expect(exitCode).toBe(1);
    expect(messages.toSorted()).toEqual([
      taken("agent far: /opt/far is on no volume that is mounted in this container"),
      taken(`agent linked: ${join(state, "workspace-linked")} is a symbolic link, expected a folder`),
      taken(`agent own: ${state} holds OpenClaw's own files`),
      `Workspace file written: ${inMain("AGENTS.md")}`,
    ]);
    const { stdout } = await run("doctor");
    expect(stdout).toContain("workspace of far");
  });

  test("two agents with one workspace: what both declare differently is not written", async () => {
    await setConfig({ entries: { main: { default: true }, twin: { workspace: inMain() } } });
    await volume.publish({ "AGENTS.md": "one", "agents/twin/AGENTS.md": "two", "agents/twin/SOUL.md": "x" });
    expect((await sync()).messages).toEqual([
      taken(`AGENTS.md: declared differently for agents with one workspace, ${inMain()}; none is written`),
      `Workspace file written: ${inMain("SOUL.md")}`,
    ]);
    expect(await filesOf(inMain())).toEqual({ "SOUL.md": "x" });
  });

  test("a config that is missing or broken, and a manifest that is a pipe or nonsense", async () => {
    await volume.publish({ "AGENTS.md": "git" });
    await writeFile(join(state, "openclaw.json"), "{ broken");
    expect((await sync()).messages[0]).toStartWith(
      taken(`${join(state, "openclaw.json")} does not tell where workspaces are:`),
    );
    await rm(join(state, "openclaw.json"));
    expect((await sync()).messages).toEqual([
      taken(`there is no ${join(state, "openclaw.json")} to tell where workspaces are`),
    ]);
    await setConfig({});
    const manifest = join(state, "config-manager-workspace.json");
    await mustRun("mkfifo", [manifest]);
    expect((await sync()).messages[0]).toStartWith(`WARNING: Ignored: ${manifest} is a pipe`);
    expect(await filesOf(inMain())).toEqual({ "AGENTS.md": "git" });
    await writeFile(manifest, '{"workspaces":{"/etc":{"passwd":{}},"../x":{"../../y":{"written":1}}}}');
    expect((await sync()).exitCode).toBe(0);
    await chmod(inMain("AGENTS.md"), 0o644);
    expect(await filesOf(inMain())).toEqual({ "AGENTS.md": "git" });
  });
});
