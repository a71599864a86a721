// The manifests: rendered by kubectl, held against Kubernetes's schemas, and against the plan object by object.

import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { describe, expect, test } from "bun:test";
import type { IContainer } from "kubernetes-models/v1";
import * as yaml from "yaml";
import { validate } from "../../../lib/commands/validate.ts";
import { createScratch } from "../../support/fakes.ts";
import { validateManifests } from "../../support/kubernetes-schema.ts";
import {
  DEPLOY,
  type Deployment,
  type Manifest,
  findManifest,
  parseManifests,
  renderManifests,
} from "../../support/manifests.ts";
import { REPOSITORY } from "../../support/repository.ts";

const PLAN = resolve(REPOSITORY, "../shared/seed/plan.md");
const hasPlan = existsSync(PLAN);
if (!hasPlan) console.log(`(skip) the manifests beside the plan's: there is no ${PLAN}`);

type Container = IContainer;

/** An overlay of these resources, each a directory of ours or objects, and components of ours. */
async function renderOverlay(resources: readonly (string | Manifest[])[], components: readonly string[]) {
  await using scratch = await createScratch();
  const overlay = scratch.in("overlay");
  await mkdir(overlay);
  const ours = (name: string) => relative(overlay, join(DEPLOY, name));
  const names = await Promise.all(
    resources.map(async (resource, index) => {
      if (typeof resource === "string") return ours(resource);
      await writeFile(join(overlay, `${index}.yaml`), resource.map((object) => yaml.stringify(object)).join("---\n"));
      return `${index}.yaml`;
    }),
  );
  const kustomization = { resources: names, components: components.map(ours) };
  await writeFile(join(overlay, "kustomization.yaml"), yaml.stringify(kustomization));
  return await renderManifests(overlay);
}

const base = await renderManifests(join(DEPLOY, "base"));
const example = await renderManifests(join(DEPLOY, "example"));
const native = await renderOverlay(["base"], ["native-sidecar"]);

const deploymentOf = (manifests: readonly Manifest[]) =>
  structuredClone(findManifest(manifests, "Deployment", "openclaw"));
const podOf = (deployment: Deployment) => {
  const pod = deployment.spec?.template.spec;
  if (!pod) throw new Error("a Deployment without a Pod");
  return pod;
};
const containerOf = (containers: readonly Container[] | undefined, name: string): Container => {
  const found = containers?.find((container) => container.name === name);
  if (!found) throw new Error(`there is no container ${name}`);
  return found;
};
const gatewayOf = (deployment: Deployment) => containerOf(podOf(deployment).containers, "openclaw");
const namesOf = (list: readonly { name: string }[] | undefined) => list?.map(({ name }) => name);
const withoutSidecar = (manifests: readonly Manifest[]): Manifest[] => {
  const deployment = deploymentOf(manifests);
  const pod = podOf(deployment);
  pod.containers = pod.containers.filter(({ name }) => name !== "config-manager-sidecar");
  return [deployment];
};

describe("what kubectl makes of deploy/", () => {
  test.each([
    ["base", base],
    ["example, with component and native-sidecar", example],
    ["base with native-sidecar", native],
  ])("%s is what Kubernetes takes", async (_, manifests) => {
    expect(await validateManifests(manifests)).toEqual([]);
  });

  test("what Kubernetes does not take would be found", async () => {
    const deployment = deploymentOf(base);
    Object.assign(containerOf(podOf(deployment).containers, "openclaw"), { volumeMount: [] });
    Object.assign(deployment.spec ?? {}, { replicas: "one" });
    const problems = (await validateManifests([deployment])).join("\n");
    expect(problems).toContain("Deployment openclaw: data/spec/replicas must be integer");
    expect(problems).toContain(`'"volumeMount"' does not exist in type 'IContainer'`);
  });

  test.each([
    ["base", base],
    ["example", example],
  ])("config and jobs of %s are what config-manager takes", async (_, manifests) => {
    const files = manifests
      .filter(({ kind }) => kind === "ConfigMap")
      .map((manifest) => ({
        kind: "read" as const,
        name: manifest.metadata.name,
        bytes: Buffer.from(yaml.stringify(manifest)),
      }));
    expect(files).toHaveLength(2);
    expect(await validate(files)).toMatchObject({ problems: [], warnings: [] });
  });
});

const plan = hasPlan ? await readPlan() : [];

describe.skipIf(!hasPlan)("base beside the plan", () => {
  test("the Deployment is the plan's, but for what is told here", () => {
    const expected = deploymentOf(plan);
    const pod = podOf(expected);
    const both = [...(pod.initContainers ?? []), ...pod.containers];

    // The image with the binary in it.
    for (const container of both)
      container.image = container.image?.replace(/(openclaw:\d+)$/, "$1-config-manager") ?? "";

    // The shell of three places is the binary.
    const initConfig = containerOf(pod.initContainers, "init-config");
    initConfig.command = ["config-manager", "init", "--only=config", "--config-dir=/config"];
    const initCron = containerOf(pod.initContainers, "init-cron-config");
    initCron.command = ["config-manager", "init", "--only=cron", "--cron-dir=/cron-config"];
    for (const container of [initConfig, initCron]) {
      delete container.args;
      Object.assign(container.securityContext ?? {}, { readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } });
    }
    const openclaw = containerOf(pod.containers, "openclaw");
    const [script = ""] = openclaw.args ?? [];
    const registration = /# === cronジョブの起動時登録 ===[^]*?complete ==="\nfi\n/.exec(script)?.[0] ?? "(not there)";
    openclaw.args = [
      script.replace(
        registration,
        "# In the background: it waits for the gateway that the next line starts\nconfig-manager register &\n",
      ),
    ];
    const sidecar = containerOf(pod.containers, "config-manager-sidecar");
    sidecar.command = ["config-manager", "run"];
    delete sidecar.args;

    // What the plan's sidecar lacks: the token, probes, a root that nothing can be written to, and so a place for checksums.
    sidecar.env = [
      { name: "OPENCLAW_GATEWAY_TOKEN", ...containerEnv(openclaw, "OPENCLAW_GATEWAY_TOKEN") },
      { name: "CONFIG_MANAGER_HTTP_PORT", value: "9090" },
    ];
    sidecar.ports = [{ name: "metrics", containerPort: 9090 }];
    sidecar.livenessProbe = { httpGet: { path: "/healthz", port: "metrics" }, periodSeconds: 30, timeoutSeconds: 5 };
    sidecar.readinessProbe = { httpGet: { path: "/readyz", port: "metrics" }, periodSeconds: 10, timeoutSeconds: 5 };
    Object.assign(sidecar.securityContext ?? {}, { readOnlyRootFilesystem: true });
    sidecar.volumeMounts?.push({ name: "config-manager-tmp", mountPath: "/tmp" });
    pod.volumes?.push({ name: "config-manager-tmp", emptyDir: { sizeLimit: "16Mi" } });

    expect(deploymentOf(base)).toEqual(expected);
  });

  test("the jobs and their ConfigMap are the plan's", () => {
    const theirs = findManifest(plan, "ConfigMap", "openclaw-cron-jobs");
    const ours = findManifest(base, "ConfigMap", "openclaw-cron-jobs");
    expect(ours.metadata).toEqual(theirs.metadata);
    expect(JSON.parse(ours.data["cron-jobs.json"] ?? "")).toEqual(JSON.parse(theirs.data["cron-jobs.json"] ?? ""));
  });

  test("the other ConfigMap has the plan's name and file", () => {
    const theirs = findManifest(plan, "ConfigMap", "openclaw-config");
    const ours = findManifest(base, "ConfigMap", "openclaw-config");
    expect(ours.metadata).toEqual(theirs.metadata);
    expect(Object.keys(ours.data)).toEqual(Object.keys(theirs.data));
  });

  test("the kustomization lists what the plan's lists, but for what is none of ours", async () => {
    const theirs = findKustomization(plan).resources;
    const ours = findKustomization(parseManifests(await readFile(join(DEPLOY, "base/kustomization.yaml"), "utf8")));
    expect(ours.namespace).toBe(findKustomization(plan).namespace);
    expect(theirs.filter((name) => !ours.resources.includes(name))).toEqual([
      "external-secret.yaml",
      "external-secret-litellm.yaml",
      "configmap-litellm.yaml",
      "deployment-litellm.yaml",
      "service-litellm.yaml",
      "deployment-cloudflared.yaml",
      "networkpolicy.yaml",
    ]);
    expect(ours.resources.filter((name) => !theirs.includes(name))).toEqual([]);
  });

  test("the volume is the one that the plan names", () => {
    const { spec } = findManifest(base, "PersistentVolumeClaim", "openclaw-data");
    expect(spec).toMatchObject({ storageClassName: "longhorn", resources: { requests: { storage: "10Gi" } } });
  });
});

describe("the sidecar", () => {
  test.each([
    ["base", base, (pod: ReturnType<typeof podOf>) => pod.containers],
    ["native", native, (pod: ReturnType<typeof podOf>) => pod.initContainers],
    ["example", example, (pod: ReturnType<typeof podOf>) => pod.initContainers],
  ])("of %s sees what changes, and can touch nothing else", (_, manifests, listOf) => {
    const pod = podOf(deploymentOf(manifests));
    const sidecar = containerOf(listOf(pod), "config-manager-sidecar");
    expect(pod.shareProcessNamespace).toBeUndefined();
    expect(sidecar.volumeMounts?.filter(({ subPath, subPathExpr }) => subPath ?? subPathExpr)).toEqual([]);
    expect(sidecar.securityContext).toEqual({
      runAsUser: 1000,
      runAsGroup: 1000,
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("that the component brings is base's, but for the names around it", async () => {
    const withComponent = await renderOverlay([withoutSidecar(base)], ["component"]);
    const brought = podOf(deploymentOf(withComponent));
    const expected = structuredClone(containerOf(podOf(deploymentOf(base)).containers, "config-manager-sidecar"));
    expected.image = "registry.example/config-manager:0.1.0";
    delete expected.command; // the small image has it for its entrypoint
    for (const mount of expected.volumeMounts ?? []) {
      if (mount.name.endsWith("-config")) mount.name = mount.mountPath.replace(/.*\/(\w+)\.d$/, "config-manager-$1");
    }
    expect(containerOf(brought.containers, "config-manager-sidecar")).toEqual(expected);
    expect(namesOf(brought.containers)).toEqual(["openclaw", "dind", "config-manager-sidecar"]);
  });

  test("takes volume and token from whatever Deployment it is put beside", () => {
    const pod = podOf(deploymentOf(example));
    const sidecar = containerOf(pod.initContainers, "config-manager-sidecar");
    const gateway = containerOf(pod.containers, "gateway");
    const mount = (container: Container) =>
      container.volumeMounts?.find(({ mountPath }) => mountPath === "/home/node/.openclaw");
    expect(mount(sidecar)).toEqual({ name: "openclaw-home", mountPath: "/home/node/.openclaw" });
    expect(mount(sidecar)).toEqual(mount(gateway));
    expect(containerEnv(sidecar, "OPENCLAW_GATEWAY_TOKEN")).toEqual(containerEnv(gateway, "OPENCLAW_GATEWAY_TOKEN"));
  });

  test("turns Reloader off, and leaves what else is on the Deployment", async () => {
    const [deployment] = withoutSidecar(base) as [Deployment];
    deployment.metadata.annotations = { "argocd.argoproj.io/sync-wave": "2" };
    const withComponent = deploymentOf(await renderOverlay([[deployment]], ["component"]));
    expect(withComponent.metadata.annotations).toEqual({
      "argocd.argoproj.io/sync-wave": "2",
      "reloader.stakater.com/auto": "false",
    });
  });

  test("of a native kind comes last of the init containers, and is an ordinary one no longer", () => {
    const [ordinary, asNative] = [podOf(deploymentOf(base)), podOf(deploymentOf(native))];
    expect(namesOf(asNative.initContainers)).toEqual([
      "init-config",
      "init-dotfiles",
      "init-cron-config",
      "config-manager-sidecar",
    ]);
    expect(namesOf(asNative.containers)).toEqual(["openclaw", "dind"]);
    expect(containerOf(asNative.initContainers, "config-manager-sidecar")).toEqual({
      ...containerOf(ordinary.containers, "config-manager-sidecar"),
      restartPolicy: "Always",
    });
  });

  test.each([
    ["has another name", (deployment: Deployment) => (deployment.metadata.name = "agent"), /openclaw/],
    [
      "has no token to share",
      (deployment: Deployment) => (gatewayOf(deployment).env = []),
      /OPENCLAW_GATEWAY_TOKEN.* is missing/,
    ],
    [
      "has its volume elsewhere",
      (deployment: Deployment) => (gatewayOf(deployment).volumeMounts = []),
      /mountPath=\/home\/node\/\.openclaw.* is missing/,
    ],
  ])("is refused a Deployment that %s, rather than left out", async (_, change, problem) => {
    const [deployment] = withoutSidecar(base) as [Deployment];
    change(deployment);
    const rendered = renderOverlay([[deployment]], ["component"]);
    expect(await rendered.then(() => "rendered", String)).toMatch(problem);
  });
});

/** Where a container has this variable from. */
function containerEnv(container: Container, name: string) {
  const { name: _, ...source } = container.env?.find((variable) => variable.name === name) ?? { name };
  return source;
}

/** The objects of the plan's code blocks. Of several of one name, the last is the one that it ends with. */
async function readPlan(): Promise<Manifest[]> {
  const blocks = (await readFile(PLAN, "utf8")).matchAll(/^```yaml\n([^]*?)^```$/gm);
  return [...blocks].flatMap(([, text = ""]) => parseManifests(text)).filter(({ kind }) => kind);
}

function findKustomization(manifests: readonly Manifest[]): { namespace: string; resources: string[] } {
  const found = manifests.find(({ kind }) => kind === "Kustomization");
  return found as unknown as { namespace: string; resources: string[] };
}
