// All five kinds of settings beside one real gateway: a commit changes all, the next one takes all back, and nothing
// restarts. The times from the swap to "in force" are printed, each asked of the gateway where it can be asked.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import JSON5 from "json5";
import { createGateway, type TestGateway } from "../support/gateway.ts";
import { findFreePort } from "../support/free-port.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { VARIABLES, realConfig } from "../support/real-config.ts";
import { RELEASES, getRelease } from "../support/release.ts";
import { type Sidecar, readMaybe, runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import { type Volume, createVolume } from "../support/volume.ts";

const KINDS = ["config", "cron", "workspace", "approvals", "secrets"];

interface Approvals {
  file: { agents?: Record<string, { allowlist?: { pattern: string }[] }> };
}

/** Each kind as of one commit. */
interface Commit {
  emoji: string;
  minute: number;
  word: string;
}

const FIRST: Commit = { emoji: "👀", minute: 1, word: "first" };
const SECOND: Commit = { emoji: "🦞", minute: 2, word: "second" };

describe.each([...RELEASES])("five kinds beside OpenClaw %s", (version) => {
  let gateway: TestGateway;
  let pod: Pod;
  let sidecar: Sidecar;
  let workspaceFiles: Volume;
  let secretFiles: Volume;
  let target: string;
  let port: number;

  const variables = () => ({
    ...VARIABLES,
    OPENCLAW_GATEWAY_TOKEN: gateway.token,
    WORKSPACE_DIR: workspaceFiles.path,
    SECRETS_DIR: secretFiles.path,
    SECRETS_TARGET_DIR: target,
    CONFIG_MANAGER_HTTP_PORT: String(port),
  });
  const run = (...args: string[]) => runBinary(args, { ...pod.environment(variables()), CONFIG_MANAGER_HTTP_PORT: "" });
  const workspace = (...path: string[]) => join(gateway.home, ".openclaw", "workspace", ...path);
  /** SecretRefs to files came after 2026.2.9. */
  const hasSecretRefs = version !== "2026.2.9";

  const configOf = ({ emoji }: Commit) =>
    realConfig(gateway, {
      ackReaction: emoji,
      more: hasSecretRefs
        ? {
            secrets: `{ providers: { acme: { source: "file", path: "${join(target, "acme-api-key")}", mode: "singleValue" } } }`,
          }
        : {},
    }).replace('"${ACME_API_KEY}"', hasSecretRefs ? '{ source: "file", provider: "acme", id: "value" }' : "$&");
  const skillOf = ({ word }: Commit) =>
    `---\nname: release-notes\ndescription: Drafts the notes, ${word}.\n---\n\nRun collect.sh.\n`;

  /** What a commit changes, a swap of each volume. @returns when the last one was swapped, in ms */
  async function publish(commit: Commit): Promise<number> {
    const { minute, word } = commit;
    const approvals = {
      version: 1,
      agents: { main: { allowlist: [{ pattern: "/usr/bin/git" }, { pattern: `/opt/${word}/bin/tool` }] } },
    };
    await secretFiles.publish({ "acme-api-key": `key-${word}-${"x".repeat(20)}` });
    await pod.mounts.config.publish({
      "openclaw.json": configOf(commit),
      "exec-approvals.json": JSON.stringify(approvals),
    });
    await pod.mounts.publishJobs([{ name: "notes", schedule: `${minute} 3 1 1 *`, message: `Say ${word}` }]);
    await workspaceFiles.publish({
      "AGENTS.md": `# Rules, ${word}\n`,
      "skills/release-notes/SKILL.md": skillOf(commit),
      "skills/release-notes/collect.sh": { content: `#!/bin/sh\necho ${word}\n`, mode: 0o755 },
    });
    return Date.now();
  }

  /** Whether each kind is in force, as the gateway tells it; the files where it does not. */
  const inForce: Record<string, (commit: Commit) => Promise<boolean>> = {
    async config({ emoji }) {
      const view = await gateway.rpc<{ parsed: { messages?: { ackReaction?: string } } } & Record<string, unknown>>(
        "config.get",
      );
      const isApplied = view.appliedConfigHash === view.configRevisionHash;
      return view.parsed.messages?.ackReaction === emoji && isApplied;
    },
    async cron({ minute }) {
      const [job] = await pod.ownJobs();
      return job?.schedule.kind === "cron" && job.schedule.expr === `${minute} 3 1 1 *`;
    },
    async workspace({ word }) {
      const reading = gateway.rpc<{ file: { content?: string } }>("agents.files.get", {
        agentId: "main",
        name: "AGENTS.md",
      });
      const { file } = await reading.catch((error: unknown) => {
        // It refuses a file that is replaced while it reads it.
        if (/unsafe workspace file/.test(String(error))) return { file: { content: "" } };
        throw error;
      });
      const { skills } = await gateway.rpc<{ skills: { name: string; description: string }[] }>("skills.status", {});
      const skill = skills.find(({ name }) => name === "release-notes");
      return (file.content ?? "").includes(word) && skill?.description === `Drafts the notes, ${word}.`;
    },
    async approvals({ word }) {
      const { file } = await gateway.rpc<Approvals>("exec.approvals.get", {});
      const patterns = file.agents?.main?.allowlist?.map(({ pattern }) => pattern);
      return JSON.stringify(patterns) === JSON.stringify(["/usr/bin/git", `/opt/${word}/bin/tool`]);
    },
    async secrets({ word }) {
      const isCopied = (await readMaybe(join(target, "acme-api-key")))?.startsWith(`key-${word}-`) ?? false;
      const { secrets } = JSON.parse((await run("status", "--json")).stdout) as { secrets: { state: string } };
      return isCopied && secrets.state === "in-sync";
    },
  };

  /** Waits until all are in force, and prints what each took since the swap. */
  async function untilInForce(commit: Commit, sinceMs: number): Promise<void> {
    const took: string[] = [];
    const waiting = new Set(KINDS);
    const explain = () => [...waiting, ...sidecar.messages().slice(-20), gateway.log().slice(-4_000)].join("\n");
    // One after the other: they share a connection to the gateway.
    const areAll = async () => {
      for (const kind of waiting) {
        if (!(await inForce[kind]?.(commit))) continue;
        waiting.delete(kind);
        took.push(`${kind} ${Date.now() - sinceMs}`);
      }
      return waiting.size === 0;
    };
    await until("all kinds to be in force", areAll, { explain });
    console.log(`(${version}) ${commit.word}: in force after the swaps, in ms: ${took.join(", ")}`);
  }

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version), VARIABLES);
    pod = await createPod(gateway);
    workspaceFiles = await createVolume(join(pod.mounts.root, "workspace.d"));
    secretFiles = await createVolume(join(pod.mounts.root, "secrets.d"));
    target = join(pod.mounts.root, "secrets");
    await mkdir(target);
    port = await findFreePort();
    const swappedMs = await publish(FIRST);
    const init = await run("init");
    expect({ exitCode: init.exitCode, stdout: init.stdout }).toMatchObject({ exitCode: 0 });
    sidecar = pod.start(variables());
    await gateway.startAsKubelet();
    await untilInForce(FIRST, swappedMs);
  });
  afterAll(async () => {
    await pod.dispose();
    await gateway.dispose();
  });

  const readLive = async () => JSON5.parse(await readFile(gateway.configPath, "utf8"));

  test.each([
    ["one commit changes all five, and all are in force without a restart", SECOND],
    ["the next commit takes each back", FIRST],
  ])("%s", async (_, commit) => {
    const process = await gateway.rpc<object>("health", {}).then(() => gateway.log().length);
    const from = sidecar.messages().length;
    await untilInForce(commit, await publish(commit));
    expect((await readLive()).messages.ackReaction).toBe(commit.emoji);
    expect(await readFile(workspace("skills/release-notes/collect.sh"), "utf8")).toContain(commit.word);
    expect(gateway.log().slice(process)).not.toMatch(/SIGUSR1|requires gateway restart|restarting|shutting down/i);
    const lines = sidecar.messages().slice(from);
    const told = lines.filter((line) => /^WARNING|Connected to gateway/.test(line));
    expect(told.filter((line) => hasSecretRefs || !line.includes("has no secrets.reload"))).toEqual([]);
  });

  test("status, diff, doctor and the metrics show all five", async () => {
    // The gateway may run on it a moment before it says so.
    const status = await until("all to be in sync", async () => {
      const asked = await run("status", "--json");
      return asked.exitCode === 0 ? asked : undefined;
    });
    const json = JSON.parse(status.stdout) as Record<string, { state: string; problems: string[] }>;
    for (const kind of KINDS) expect([kind, json[kind]]).toMatchObject([kind, { state: "in-sync", problems: [] }]);
    const text = await run("status");
    for (const kind of KINDS) expect(text.stdout).toMatch(new RegExp(`^${kind} +in-sync`, "m"));

    const diff = await run("diff", "--json", "--exit-code");
    expect(diff.exitCode).toBe(0);
    const planned = JSON.parse(diff.stdout) as Record<string, unknown>;
    expect(planned.changes).toBe(0);
    for (const kind of KINDS) expect(planned[kind]).toMatchObject({ problems: [] });

    const doctor = await run("doctor", "--json");
    const { checks } = JSON.parse(doctor.stdout) as { checks: { name: string; state: string; detail: string }[] };
    expect(checks.filter(({ state }) => state === "failed")).toEqual([]);
    for (const word of ["workspace", "approvals", "secrets"]) {
      expect(checks.some(({ name }) => name.includes(word))).toBe(true);
    }

    const metrics = await fetch(`http://127.0.0.1:${port}/metrics`).then((response) => response.text());
    for (const kind of KINDS) expect(metrics).toContain(`config_manager_passes_total{reconciler="${kind}"`);
    for (const name of ["workspace_declared_files", "approvals_drift", "secrets_files"]) {
      expect(metrics).toMatch(new RegExp(`^config_manager_${name} \\d`, "m"));
    }
  });
});
