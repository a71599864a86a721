// The component on what others run: shapes of OpenClaw's own manifests and of what charts render (test/support/shapes).

import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import type { IContainer, IEnvVar, IPodTemplateSpec } from "kubernetes-models/v1";
import * as yaml from "yaml";
import { createScratch } from "../../support/fakes.ts";
import { validateManifests } from "../../support/kubernetes-schema.ts";
import { DEPLOY, type Manifest, findManifest, parseManifests, renderOverlay } from "../../support/manifests.ts";
import { mustRun } from "../../support/process.ts";

interface Workload extends Manifest {
  metadata: Manifest["metadata"] & { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: { template: IPodTemplateSpec };
}

const readShape = async (name: string) =>
  await readFile(join(import.meta.dir, "../../support/shapes", `${name}.yaml`), "utf8");
const read = async (name: string) => parseManifests(await readShape(name));

const workloadOf = (manifests: readonly Manifest[], kind: "Deployment" | "StatefulSet", name: string) =>
  findManifest(manifests, kind, name) as Workload;

const podOf = ({ spec }: Workload) => {
  if (!spec.template.spec) throw new Error("there is no Pod");
  return spec.template.spec;
};

/** Adds labels to a workload, as its user does. */
function label<Objects extends Manifest[]>(manifests: Objects, name: string, more: Record<string, string> = {}) {
  for (const { kind, metadata } of manifests as unknown as Workload[]) {
    if (metadata.name === name && /^(Deployment|StatefulSet)$/.test(kind))
      metadata.labels = { ...metadata.labels, "config-manager": "enabled", ...more };
  }
  return manifests;
}

const own = await read("openclaw-manifests");
const renamed = label(structuredClone(own), "openclaw");
for (const manifest of renamed) {
  if (manifest.kind === "Deployment") manifest.metadata.name = "agent";
  if (manifest.kind === "ConfigMap") delete (manifest as unknown as { data: Record<string, string> }).data["AGENTS.md"];
}

/** OpenClaw's own manifests at other times. */
const VERSIONS = await Promise.all(
  (yaml.parse(await readShape("openclaw-versions")) as { shape: string; patch: Manifest }[]).map(
    async ({ shape, patch }) => ({
      shape,
      given: await renderOverlay([own], [], { patches: [{ patch: yaml.stringify(patch) }] }),
    }),
  ),
);

const BY_LABEL = ["component-by-label"];
const secret = (name: string) => ({ secretKeyRef: { name, key: "OPENCLAW_GATEWAY_TOKEN" } });

interface Shape {
  shape: string;
  given: Manifest[];
  components: string[];
  workload: ["Deployment" | "StatefulSet", string];
  /** The name of its container. */
  gateway: string;
  volume: string;
  token: Pick<IContainer, "envFrom"> & { env: IEnvVar["valueFrom"] };
}

const SHAPES: Shape[] = [
  {
    shape: "OpenClaw's own manifests, with AGENTS.md in the ConfigMap",
    given: own,
    components: ["component"],
    workload: ["Deployment", "openclaw"],
    gateway: "gateway",
    volume: "openclaw-home",
    token: { env: secret("openclaw-secrets") },
  },
  ...VERSIONS.map(
    ({ shape, given }): Shape => ({
      shape: `OpenClaw's own, ${shape}`,
      given,
      components: ["component"],
      workload: ["Deployment", "openclaw"],
      gateway: "gateway",
      volume: "openclaw-home",
      token: { env: secret("openclaw-secrets") },
    }),
  ),
  {
    shape: "the same under another name, without AGENTS.md",
    given: renamed,
    components: BY_LABEL,
    workload: ["Deployment", "agent"],
    gateway: "gateway",
    volume: "openclaw-home",
    token: { env: secret("openclaw-secrets") },
  },
  {
    shape: "app-template, a browser before the gateway and the token in the config",
    given: label(await read("app-template"), "openclaw", { "config-manager-container": "1" }),
    components: ["by-label", "component/sidecar", "by-label/back"],
    workload: ["Deployment", "openclaw"],
    gateway: "main",
    volume: "data",
    token: { env: undefined },
  },
  {
    shape: "a StatefulSet with a claim template",
    given: label(await read("claim-template"), "claws-openclaw"),
    components: BY_LABEL,
    workload: ["StatefulSet", "claws-openclaw"],
    gateway: "openclaw",
    volume: "data",
    token: { env: secret("claws-openclaw") },
  },
  {
    shape: "a Deployment with the token by envFrom",
    given: label(await read("env-from"), "my-claw-openclaw-helm"),
    components: ["by-label", "component/sidecar", "component/env-from", "by-label/back"],
    workload: ["Deployment", "my-claw-openclaw-helm"],
    gateway: "main",
    volume: "data",
    token: { env: undefined, envFrom: [{ secretRef: { name: "my-claw-openclaw-helm-gateway-token" } }] },
  },
];

const OURS = "config-manager";
const byName = <Item extends { name: string }>(items: readonly Item[] | undefined) =>
  Object.fromEntries((items ?? []).map((item) => [item.name, item]));

describe.each(SHAPES)("the component on $shape", ({ given, components, workload: [kind, name], ...expected }) => {
  const rendered = renderOverlay([given], components);

  test("is what Kubernetes takes", async () => {
    expect(await validateManifests(await rendered)).toEqual([]);
  });

  test("brings the sidecar, with the gateway's volume and token", async () => {
    const pod = podOf(workloadOf(await rendered, kind, name));
    const sidecar = pod.containers.at(-1);
    expect(sidecar?.name).toBe("config-manager-sidecar");
    expect(sidecar?.volumeMounts).toContainEqual({ name: expected.volume, mountPath: "/home/node/.openclaw" });
    const tokens = sidecar?.env?.filter((variable) => variable.name === "OPENCLAW_GATEWAY_TOKEN") ?? [];
    expect(tokens.map(({ valueFrom }) => valueFrom)).toEqual(expected.token.env ? [expected.token.env] : []);
    expect(sidecar?.envFrom).toEqual(expected.token.envFrom);
    const mounted = sidecar?.volumeMounts?.find(({ mountPath }) => mountPath === "/etc/openclaw/config.d");
    expect(byName(pod.volumes)[mounted?.name ?? ""]?.configMap).toEqual({ name: "openclaw-config", optional: true });
    expect(sidecar?.securityContext?.seccompProfile).toEqual({ type: "RuntimeDefault" });
  });

  test("changes nothing else", async () => {
    const found = structuredClone(await rendered) as Workload[];
    const pod = podOf(workloadOf(found, kind, name));
    pod.containers.pop();
    const gateway = byName(pod.containers)[expected.gateway];
    const secrets = gateway?.volumeMounts?.pop();
    expect(secrets).toEqual({ name: "config-manager-secrets", mountPath: "/run/openclaw-secrets", readOnly: true });
    pod.volumes = pod.volumes?.filter((volume) => !volume.name.startsWith(OURS)) ?? [];
    const { annotations } = workloadOf(found, kind, name).metadata;
    expect(annotations).toEqual({ "reloader.stakater.com/auto": "false" });
    delete workloadOf(found, kind, name).metadata.annotations;
    const sorted = (manifests: readonly Manifest[]) =>
      manifests.toSorted((one, other) => (one.kind + one.metadata.name < other.kind + other.metadata.name ? -1 : 1));
    expect(sorted(found)).toEqual(sorted(given));
  });
});

describe("by label", () => {
  test("the other components work on a StatefulSet too", async () => {
    const given = label(await read("claim-template"), "claws-openclaw");
    const jobs = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "openclaw-cron-jobs" } };
    const config = { ...jobs, metadata: { name: "openclaw-config" } };
    for (const one of [jobs, config]) Object.assign(one, { data: { "some.json": "[]" } });
    const rendered = await renderOverlay(
      [[...given, jobs, config]],
      ["by-label", "component", "native-sidecar", "wait", "nudge", "by-label/back"],
    );
    const workload = workloadOf(rendered, "StatefulSet", "claws-openclaw");
    expect(podOf(workload).initContainers?.map((one) => one.name)).toEqual([
      "init-openclaw-data",
      "config-manager-sidecar",
    ]);
    expect(findManifest(rendered, "Service", "openclaw-config-manager").spec?.selector).toEqual({
      "app.kubernetes.io/instance": "claws",
    });
    expect(await validateManifests(rendered)).toEqual([]);
  });

  test("a Deployment named openclaw needs no label", async () => {
    expect(await renderOverlay([own], BY_LABEL)).toEqual(await renderOverlay([own], ["component"]));
  });

  test.each([
    ["none has the label", [], /nothing selected by .*openclaw/s],
    ["two have it", ["one", "two"], /already registered id.*openclaw|multiple matches/s],
  ])("is refused where %s, rather than left out", async (_, names, problem) => {
    const given = (names.length > 0 ? names : ["other"]).flatMap((name) => {
      const [deployment] = structuredClone(own).filter(({ kind }) => kind === "Deployment") as [Manifest];
      deployment.metadata.name = name;
      return names.length > 0 ? label([deployment], name) : [deployment];
    });
    expect(await renderOverlay([given], BY_LABEL).then(() => "rendered", String)).toMatch(problem);
  });
});

describe("from a repository, at a tag", () => {
  test.each([
    ["component", own],
    ["component-by-label", renamed],
  ])("%s is what it is from a folder", async (component, given) => {
    await using scratch = await createScratch();
    const repository = scratch.in("repository");
    await cp(DEPLOY, join(repository, "deploy"), { recursive: true });
    const git = (...words: string[]) =>
      mustRun("git", ["-c", "user.name=test", "-c", "user.email=test@localhost", ...words], { cwd: repository });
    await git("init", "--quiet");
    await git("add", ".");
    await git("commit", "--quiet", "--message=all");
    await git("tag", "v0.1.0");
    const remote = await renderOverlay([given], [`file://${repository}//deploy/${component}?ref=v0.1.0`]);
    expect(remote).toEqual(await renderOverlay([given], [component]));
  });
});
