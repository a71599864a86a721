import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { IContainer, IPodSpec } from "kubernetes-models/v1";
import type { ContainerImage } from "./container-image.ts";
import { type ClusterApi, startClusterApi } from "./cluster-api.ts";
import { type Container, type Mount, startContainer } from "./container.ts";
import { type PodContainer, keepContainer } from "./pod-container.ts";
import { type PodSyncs, keepSyncing } from "./pod-sync.ts";
import { type PodVolumes, type VolumeSources, mountVolumes } from "./pod-volumes.ts";
import { mustRun, run } from "./process.ts";
import { toNumber } from "./quantities.ts";

/** The parts of a cluster that outlive a Pod. */
export interface Cluster extends VolumeSources {
  /** Returns the image of that name; undefined if it is not available, and its container is left out. */
  pull(image: string): ContainerImage | undefined;
}

/** What a test may choose of the kubelet. */
interface KubeletOptions {
  /** `syncFrequency`, in milliseconds. Without it, volumes change by {@link RunningPod.publish} alone. */
  syncFrequencyMs?: number;
}

export interface RunningPod {
  /** Which containers run, which do not, and why. */
  readonly leftOut: readonly string[];
  /** The output of the init containers, by name. */
  readonly initLogs: Readonly<Record<string, readonly string[]>>;
  container(name: string): PodContainer;
  /** Changes a ConfigMap or a Secret, and swaps the Pod's volumes of it as the kubelet does. @returns when, in ms. */
  publish(name: string, data: Record<string, string>): Promise<number>;
  /** The syncs of the Pod so far; each has refreshed its volumes. */
  readonly syncs: PodSyncs;
  /**
   * Runs the container of a Job's Pod: with that Pod's own volumes and environment, a Service of that name that leads to
   * this Pod, and, where it asks for one, a ServiceAccount that may patch this Pod.
   */
  runJob(spec: IPodSpec, service: string): Promise<Container>;
  /** Runs one more container in the Pod's network: a copy of one of the Pod's, with changes. It is not restarted. */
  run(container: IContainer, processesOf?: string): Promise<Container>;
  /** Returns the answer to an httpGet probe of that container, over the Pod's address. */
  probe(name: string, kind: "startupProbe" | "livenessProbe" | "readinessProbe"): Promise<number>;
  /** Returns the status of the answer at this port and path of the Pod's address, such as `:9090/readyz`; 0 without one. */
  get(place: string): Promise<number>;
  /** Like `kubectl delete pod`: SIGTERM, then SIGKILL if needed. Volumes of claims stay. */
  delete(): Promise<void>;
}

/** Thrown if an init container fails: the Pod does not start. */
export class InitError extends Error {
  constructor(
    readonly container: string,
    readonly exitCode: number,
    readonly log: readonly string[],
  ) {
    super(`init container ${container} ended with ${exitCode}: ${log.join("\n")}`);
  }
}

const POD_ADDRESS = "10.244.0.7";

/**
 * Runs a Pod as the kubelet does, as far as that matters to the containers: volumes, fsGroup, environment, namespaces,
 * users, limits, init containers in order, restarts.
 *
 * @throws {InitError}
 */
export async function startPod(
  spec: IPodSpec,
  cluster: Cluster,
  { syncFrequencyMs }: KubeletOptions = {},
): Promise<RunningPod> {
  const directory = await mkdtemp(join(tmpdir(), "config-manager-pod-"));
  const namespace = basename(directory);
  const running = new Map<string, PodContainer>();
  const once: Container[] = [];
  const leftOut: string[] = [];
  const initLogs: Record<string, string[]> = {};
  const volumes = await mountVolumes(spec, cluster, join(directory, "volumes"));
  await mustRun("ip", ["netns", "add", namespace]);
  await mustRun("ip", ["-n", namespace, "link", "set", "lo", "up"]);
  await mustRun("ip", ["-n", namespace, "address", "add", `${POD_ADDRESS}/32`, "dev", "lo"]);
  const syncs = keepSyncing(volumes.refresh, syncFrequencyMs);
  let api: ClusterApi | undefined;
  let starts = 0;

  interface Place {
    pod: IPodSpec;
    volumes: PodVolumes;
    env?: Record<string, string>;
    mounts?: Mount[];
  }

  async function start(
    container: IContainer,
    processesOf?: string,
    { pod, volumes: own, env = {}, mounts = [] }: Place = { pod: spec, volumes },
  ): Promise<Container> {
    const image = pull(container);
    starts += 1;
    const id = `${namespace}-${starts}-${container.name}`;
    const root = join(directory, "roots", id);
    await mkdir(root, { recursive: true });
    const imageMounts = await image.layOut(root);
    const {
      runAsUser = 0,
      runAsGroup = 0,
      readOnlyRootFilesystem = false,
    } = { ...pod.securityContext, ...container.securityContext };
    return startContainer(directory, {
      id,
      root,
      isRootReadOnly: readOnlyRootFilesystem,
      args: [...(container.command ?? image.entrypoint), ...(container.args ?? [])],
      env: { ...image.env, ...env, ...readEnvironment(container, cluster) },
      cwd: container.workingDir ?? image.cwd,
      user: { uid: runAsUser, gid: runAsGroup, groups: [pod.securityContext?.fsGroup ?? runAsGroup] },
      mounts: [...imageMounts, ...(await Promise.all((container.volumeMounts ?? []).map(own.mount))), ...mounts],
      network: `/run/netns/${namespace}`,
      ...(processesOf && { processes: `/proc/${await find(processesOf).pid()}/ns/pid` }),
      limits: {
        memoryBytes: toNumber(container.resources?.limits?.["memory"]),
        cpus: toNumber(container.resources?.limits?.["cpu"]),
      },
    });
  }

  function find(name: string) {
    const found = running.get(name);
    if (!found) throw new Error(`no container ${name} runs`);
    return found;
  }

  function pull(container: IContainer): ContainerImage {
    const image = cluster.pull(container.image ?? "");
    if (!image) throw new Error(`${container.name}: there is no image ${container.image}`);
    return image;
  }

  async function keepRunning(container: IContainer): Promise<void> {
    if (!cluster.pull(container.image ?? "")) {
      leftOut.push(`${container.name}: the image ${container.image} is not to be had here`);
      return;
    }
    running.set(container.name, await keepContainer(container.name, () => start(container)));
  }

  async function runInit(container: IContainer): Promise<void> {
    const started = await start(container);
    const exitCode = await started.exited;
    const log = started.log.map(({ text }) => text);
    initLogs[container.name] = log;
    if (exitCode !== 0) throw new InitError(container.name, exitCode, log);
  }

  const pod: RunningPod = {
    leftOut,
    initLogs,
    container: find,
    async publish(name, data) {
      (name in cluster.secrets ? cluster.secrets : cluster.configMaps)[name] = data;
      return volumes.publish(name, data);
    },
    syncs,
    async runJob(job, service) {
      const place = join(directory, `job-${starts}`);
      const [container] = job.containers;
      if (!container) throw new Error("a Job without a container");
      const hosts = `${place}-hosts`;
      await writeFile(hosts, `127.0.0.1 localhost\n${POD_ADDRESS} ${service}\n`);
      const mounts: Mount[] = [{ source: hosts, destination: "/etc/hosts", options: ["rbind", "ro"] }];
      const isTrusted = job.automountServiceAccountToken !== false;
      if (isTrusted) {
        api ??= await startClusterApi(namespace, join(directory, "account"), () => void syncs.run("update"));
        mounts.push(api.account);
      }
      const env = isTrusted && api ? api.env : {};
      const own = await mountVolumes(job, cluster, place);
      const started = await start(container, undefined, { pod: job, volumes: own, env, mounts });
      once.push(started);
      return started;
    },
    async run(container, processesOf) {
      const started = await start(container, processesOf);
      once.push(started);
      return started;
    },
    async probe(name, kind) {
      const container = [...spec.containers, ...(spec.initContainers ?? [])].find((one) => one.name === name);
      const { path = "/", port } = container?.[kind]?.httpGet ?? {};
      const number = container?.ports?.find((one) => one.name === port)?.containerPort ?? port;
      return pod.get(`:${number}${path}`);
    },
    async get(place) {
      const url = `http://${POD_ADDRESS}${place}`;
      const source = `fetch(${JSON.stringify(url)}).then(({ status }) => console.log(status), () => console.log(0))`;
      return Number(await mustRun("ip", ["netns", "exec", namespace, process.execPath, "-e", source]));
    },
    async delete() {
      syncs.stop();
      await api?.stop();
      await Promise.all([...running.values()].map((container) => container.stop()));
      await Promise.all(once.map((container) => container.kill("KILL").then(() => container.exited)));
      await run("ip", ["netns", "delete", namespace]);
      await volumes.unmount();
      await rm(directory, { recursive: true, force: true });
    },
  };

  try {
    for (const container of spec.initContainers ?? []) {
      if (container.restartPolicy === "Always") await keepRunning(container);
      else await runInit(container);
    }
    await Promise.all(spec.containers.map(keepRunning));
    return pod;
  } catch (error) {
    await pod.delete();
    throw error;
  }
}

function readEnvironment(container: IContainer, { secrets }: Cluster): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { name, value = "", valueFrom } of container.env ?? []) {
    const key = valueFrom?.secretKeyRef;
    const found = key ? secrets[key.name ?? ""]?.[key.key] : value;
    if (found === undefined) throw new Error(`${container.name}: there is no ${key?.key} in the Secret ${key?.name}`);
    env[name] = found;
  }
  return env;
}
