// The Helm chart, rendered by a real helm, beside what kubectl makes of the kustomizations.

import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import type { IContainer, IPodSpec } from "kubernetes-models/v1";
import * as yaml from "yaml";
import { validate } from "../../../lib/commands/validate.ts";
import { CHART, helm, renderChart } from "../../support/chart.ts";
import { createScratch } from "../../support/fakes.ts";
import { validateManifests } from "../../support/kubernetes-schema.ts";
import {
  DEPLOY,
  type Deployment,
  type Manifest,
  findManifest,
  parseManifests,
  renderManifests,
  renderOverlay,
} from "../../support/manifests.ts";
import { findPorts, findQuantities, toCanonical } from "../../support/quantities.ts";

const BASE_VALUES = { files: [join(CHART, "values-base.yaml")] };
const WORKSPACE = { "AGENTS.md": "# Rules\nNone.\n", "skills/notes/collect.sh": "#!/bin/sh\n" };
const EVERYTHING = {
  workspace: WORKSPACE,
  configFiles: { "exec-approvals.json": { version: 1, agents: {} } },
  jobs: [{ name: "one", schedule: "0 9 * * 5", message: "Draft & send <it>", timeout: 86_400_000 }],
  mode: { config: "merge", restart: "when-idle", restartDeadline: 600, workspace: "seed", selfHeal: true },
  nativeSidecar: true,
  register: true,
  lockdown: { enabled: true },
  wait: { enabled: true, nudge: true },
  alerts: { enabled: true, labels: { release: "prometheus" } },
  podMonitor: { enabled: true },
  dashboard: { enabled: true },
  networkPolicy: { enabled: true },
};

const plain = await renderChart();
const asBase = await renderChart({}, BASE_VALUES);
const everything = await renderChart(EVERYTHING);

const RENDERED = [
  ["its default values", plain],
  ["values-base.yaml", asBase],
  ["everything", everything],
] as const;

const deploymentOf = (manifests: readonly Manifest[]) => findManifest(manifests, "Deployment", "openclaw");
const podOf = (manifests: readonly Manifest[]): IPodSpec => {
  const pod = deploymentOf(manifests).spec?.template.spec;
  if (!pod) throw new Error("there is no Pod");
  return pod;
};
const sidecarOf = ({ initContainers, containers }: IPodSpec): IContainer => {
  const found = [...(initContainers ?? []), ...containers].find(({ name }) => name === "config-manager-sidecar");
  if (!found) throw new Error("there is no sidecar");
  return found;
};
const ofMonitoring = ({ apiVersion }: Manifest) => apiVersion.startsWith("monitoring.coreos.com/");

describe.each(RENDERED)("the chart with %s", (_, manifests) => {
  test("is what Kubernetes takes", async () => {
    expect(await validateManifests(manifests.filter((manifest) => !ofMonitoring(manifest)))).toEqual([]);
    for (const { path, value } of findQuantities(manifests))
      expect({ path, value }).toEqual({ path, value: toCanonical(value) });
    for (const port of findPorts(manifests)) expect(port).toMatchObject({ protocol: "TCP" });
  });

  test("has config and jobs that config-manager takes", async () => {
    const files = manifests
      .filter(({ kind, metadata: { name } }) => kind === "ConfigMap" && /-(config|cron-jobs)$/.test(name))
      .map((manifest) => ({
        kind: "read" as const,
        name: manifest.metadata.name,
        bytes: Buffer.from(yaml.stringify(manifest)),
      }));
    expect(files).toHaveLength(2);
    expect(await validate(files)).toMatchObject({ problems: [], warnings: [] });
  });

  test("has each object once, in the release's namespace", () => {
    const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(manifests.map(({ metadata }) => metadata.namespace))).toEqual(new Set(["openclaw"]));
  });
});

/** The names that the volumes of base have in the chart, as in the component. */
const VOLUMES: Readonly<Record<string, string>> = {
  "openclaw-config": "config-manager-config",
  "cron-config": "config-manager-cron",
  "secret-files": "config-manager-secret-files",
  secrets: "config-manager-secrets",
};

const byName = <Item extends { name: string }>(items: readonly Item[] | undefined) =>
  items?.toSorted((one, other) => (one.name < other.name ? -1 : 1));
const byPath = (container: IContainer) =>
  container.volumeMounts?.toSorted((one, other) => (one.mountPath < other.mountPath ? -1 : 1));

/** What does not depend on order is sorted, and texts of JSON are read. */
function toComparable(manifests: readonly Manifest[]): Record<string, object> {
  const objects = structuredClone(manifests) as (Deployment & { data?: Record<string, unknown> })[];
  for (const { spec, data } of objects) {
    for (const [key, text] of Object.entries(data ?? {})) {
      if (data && key.endsWith(".json")) data[key] = JSON.parse(String(text));
    }
    const pod = spec?.template?.spec;
    if (!pod) continue;
    for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
      Object.assign(container, { env: byName(container.env), volumeMounts: byPath(container) });
    }
    Object.assign(pod, { volumes: byName(pod.volumes) });
  }
  return Object.fromEntries(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
}

/** All in which the chart differs from the kustomizations, for the release `openclaw`. */
function asHelmHas(manifests: readonly Manifest[]): Manifest[] {
  const instance = { "app.kubernetes.io/instance": "openclaw" };
  const ofRelease = { ...instance, "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "config-manager-0.1.0" };
  // Helm makes the namespace, or does not.
  const objects = structuredClone(manifests).filter(({ kind }) => kind !== "Namespace") as Deployment[];
  for (const object of objects) {
    // Helm's labels. Those of Pods have the instance, so that two releases can be neighbours.
    const kind: string = object.kind;
    object.metadata.labels = { ...object.metadata.labels, ...ofRelease };
    if (kind === "ConfigMap") object.metadata.labels = ofRelease;
    if (kind === "Service") Object.assign(object.spec?.selector ?? {}, instance);
    // The claim with all that the agents have outlives the release.
    if (object.metadata.name === "openclaw-data") object.metadata.annotations = { "helm.sh/resource-policy": "keep" };
    if (kind !== "Deployment") continue;
    Object.assign(object.spec?.selector.matchLabels ?? {}, instance);
    Object.assign(object.spec?.template.metadata?.labels ?? {}, instance);
    const pod = object.spec?.template.spec;
    for (const container of [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])]) {
      // The dotfiles are values, and nothing to init-config.
      if (container.name === "init-config")
        container.volumeMounts = container.volumeMounts?.filter(({ subPath }) => subPath !== "ghq") ?? [];
      for (const mount of container.volumeMounts ?? []) mount.name = VOLUMES[mount.name] ?? mount.name;
    }
    for (const volume of pod?.volumes ?? []) {
      volume.name = VOLUMES[volume.name] ?? volume.name;
      // As in the component: a missing ConfigMap keeps no gateway from starting.
      if (volume.configMap) volume.configMap.optional = true;
    }
  }
  return objects;
}

describe("the chart beside the kustomizations", () => {
  test("with values-base.yaml is base, but for what is told here", async () => {
    const base = await renderManifests(join(DEPLOY, "base"));
    expect(toComparable(asBase)).toEqual(toComparable(asHelmHas(base)));
  });

  test("with lockdown besides is deploy/lockdown", async () => {
    const lockdown = await renderManifests(join(DEPLOY, "lockdown"));
    const rendered = await renderChart({ lockdown: { enabled: true } }, BASE_VALUES);
    expect(toComparable(rendered)).toEqual(toComparable(asHelmHas(lockdown)));
  });

  test("has the component's sidecar, but for the command that the small image has anyway", async () => {
    const gateway = structuredClone(plain).filter(({ kind }) => kind === "Deployment");
    const pod = podOf(gateway);
    pod.containers = pod.containers.filter(({ name }) => name !== "config-manager-sidecar");
    const component = sidecarOf(podOf(await renderOverlay([gateway], ["component"])));
    expect(sidecarOf(podOf(plain))).toEqual({ ...component, command: ["config-manager", "run"] });
  });

  test("waits as deploy/wait does, as a hook", async () => {
    const values = { wait: { enabled: true, nudge: true }, workspace: WORKSPACE };
    const rendered = await renderChart(values);
    const jobs = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "openclaw-cron-jobs" }, data: { x: "" } };
    const [config, workspace] = [structuredClone(jobs), structuredClone(jobs)];
    config.metadata.name = "openclaw-config";
    workspace.metadata.name = "openclaw-workspace";
    const deployment = structuredClone(deploymentOf(rendered));
    const kustomized = await renderOverlay(
      [[deployment, jobs, config, workspace]],
      ["wait", "wait-workspace", "nudge"],
      {
        namespace: "openclaw",
      },
    );
    const withoutHash = (manifests: readonly Manifest[]) =>
      parseManifests(
        manifests.map((each) => yaml.stringify(each).replaceAll(/(-wait-)[a-z0-9]{10}\b/g, "$1HASH")).join("---\n"),
      );
    const ours = toComparable(withoutHash(rendered));
    for (const [name, object] of Object.entries(toComparable(withoutHash(kustomized)))) {
      const { kind, metadata } = object as Manifest;
      if (["Deployment", "ConfigMap"].includes(kind)) continue;
      const found = ours[name] as Deployment;
      const expected = asHelmHas([object as Manifest])[0] as Deployment;
      if (kind === "Job") {
        expected.metadata.annotations = {
          "helm.sh/hook": "post-install,post-upgrade,post-rollback",
          "helm.sh/hook-delete-policy": "before-hook-creation",
        };
        Object.assign(expected.spec?.template.metadata?.labels ?? {}, { "app.kubernetes.io/instance": "openclaw" });
        // There, the container has the profile of its Pod.
        for (const { securityContext } of expected.spec?.template.spec?.containers ?? [])
          Object.assign(securityContext ?? {}, { seccompProfile: { type: "RuntimeDefault" } });
        // There, it is the Deployment's volume, of a ConfigMap that may be missing. The copy never is.
        for (const { configMap } of expected.spec?.template.spec?.volumes ?? []) delete configMap?.optional;
      }
      expect({ [metadata.name]: found }).toEqual({ [metadata.name]: expected });
    }
  });

  test("closes the ports that deploy/network-policy closes", async () => {
    const rendered = await renderChart({ networkPolicy: { enabled: true } });
    const kustomized = await renderOverlay([[deploymentOf(rendered)]], ["network-policy"], { namespace: "openclaw" });
    const find = (manifests: readonly Manifest[]) => manifests.filter(({ kind }) => kind === "NetworkPolicy");
    expect(find(kustomized)).toHaveLength(1);
    expect(toComparable(find(rendered))).toEqual(toComparable(asHelmHas(find(kustomized))));
  });

  test("has the alerts and the dashboard of deploy/, and the PodMonitor of the manual", async () => {
    const [rules] = parseManifests(await readFile(join(DEPLOY, "alerts/config-manager.yaml"), "utf8"));
    const find = (kind: string) => everything.find((manifest) => manifest.kind === kind) as Deployment | undefined;
    expect(find("PrometheusRule")?.spec).toEqual((rules as Deployment).spec as never);
    expect(find("PrometheusRule")?.metadata.labels).toMatchObject({ release: "prometheus" });
    const dashboard = findManifest(everything, "ConfigMap", "openclaw-config-manager-dashboard");
    expect(dashboard.data["config-manager.json"]?.trim()).toBe(
      (await readFile(join(DEPLOY, "dashboard/config-manager.json"), "utf8")).trim(),
    );
    expect(dashboard.metadata).toMatchObject({ labels: { grafana_dashboard: "1" } });
    expect(find("PodMonitor")?.spec).toEqual({
      selector: { matchLabels: deploymentOf(everything).spec?.selector.matchLabels ?? {} },
      podMetricsEndpoints: [{ port: "metrics" }],
    } as never);
  });
});

describe("the values", () => {
  test("are those of the schema, all of them", async () => {
    interface Schema {
      properties?: Record<string, Schema>;
      additionalProperties?: unknown;
    }
    const schema = JSON.parse(await readFile(join(CHART, "values.schema.json"), "utf8")) as Schema;
    const values = yaml.parse(await readFile(join(CHART, "values.yaml"), "utf8")) as object;
    const compare = (found: object, { properties = {} }: Schema, path: string) => {
      const names = Object.keys(properties).filter((name) => name !== "global");
      expect({ path, names: Object.keys(found).toSorted() }).toEqual({ path, names: names.toSorted() });
      for (const [name, value] of Object.entries(found) as [string, object][])
        if (properties[name]?.properties) compare(value, properties[name], `${path}${name}.`);
    };
    compare(values, schema, "");
  });

  test.each([
    ["a slip of the pen", { mode: { confg: "auto" } }, "additional properties 'confg' not allowed"],
    ["a mode that there is not", { mode: { restart: "later" } }, "/mode/restart"],
    ["a path out of the workspace", { workspace: { "../x": "" } }, "invalid propertyName '../x'"],
    ["a job without a schedule", { jobs: [{ name: "one" }] }, "missing property 'schedule'"],
    ["no Secret for the token", { token: { secret: "" } }, "/token/secret"],
    [
      "a Job that cannot know what to wait for",
      { wait: { enabled: true }, existing: { config: "x" } },
      "wait.enabled needs",
    ],
  ])("%s is refused", async (_, values, problem) => {
    expect(await renderChart(values).then(() => "rendered", String)).toContain(problem);
  });

  test("a mode is a variable where it is not the default, in the init containers too", () => {
    const env = ({ env: variables }: IContainer) =>
      Object.fromEntries((variables ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
    expect(env(sidecarOf(podOf(everything)))).toMatchObject({
      CONFIG_MANAGER_CONFIG_MODE: "merge",
      CONFIG_MANAGER_RESTART: "when-idle",
      CONFIG_MANAGER_RESTART_DEADLINE: "600",
      CONFIG_MANAGER_WORKSPACE_MODE: "seed",
    });
    expect(sidecarOf(podOf(everything)).command).toEqual(["config-manager", "run", "--self-heal"]);
    const [initConfig, initFiles] = podOf(everything).initContainers ?? [];
    expect(env(initConfig as IContainer)).toMatchObject({ CONFIG_MANAGER_CONFIG_MODE: "merge" });
    expect(env(initFiles as IContainer)).toMatchObject({ CONFIG_MANAGER_WORKSPACE_MODE: "seed" });
  });

  test("a native sidecar is the last of the init containers", () => {
    const { initContainers, containers } = podOf(everything);
    expect(initContainers?.at(-1)).toMatchObject({ name: "config-manager-sidecar", restartPolicy: "Always" });
    expect(containers.map(({ name }) => name)).toEqual(["openclaw"]);
  });

  test("workspace files are where their paths say", () => {
    const volume = podOf(everything).volumes?.find(({ name }) => name === "config-manager-workspace");
    const { data } = findManifest(everything, "ConfigMap", "openclaw-workspace");
    const files = (volume?.configMap?.items ?? []).map(({ key, path, mode }) => [path, data[key], mode]);
    expect(files).toEqual([
      ["AGENTS.md", WORKSPACE["AGENTS.md"], undefined],
      ["skills/notes/collect.sh", WORKSPACE["skills/notes/collect.sh"], 0o755],
    ]);
  });

  test("another config and other jobs are no change of the Pod", async () => {
    const changed = await renderChart({ config: { gateway: { mode: "local" } }, jobs: EVERYTHING.jobs });
    expect(findManifest(changed, "ConfigMap", "openclaw-config")).not.toEqual(
      findManifest(plain, "ConfigMap", "openclaw-config"),
    );
    expect(deploymentOf(changed)).toEqual(deploymentOf(plain));
  });

  test("a config that is text stays so, comments and all", async () => {
    const config = '{ gateway: { mode: "local" }, // why\n}\n';
    const { data } = findManifest(await renderChart({ config }), "ConfigMap", "openclaw-config");
    expect(data["openclaw.json"]).toBe(config);
  });
});

describe("helm", () => {
  test("finds nothing to complain about", async () => {
    expect(await helm(["lint", "--strict", CHART])).toMatchObject({ exitCode: 0 });
  });

  test("packs a chart that renders the same, with alerts and dashboard in it", async () => {
    await using scratch = await createScratch();
    expect(await helm(["package", CHART, "--destination", scratch.in("")])).toMatchObject({ exitCode: 0 });
    const archive = scratch.in("config-manager-0.1.0.tgz");
    expect(await renderChart(EVERYTHING, { chart: archive })).toEqual(everything);
  });

  test("takes it for a dependency of another chart, which adds the sidecar to a StatefulSet of its own", async () => {
    await using scratch = await createScratch();
    const chart = scratch.in("mine");
    await mkdir(join(chart, "templates"), { recursive: true });
    await mkdir(join(chart, "charts"));
    await cp(CHART, join(chart, "charts/config-manager"), { recursive: true, dereference: true });
    await writeFile(join(chart, "Chart.yaml"), "apiVersion: v2\nname: mine\nversion: 1.0.0\n");
    await writeFile(
      join(chart, "values.yaml"),
      yaml.stringify({
        "config-manager": { install: false, dataVolume: "state", token: { secret: "mine", key: "token" } },
      }),
    );
    await cp(join(import.meta.dir, "../../support/shapes/parent-chart.yaml"), join(chart, "templates/agent.yaml"));
    const rendered = await renderChart({}, { chart, release: "mine" });
    expect(rendered.map(({ kind }) => kind)).toEqual(["StatefulSet"]);
    expect(await validateManifests(rendered)).toEqual([]);
    const pod = findManifest(rendered, "StatefulSet", "mine").spec?.template.spec;
    const sidecar = structuredClone(sidecarOf(podOf(plain)));
    for (const mount of sidecar.volumeMounts ?? []) if (mount.name === "data") mount.name = "state";
    for (const { name, valueFrom } of sidecar.env ?? [])
      if (name === "OPENCLAW_GATEWAY_TOKEN")
        Object.assign(valueFrom?.secretKeyRef ?? {}, { name: "mine", key: "token" });
    expect(pod?.containers.at(-1)).toEqual(sidecar);
    expect(pod?.volumes?.map(({ name }) => name)).toEqual(
      podOf(plain)
        .volumes?.map(({ name }) => name)
        .filter((name) => name !== "data") ?? [],
    );
    expect(pod?.containers[0]?.volumeMounts?.at(-1)?.mountPath).toBe("/run/openclaw-secrets");
  });
});
