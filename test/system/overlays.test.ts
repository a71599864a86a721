// The overlays of deploy/ in a Pod without a cluster: all five kinds of settings, the lockdown, and OpenClaw's own
// ConfigMap. Like pod.test.ts, beside a real gateway that is started as the Deployment starts it.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { describeLog } from "../support/container.ts";
import { createCluster, findMissingForPod, seedDotfiles, specOf } from "../support/cluster.ts";
import { type Cluster, type RunningPod, startPod } from "../support/kubelet.ts";
import { DEPLOY, renderManifests } from "../support/manifests.ts";
import type { PodContainer } from "../support/pod-container.ts";
import { readStatus, untilHealthy } from "../support/pod-status.ts";
import { RELEASES } from "../support/release.ts";

/** To end a broken test, not to measure: a gateway takes half a minute to start. */
const LIMIT_MS = 600_000;

const KINDS = ["config", "cron", "workspace", "approvals", "secrets"];
const WORKSPACE = "/home/node/.openclaw/workspace";
const SECRET = "/run/openclaw-secrets/litellm-api-key";

/** What the gateway says of a change of `messages`. */
const RELOADED = /\[reload\].*evaluating reload \(.*messages/;

const missing = await findMissingForPod();
if (missing) console.log(`(skip) the overlays without a cluster: ${missing}`);

type Data = Record<string, string>;
type Json = Record<string, unknown>;

/** A Pod of an overlay, and what Git has for it. */
class Overlay {
  pod!: RunningPod;
  gateway!: PodContainer;
  sidecar!: PodContainer;

  private constructor(
    private readonly spec: ReturnType<typeof specOf>,
    readonly cluster: Cluster,
  ) {}

  static async of(name: string, version: string): Promise<Overlay> {
    const manifests = await renderManifests(join(DEPLOY, name));
    const cluster = await createCluster(manifests, version);
    await seedDotfiles(cluster.claims);
    return new Overlay(specOf(manifests), cluster);
  }

  async start(gateway = "openclaw"): Promise<void> {
    this.pod = await startPod(this.spec, this.cluster);
    this.gateway = this.pod.container(gateway);
    this.sidecar = this.pod.container("config-manager-sidecar");
  }

  async dispose(): Promise<void> {
    await this.pod?.delete();
    await rm(this.cluster.claims, { recursive: true, force: true });
  }

  /** The data of a ConfigMap or a Secret. */
  data(name: string): Data {
    return this.cluster.configMaps[name] ?? this.cluster.secrets[name] ?? {};
  }

  config(): Json {
    return JSON.parse(this.data("openclaw-config")["openclaw.json"] ?? "{}") as Json;
  }

  /** Swaps the volume of `openclaw-config` with another `openclaw.json`. @returns when, in ms */
  publishConfig(config: Json): Promise<number> {
    return this.pod.publish("openclaw-config", {
      ...this.data("openclaw-config"),
      "openclaw.json": JSON.stringify(config),
    });
  }

  /** What a file says in the gateway's container. */
  async read(path: string): Promise<string> {
    return (await this.inGateway("cat", path)).stdout;
  }

  /** Runs a program in the gateway's container, as `kubectl exec` does. */
  inGateway(...command: string[]) {
    return this.gateway.exec(command);
  }

  /** What the sidecar's container says to a command of config-manager. */
  async ask(...command: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.sidecar.exec(["config-manager", ...command]);
    if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${exitCode}: ${stderr}`);
    return stdout;
  }

  /** How often the two containers have been restarted. */
  get restarts(): number {
    return this.gateway.restarts + this.sidecar.restarts;
  }
}

const IN_SYNC = { state: "in-sync", problems: [] };

describe.skipIf(missing !== undefined).each([...RELEASES])("deploy/example-all with OpenClaw %s", (version) => {
  /** SecretRefs to files came after 2026.2.9. */
  const hasSecretRefs = version !== "2026.2.9";
  let overlay: Overlay;
  /** Each ConfigMap and the Secret as the overlay has them. */
  let first: Record<string, Data>;

  beforeAll(async () => {
    overlay = await Overlay.of("example-all", version);
    if (!hasSecretRefs) {
      const { secrets: _, ...config } = overlay.config();
      Object.assign((config["models"] as { providers: { litellm: Json } }).providers.litellm, { apiKey: "plain" });
      overlay.data("openclaw-config")["openclaw.json"] = JSON.stringify(config);
    }
    const names = ["openclaw-config", "openclaw-cron-jobs", "openclaw-workspace", "openclaw-secret-files"];
    first = Object.fromEntries(names.map((name) => [name, overlay.data(name)]));
    await overlay.start();
  }, LIMIT_MS);
  afterAll(() => overlay?.dispose(), LIMIT_MS);

  /** The same commit's second version: each kind is changed. */
  function changed(): Record<string, Data> {
    const approvals = JSON.parse(first["openclaw-config"]?.["exec-approvals.json"] ?? "") as {
      agents: { main: { allowlist: { pattern: string }[] } };
    };
    approvals.agents.main.allowlist.push({ pattern: "/usr/bin/rg" });
    const { "AGENTS.md": agents = "", "skills__release-notes__collect.sh": script = "" } =
      first["openclaw-workspace"] ?? {};
    return {
      "openclaw-config": {
        "openclaw.json": JSON.stringify({ ...overlay.config(), messages: { ackReaction: "eyes" } }),
        "exec-approvals.json": JSON.stringify(approvals),
      },
      "openclaw-cron-jobs": {
        "cron-jobs.yaml": (first["openclaw-cron-jobs"]?.["cron-jobs.yaml"] ?? "").replace("0 9 * * 5", "0 8 * * 5"),
      },
      "openclaw-workspace": {
        ...first["openclaw-workspace"],
        "AGENTS.md": `${agents}- Be brief.\n`,
        "skills__release-notes__collect.sh": script.replace("%s", "%h %s"),
      },
      "openclaw-secret-files": { "litellm-api-key": "changed-too" },
    };
  }

  /** What is in force, of each kind. */
  async function readInForce() {
    const live = JSON.parse(await overlay.read("/home/node/.openclaw/openclaw.json")) as { messages?: Json };
    const skill = `${WORKSPACE}/skills/release-notes`;
    return {
      reaction: live.messages?.["ackReaction"],
      schedule: /0 [89] \* \* 5/.exec(await overlay.ask("export", "cron"))?.[0],
      patterns: [...((await overlay.ask("export", "approvals")).match(/\/usr\/bin\/[a-z]+/g) ?? [])],
      agents: await overlay.read(`${WORKSPACE}/AGENTS.md`),
      script: await overlay.read(`${skill}/collect.sh`),
      scriptMode: (await overlay.inGateway("stat", "-c", "%a", `${skill}/collect.sh`)).stdout.trim(),
      secret: await overlay.read(SECRET),
    };
  }

  function expected(git: Record<string, Data>) {
    const isFirst = git === first;
    const files = git["openclaw-workspace"];
    return {
      reaction: isFirst ? undefined : "eyes",
      schedule: isFirst ? "0 9 * * 5" : "0 8 * * 5",
      patterns: ["git", "jq", ...(isFirst ? [] : ["rg"])].map((name) => `/usr/bin/${name}`),
      agents: files?.["AGENTS.md"] ?? "",
      script: files?.["skills__release-notes__collect.sh"] ?? "",
      scriptMode: "755",
      secret: git["openclaw-secret-files"]?.["litellm-api-key"] ?? "",
    };
  }

  test(
    "starts: files and secrets are there before the gateway, and all five kinds are in sync",
    async () => {
      expect(overlay.pod.initLogs["init-files"]).toEqual(
        [
          "Secrets copied: litellm-api-key",
          `Workspace file written: ${WORKSPACE}/AGENTS.md`,
          `Skill written: ${WORKSPACE}/skills/release-notes`,
          "Workspace sync complete",
        ].map((line) => expect.stringMatching(new RegExp(String.raw` \[config-manager\] ${line}$`))),
      );
      await untilAllInSync();
      expect(await readInForce()).toEqual(expected(first));
    },
    LIMIT_MS,
  );

  test("the copies of secrets lie in memory, are the user's alone, and not the gateway's to write", async () => {
    const { stdout } = await overlay.inGateway("stat", "-c", "%F %a %u %g", SECRET);
    expect(stdout.trim()).toBe("regular file 600 1000 1000");
    expect((await overlay.inGateway("stat", "-f", "-c", "%T", SECRET)).stdout.trim()).toBe("tmpfs");
    const written = await overlay.inGateway("sh", "-c", `echo stolen >${SECRET}`);
    expect(written.exitCode).not.toBe(0);
    expect(written.stderr).toContain("Read-only file system");
    expect((await overlay.inGateway("rm", "-f", SECRET)).stderr).toContain("Read-only file system");
  });

  test.each([
    ["a commit that changes all five is in force, and nothing restarts", changed],
    ["the next one takes it all back", () => first],
  ])(
    "%s",
    async (_, readGit) => {
      const git = readGit();
      const from = { gateway: overlay.gateway.log.length, sidecar: overlay.sidecar.log.length };
      const pid = await overlay.gateway.pid();
      let swappedAtMs = 0;
      for (const [name, data] of Object.entries(git)) swappedAtMs = await overlay.pod.publish(name, data);
      const took: string[] = [];
      const note = async (what: string, container: PodContainer, pattern: RegExp, since: number) => {
        const { atMs } = await container.waitFor(pattern, since);
        took.push(`${what} ${atMs - swappedAtMs}`);
      };
      await note("config", overlay.gateway, RELOADED, from.gateway);
      const [cron, secrets] = [/Cron job sync complete/, hasSecretRefs ? /Secrets reloaded by/ : /Secrets copied: /];
      await note("cron", overlay.sidecar, cron, from.sidecar);
      await note("workspace", overlay.sidecar, /Workspace sync complete/, from.sidecar);
      await note("approvals", overlay.sidecar, /Exec approvals sync complete/, from.sidecar);
      await note("secrets", overlay.sidecar, secrets, from.sidecar);
      console.log(`(${version}) from the last swap to the line that says so, in ms: ${took.join(", ")}`);
      await untilAllInSync();
      expect(await readInForce()).toEqual(expected(git));
      expect([overlay.restarts, await overlay.gateway.pid()]).toEqual([0, pid]);
      const since = describeLog(overlay.gateway.log.slice(from.gateway));
      expect(since).not.toMatch(/restart/i);
    },
    LIMIT_MS,
  );

  /** Healthy, and each kind in use: one that Git has nothing of would be in sync as well. */
  async function untilAllInSync(): Promise<void> {
    const status = await untilHealthy(overlay.sidecar);
    for (const kind of KINDS) expect([kind, status[kind]]).toEqual([kind, expect.objectContaining(IN_SYNC)]);
    expect(status).toMatchObject({ workspace: { declared: 3 }, approvals: { notInGit: 0 }, secrets: { files: 1 } });
    expect((status["approvals"] as { declared: number }).declared).toBeGreaterThan(3);
  }
});

describe.skipIf(missing !== undefined)("deploy/lockdown", () => {
  const LIVE = "/var/lib/openclaw-config/openclaw.json";
  let overlay: Overlay;

  beforeAll(async () => {
    overlay = await Overlay.of("lockdown", RELEASES[0]);
    await overlay.start();
  }, LIMIT_MS);
  afterAll(() => overlay?.dispose(), LIMIT_MS);

  const readReaction = async () =>
    (JSON.parse(await overlay.read(LIVE)) as { messages?: Json }).messages?.["ackReaction"];

  test(
    "starts: the gateway reads the config that config-manager has put on a volume of its own",
    async () => {
      expect(overlay.pod.initLogs["init-config"]).toEqual([
        expect.stringMatching(/ \[config-manager\] Config copied to PVC: \/var\/lib\/openclaw-config\/openclaw\.json$/),
      ]);
      await untilHealthy(overlay.sidecar);
      await overlay.gateway.waitFor(/=== Cron job registration complete ===/);
      expect((await overlay.inGateway("ls", "/home/node/.openclaw/openclaw.json")).exitCode).not.toBe(0);
    },
    LIMIT_MS,
  );

  test(
    "what runs in the gateway's container cannot change it, and OpenClaw says so",
    async () => {
      const before = await overlay.read(LIVE);
      const set = ["openclaw", "config", "set", "messages.ackReaction", "x"];
      const said = await overlay.inGateway(...set);
      expect([said.exitCode, said.stderr]).toEqual([
        1,
        expect.stringMatching(/^Config is externally managed .*\nConfig path: /),
      ]);
      expect(said.stderr).toContain(LIVE);
      // The mount is what holds: an agent can take the variable away.
      const tried = await overlay.inGateway("env", "-u", "OPENCLAW_CONFIG_READONLY", ...set);
      expect([tried.exitCode, tried.stderr]).toEqual([1, expect.stringMatching(/EROFS|read-only file system/i)]);
      for (const command of [`echo >>${LIVE}`, `rm -f ${LIVE}`, `touch ${LIVE}.new`, `mv ${LIVE} ${LIVE}.old`]) {
        const { exitCode, stderr } = await overlay.inGateway("sh", "-c", command);
        expect([command, exitCode !== 0, stderr]).toEqual([
          command,
          true,
          expect.stringMatching(/Read-only file system/),
        ]);
      }
      expect(await overlay.read(LIVE)).toBe(before);
    },
    LIMIT_MS,
  );

  test(
    "a change in Git is in force without a restart, and workspace files come where they belong",
    async () => {
      const from = overlay.gateway.log.length;
      const swappedAtMs = await overlay.publishConfig({ ...overlay.config(), messages: { ackReaction: "eyes" } });
      const { atMs } = await overlay.gateway.waitFor(RELOADED, from);
      console.log(`(lockdown) volume swapped → config reloaded by the gateway: ${atMs - swappedAtMs} ms`);
      await overlay.pod.publish("openclaw-workspace", { "AGENTS.md": "# From Git\n" });
      await overlay.sidecar.waitFor(/Workspace file written: \/home\/node\/\.openclaw\/workspace\/AGENTS\.md/);
      expect(await overlay.read(`${WORKSPACE}/AGENTS.md`)).toBe("# From Git\n");
      const status = await untilHealthy(overlay.sidecar);
      expect(status).toMatchObject({ config: IN_SYNC, workspace: { ...IN_SYNC, declared: 1 } });
      expect(await readReaction()).toBe("eyes");
      expect(overlay.restarts).toBe(0);
    },
    LIMIT_MS,
  );

  test(
    "a broken config in Git does not keep the next Pod from starting, and the mended one is in force",
    async () => {
      const good = overlay.data("openclaw-config");
      await overlay.pod.delete();
      overlay.cluster.configMaps["openclaw-config"] = { "openclaw.json": '{ "gateway": ' };
      await overlay.start();
      expect(overlay.pod.initLogs["init-config"]).toEqual([
        expect.stringContaining(`WARNING: Config rejected, ${LIVE} stays as it is: `),
      ]);
      await overlay.sidecar.waitFor(/Cron job sync complete/);
      expect(await readStatus(overlay.sidecar)).toMatchObject({
        healthy: false,
        gateway: { connected: true },
        config: { state: "rejected" },
        cron: IN_SYNC,
        workspace: { ...IN_SYNC, declared: 1 },
      });
      expect(await readReaction()).toBe("eyes");
      await overlay.pod.publish("openclaw-config", good);
      await untilHealthy(overlay.sidecar);
      expect(overlay.restarts).toBe(0);
    },
    LIMIT_MS,
  );
});

describe.skipIf(missing !== undefined)("deploy/example-official", () => {
  test(
    "AGENTS.md follows the ConfigMap that has openclaw.json too",
    async () => {
      const overlay = await Overlay.of("example-official", RELEASES[0]);
      try {
        await overlay.start("gateway");
        expect(await untilHealthy(overlay.sidecar)).toMatchObject({ workspace: { ...IN_SYNC, declared: 1 } });
        const git = overlay.data("openclaw-config");
        expect(await overlay.read(`${WORKSPACE}/AGENTS.md`)).toBe(git["AGENTS.md"] ?? "");
        const agents = `${git["AGENTS.md"]}\nYou follow Git.\n`;
        const from = overlay.sidecar.log.length;
        await overlay.pod.publish("openclaw-config", { ...git, "AGENTS.md": agents });
        await overlay.sidecar.waitFor(/Workspace sync complete/, from);
        expect(await overlay.read(`${WORKSPACE}/AGENTS.md`)).toBe(agents);
        const status = await untilHealthy(overlay.sidecar);
        expect(status).toMatchObject({ config: IN_SYNC, workspace: IN_SYNC });
        expect(describeLog(overlay.sidecar.log.slice(from))).not.toContain("Config");
        expect(overlay.restarts).toBe(0);
      } finally {
        await overlay.dispose();
      }
    },
    LIMIT_MS,
  );
});
