// A Pod for a soak: one sidecar that lives from its start to its end, a gateway that does not, and volumes that change.

import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { KIND_NAMES, type KindName } from "../../lib/commands/kinds.ts";
import { type LiveApprovals, patternsOf } from "./approvals.ts";
import { createControlGroup, whyNoControlGroups } from "./control-group.ts";
import { findFreePort } from "./free-port.ts";
import { createGateway } from "./gateway.ts";
import { createPod } from "./pod.ts";
import { type ProcessUse, readProcessUse } from "./process-use.ts";
import type { Random } from "./random.ts";
import { VARIABLES } from "./real-config.ts";
import { getRelease } from "./release.ts";
import { BINARY, readMaybe, runBinary, startSidecar } from "./sidecar.ts";
import { type Content, JOBS, SECRET_MARK, createContents } from "./soak-contents.ts";
import { keepGateway } from "./soak-gateway.ts";
import { GRANTED, findLost, makeOthers } from "./soak-others.ts";
import { until } from "./until.ts";
import { createVolume } from "./volume.ts";

const MIB = 1024 ** 2;

/** What the manifests allow the sidecar. */
const LIMITS = { memoryBytes: 128 * MIB, cpus: 2 };

/** As often as a busy Prometheus and a probe ask, in milliseconds. */
const PROBE_MS = 5_000;

/** More than the slowest of three gateways on two cores takes to come up and to be written to, in milliseconds. */
const CONVERGE_MS = 900_000;

/** How many measurements a middle one is of. */
const SAMPLES = 21;

/** What the sidecar holds, its control group included where there can be one. */
export interface Use extends ProcessUse {
  workingSetMiB: number | undefined;
}

/** How much happens in how long. */
interface Churn {
  swaps: number;
  kills: number;
  ms: number;
}

export interface SoakPod extends AsyncDisposable {
  /** Swaps volumes and kills the gateway at random moments of this time. */
  churn(churn: Churn): Promise<void>;
  /**
   * Publishes what is good, and waits until each kind is in force: as the commands, the gateway and the files say.
   *
   * @throws also if something is gone that others have made after the first time
   */
  converge(): Promise<void>;
  /**
   * Measures the sidecar while it runs passes that change nothing: an idle one keeps what its last pass has left, until
   * something makes it collect that. Returns a middle one of some measurements, or the first that is settled.
   *
   * @throws if none is settled
   */
  measure(isSettled?: (use: Use) => boolean): Promise<Use>;
  /** What the sidecar has logged so far. */
  lines(): string[];
  /** Everything that no log line may contain. */
  readonly secrets: readonly string[];
  /** Keeps the logs of the sidecar and the gateway in this directory. */
  keepLogs(directory: string): Promise<void>;
  /** What has happened so far. */
  figures(): Record<string, unknown>;
}

/** Starts all of it. It is to converge before the first churn. */
export async function createSoakPod(version: string, random: Random): Promise<SoakPod> {
  const gateway = await createGateway(await getRelease(version), VARIABLES);
  const pod = await createPod(gateway);
  const [workspace, secrets] = await Promise.all(
    ["workspace.d", "secrets.d"].map((name) => createVolume(join(pod.mounts.root, name))),
  );
  if (!workspace || !secrets) throw new Error("there are two volumes");
  const target = join(pod.mounts.root, "secrets");
  await mkdir(target);
  const program = join(pod.mounts.root, "config-manager"); // a copy, whose pages are charged to this group alone
  await copyFile(BINARY, program);
  await chmod(program, 0o755);
  const hasSecretRefs = version !== "2026.2.9";
  const contents = createContents({ gateway, target, hasSecretRefs, random });
  const port = await findFreePort();
  const environment = pod.environment({
    ...VARIABLES,
    OPENCLAW_GATEWAY_TOKEN: gateway.token,
    WORKSPACE_DIR: workspace.path,
    SECRETS_DIR: secrets.path,
    SECRETS_TARGET_DIR: target,
  });
  const missing = await whyNoControlGroups();
  if (missing) console.log(`(not measured) what is charged to a control group: ${missing}`);
  const group = missing ? undefined : await createControlGroup(LIMITS);
  const run = (...args: string[]) => runBinary(args, environment);

  let round = 0;
  let kills = 0;
  let failedProbes = 0;
  let hasOthers = false;
  /** The resident set at each probe, in MiB. */
  const resident: number[] = [];
  const swaps = new Map<string, number>();
  const current = new Map<KindName, Content>();

  async function publish(kind: KindName, content: Content): Promise<void> {
    current.set(kind, content);
    switch (kind) {
      case "config":
      case "approvals":
        return pod.mounts.config.publish({ ...current.get("config")?.files, ...current.get("approvals")?.files });
      case "cron":
        return pod.mounts.cron.publish(content.files);
      case "workspace":
        return workspace?.publish(content.files);
      case "secrets":
        return secrets?.publish(content.files);
    }
  }

  async function publishGood(): Promise<void> {
    round += 1;
    for (const kind of KIND_NAMES) await publish(kind, contents.good(kind, round));
  }

  async function swap(): Promise<void> {
    round += 1;
    const kind = KIND_NAMES[random.integer(KIND_NAMES.length)] ?? "config";
    const content = contents.any(kind, round);
    const key = `${kind}: ${content.name}`;
    swaps.set(key, (swaps.get(key) ?? 0) + 1);
    await publish(kind, content);
  }

  await publishGood();
  const init = await run("init");
  if (init.exitCode !== 0) throw new Error(`init has failed: ${init.stdout}`);
  const enter = group?.enterAsSelf ?? [];
  const sidecar = startSidecar(
    { ...environment, CONFIG_MANAGER_HTTP_PORT: String(port) },
    ["run"],
    [...enter, program],
  );
  let hasEnded = false;
  void sidecar.exited.then(() => (hasEnded = true));
  const kept = keepGateway(gateway);

  /** Does something at each of these moments. It is late where the machine is: nothing is left out. */
  async function at(moments: readonly number[], act: () => Promise<void>): Promise<void> {
    const startMs = Date.now();
    for (const moment of moments) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, startMs + moment - Date.now())));
      if (hasEnded) throw new Error(`the sidecar has ended by itself:\n${sidecar.messages().slice(-20).join("\n")}`);
      await act();
    }
  }

  async function probe(): Promise<void> {
    resident.push((await readProcessUse(sidecar.pid)).residentMiB);
    for (const path of ["healthz", "metrics"]) {
      const answer = await fetch(`http://127.0.0.1:${port}/${path}`, { headers: { connection: "close" } });
      await answer.text();
      if (answer.status !== 200) failedProbes += 1;
    }
  }

  /** What is not in force, as the gateway and the files tell. */
  async function findWrong(): Promise<string[]> {
    const { parsed } = await gateway.rpc<{ parsed: { messages?: { ackReaction?: string; responsePrefix?: string } } }>(
      "config.get",
    );
    const jobs = await pod.ownJobs();
    const agents = await readMaybe(join(gateway.home, ".openclaw/workspace/AGENTS.md"));
    const patterns = patternsOf((await gateway.rpc<{ file: LiveApprovals }>("exec.approvals.get")).file);
    const rules = ["/usr/bin/git", `/opt/${round}/bin/tool`, ...(hasOthers ? [GRANTED] : [])];
    const copy = await readMaybe(join(target, "acme-api-key"));
    const isTrue: Record<KindName, boolean> = {
      config: parsed.messages?.responsePrefix === `[${round}]`,
      cron: jobs.length === JOBS && jobs.some(({ payload }) => JSON.stringify(payload).includes(`Say ${round}`)),
      workspace: agents === `# Rules, ${round}\n`,
      approvals: isDeepStrictEqual(new Set(patterns), new Set(rules)),
      secrets: copy?.startsWith(`${SECRET_MARK}${round}-`) ?? false,
    };
    return [...KIND_NAMES.filter((kind) => !isTrue[kind]), ...(hasOthers ? await findLost(gateway) : [])];
  }

  async function converge(): Promise<void> {
    await publishGood();
    let said = "";
    const areAll = async () => {
      if (hasEnded) throw new Error("the sidecar has ended by itself");
      const status = await run("status", "--json");
      said = status.stdout;
      const states = JSON.parse(said) as Record<string, { state: string }>;
      if (status.exitCode !== 0 || KIND_NAMES.some((kind) => states[kind]?.state !== "in-sync")) return false;
      const diff = await run("diff", "--exit-code");
      said = diff.stdout;
      return diff.exitCode === 0;
    };
    const explain = () => [said, ...sidecar.messages().slice(-40), gateway.log().slice(-4_000)].join("\n");
    await until(`all kinds to be in sync beside ${version}`, areAll, { limitMs: CONVERGE_MS, everyMs: 1_000, explain });
    const wrong = await findWrong();
    if (wrong.length > 0) throw new Error(`said to be in sync, and is not: ${wrong.join(", ")}\n${explain()}`);
    if (!hasOthers) await makeOthers(gateway);
    hasOthers = true;
  }

  async function readUse(): Promise<Use> {
    const memory = await group?.memory();
    return { ...(await readProcessUse(sidecar.pid)), workingSetMiB: memory && memory.workingSetBytes / MIB };
  }

  return {
    async churn({ swaps: count, kills: killCount, ms }) {
      const sorted = (length: number) => Array.from({ length }, () => random.below(ms)).toSorted((a, b) => a - b);
      const probes = Array.from({ length: Math.floor(ms / PROBE_MS) }, (_, index) => index * PROBE_MS);
      const kill = async () => {
        kills += 1;
        await kept.kill();
      };
      await Promise.all([at(sorted(count), swap), at(sorted(killCount), kill), at(probes, probe)]);
    },
    converge,
    async measure(isSettled) {
      const uses: Use[] = [];
      await until(
        `the sidecar beside ${version} to settle`,
        async () => {
          const use = await readUse();
          uses.push(use);
          sidecar.signal("SIGHUP"); // the pass has ended, and closed its files, when the next measurement is taken
          return isSettled ? isSettled(use) : uses.length >= SAMPLES;
        },
        { everyMs: 1_000, explain: () => JSON.stringify(uses.at(-1)) },
      );
      const middleOf = (by: (use: Use) => number) => uses.toSorted((a, b) => by(a) - by(b))[uses.length >> 1];
      const use = isSettled ? uses.at(-1) : middleOf(({ residentMiB }) => residentMiB);
      const usual = middleOf(({ descriptors }) => descriptors.length);
      if (!use || !usual) throw new Error("nothing was measured");
      return isSettled ? use : { ...use, descriptors: usual.descriptors };
    },
    lines: () => sidecar.messages(),
    async keepLogs(directory) {
      await writeFile(join(directory, `sidecar-${version}.log`), `${sidecar.messages().join("\n")}\n`);
      await writeFile(join(directory, `gateway-${version}.log`), gateway.log());
    },
    secrets: [SECRET_MARK, gateway.token, ...Object.values(VARIABLES)],
    figures: () => ({
      swaps: Object.fromEntries([...swaps].toSorted(([one], [other]) => one.localeCompare(other))),
      kills,
      failedStarts: kept.failedStarts,
      failedProbes,
      residentMiB: averages(resident, 12),
    }),
    async [Symbol.asyncDispose]() {
      await kept.stop();
      await sidecar.dispose();
      await pod.dispose();
      await gateway.dispose();
      await group?.[Symbol.asyncDispose]();
    },
  };
}

/** The averages of so many parts, as long as each other, rounded. */
function averages(values: readonly number[], parts: number): number[] {
  const length = Math.ceil(values.length / parts);
  return Array.from({ length: Math.ceil(values.length / length) }, (_, index) => {
    const part = values.slice(index * length, (index + 1) * length);
    return Math.round(part.reduce((sum, value) => sum + value, 0) / part.length);
  });
}
