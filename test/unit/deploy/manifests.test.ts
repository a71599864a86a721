// The manifests: rendered by kubectl, held against Kubernetes's schemas, and against the plan's facts (test/reference/).

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import type { IContainer } from "kubernetes-models/v1";
import * as yaml from "yaml";
import { validate } from "../../../lib/commands/validate.ts";
import { readFacts, scriptOf, sortFacts } from "../../reference/facts.ts";
import { PLAN, PLAN_DOTFILES, PLAN_JOB, PLAN_VOLUME } from "../../reference/plan.ts";
import { validateManifests } from "../../support/kubernetes-schema.ts";
import { findPorts, findQuantities, toCanonical } from "../../support/quantities.ts";
import {
  DEPLOY,
  type Deployment,
  type Manifest,
  findManifest,
  parseManifests,
  renderManifests,
  renderOverlay,
} from "../../support/manifests.ts";
import { findSeed } from "../../support/manager-sh.ts";

type Container = IContainer;

const base = await renderManifests(join(DEPLOY, "base"));
const example = await renderManifests(join(DEPLOY, "example"));
const native = await renderOverlay(["base"], ["native-sidecar"]);
const all = await renderManifests(join(DEPLOY, "example-all"));
const official = await renderManifests(join(DEPLOY, "example-official"));
const lockdown = await renderManifests(join(DEPLOY, "lockdown"));

const RENDERED = [
  ["base", base],
  ["example, with component and native-sidecar", example],
  ["base with native-sidecar", native],
  ["example-all", all],
  ["example-official", official],
  ["lockdown", lockdown],
] as const;

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
  test.each(RENDERED)("%s is what Kubernetes takes", async (_, manifests) => {
    expect(await validateManifests(manifests)).toEqual([]);
  });

  test.each(RENDERED)("%s: another apply of it changes nothing", (_, manifests) => {
    const quantities = findQuantities(manifests);
    expect(quantities.length).toBeGreaterThan(4);
    for (const { path, value } of quantities) expect({ path, value }).toEqual({ path, value: toCanonical(value) });
  });

  test.each([
    ["2000m", "2"],
    ["1500m", "1500m"],
    ["0.5", "500m"],
    ["1024Mi", "1Gi"],
    ["1536Mi", "1536Mi"],
    ["0.5Gi", "512Mi"],
    ["1000k", "1M"],
    ["1000", "1k"],
    ["1e3", "1e3"],
    [2, "2"],
  ])("the API server keeps the quantity %s as %s", (given, kept) => {
    expect(toCanonical(given)).toBe(kept);
  });

  test.each(RENDERED)(
    "%s: each port names its protocol, for a server-side apply on Kubernetes 1.20",
    (_, manifests) => {
      const ports = findPorts(manifests);
      expect(ports.length).toBeGreaterThan(0);
      for (const port of ports) expect(port).toMatchObject({ protocol: "TCP" });
    },
  );

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
    ["example-all", all],
    ["example-official", official],
    ["lockdown", lockdown],
  ])("config and jobs of %s are what config-manager takes", async (_, manifests) => {
    const files = manifests
      .filter(({ kind, metadata: { name } }) => kind === "ConfigMap" && name !== "openclaw-workspace")
      .map((manifest) => ({
        kind: "read" as const,
        name: manifest.metadata.name,
        bytes: Buffer.from(yaml.stringify(manifest)),
      }));
    expect(files).toHaveLength(2);
    expect(await validate(files)).toMatchObject({ problems: [], warnings: [] });
  });
});

const kustomization = parseManifests(await readFile(join(DEPLOY, "base/kustomization.yaml"), "utf8"));

describe("base beside the plan", () => {
  test("each object is the plan's, but for what is told here", () => {
    const expected = structuredClone(PLAN);
    const { initContainers, containers } = expected;
    const factsOf = (name: string) => {
      const facts = initContainers[name] ?? containers[name];
      if (!facts) throw new Error(`the plan has no container ${name}`);
      return facts;
    };

    // The image with the binary in it.
    for (const container of [...Object.values(initContainers), ...Object.values(containers)]) {
      container.image = container.image.replace(/(openclaw:\d+)$/, "$1-config-manager");
    }

    // The shell of three places is the binary.
    const openclaw = factsOf("openclaw");
    const sidecar = factsOf("config-manager-sidecar");
    const initConfig = factsOf("init-config");
    const initCron = factsOf("init-cron-config");
    initConfig.command = ["config-manager", "init", "--only=config", "--config-dir=/config"];
    initCron.command = ["config-manager", "init", "--only=cron", "--cron-dir=/cron-config"];
    sidecar.command = ["config-manager", "run"];
    const readOnlyRoot = "securityContext.readOnlyRootFilesystem=true";
    const seccomp = "securityContext.seccompProfile.type=RuntimeDefault";
    for (const container of [initConfig, initCron]) {
      container.settings = [...container.settings, readOnlyRoot, seccomp, "securityContext.capabilities.drop.0=ALL"];
    }
    for (const container of [initCron, openclaw]) container.says = [];

    // Quantities as the API server keeps them, the protocol of ports, and OpenClaw's own probes.
    for (const container of [openclaw, factsOf("dind")]) {
      container.settings = container.settings.map((line) => line.replace(/=(\d+)000m$/, "=$1"));
    }
    openclaw.settings = [
      ...openclaw.settings,
      "ports.0.name=gateway",
      "ports.0.protocol=TCP",
      ...describeProbe("startupProbe", "/healthz", "gateway", {
        periodSeconds: 10,
        timeoutSeconds: 5,
        failureThreshold: 60,
      }),
      ...describeProbe("livenessProbe", "/healthz", "gateway", {
        periodSeconds: 30,
        timeoutSeconds: 10,
        failureThreshold: 4,
      }),
      ...describeProbe("readinessProbe", "/readyz", "gateway", { periodSeconds: 5, timeoutSeconds: 5 }),
    ];

    // What the plan's sidecar lacks: the token, probes, a seccomp profile, a read-only root, and so a place for checksums.
    const { OPENCLAW_GATEWAY_TOKEN = "" } = openclaw.env;
    const secrets = { SECRETS_DIR: "/etc/openclaw/secrets.d", SECRETS_TARGET_DIR: "/run/openclaw-secrets" };
    sidecar.env = { OPENCLAW_GATEWAY_TOKEN, CONFIG_MANAGER_HTTP_PORT: "9090", ...secrets };
    sidecar.settings = [
      ...sidecar.settings.filter((line) => !line.startsWith("securityContext.readOnlyRootFilesystem")),
      readOnlyRoot,
      seccomp,
      "ports.0.name=metrics",
      "ports.0.containerPort=9090",
      "ports.0.protocol=TCP",
      ...describeProbe("livenessProbe", "/healthz", "metrics", { periodSeconds: 30, timeoutSeconds: 5 }),
      ...describeProbe("readinessProbe", "/readyz", "metrics", { periodSeconds: 10, timeoutSeconds: 5 }),
    ];
    const tmp = ["config-manager-tmp at /tmp"];
    expected.volumes = [...expected.volumes, "config-manager-tmp.emptyDir.sizeLimit=16Mi"];

    // The kinds of settings that the plan does not have: files of workspaces and secrets, each where there are any.
    const data = "data at /home/node/.openclaw";
    const files = [
      "config-manager-workspace at /etc/openclaw/workspace.d, read-only",
      "secret-files at /etc/openclaw/secrets.d, read-only",
      "secrets at /run/openclaw-secrets",
    ];
    sidecar.mounts = [...sidecar.mounts.filter((mount) => mount !== data), ...files, data, ...tmp];
    openclaw.mounts = [...openclaw.mounts, "secrets at /run/openclaw-secrets, read-only"];
    initContainers["init-files"] = {
      ...initCron,
      command: ["config-manager", "init", "--only=secrets", "--only=workspace"],
      env: secrets,
      mounts: [...files, data],
    };
    const [before, after] = split(expected.volumes, (line) => line.startsWith("data."));
    expected.volumes = [
      ...before,
      "config-manager-workspace.configMap.name=openclaw-workspace",
      "config-manager-workspace.configMap.optional=true",
      "secret-files.secret.optional=true",
      "secret-files.secret.secretName=openclaw-secret-files",
      "secrets.emptyDir.medium=Memory",
      "secrets.emptyDir.sizeLimit=8Mi",
      ...after,
    ];

    // What is none of ours: other programs, and secrets.
    expected.kustomization.resources = expected.kustomization.resources.filter(
      (name) => !/secret|litellm|cloudflared|networkpolicy/.test(name),
    );

    const found = sortFacts(readFacts([...base, ...kustomization]));
    found.kustomization.resources.sort();
    expected.kustomization.resources.sort();
    expect(found).toEqual(sortFacts(expected));
  });

  test("the job is the plan's", () => {
    const { data } = findManifest(base, "ConfigMap", "openclaw-cron-jobs");
    expect(JSON.parse(data["cron-jobs.json"] ?? "")).toEqual([PLAN_JOB]);
  });

  test("the volume is the one that the plan names", () => {
    const { spec } = findManifest(base, "PersistentVolumeClaim", PLAN_VOLUME.claim);
    const { storageClass: storageClassName, size: storage } = PLAN_VOLUME;
    expect(spec).toMatchObject({ storageClassName, resources: { requests: { storage } } });
  });

  test("two scripts are left: one clones the dotfiles, one links them, registers the jobs and becomes the gateway", () => {
    const { repository, directory, branch, notLinked } = PLAN_DOTFILES;
    const pod = podOf(deploymentOf(base));
    const scripts = [...(pod.initContainers ?? []), ...pod.containers].filter((one) => scriptOf(one) !== "");
    expect(namesOf(scripts)).toEqual(["init-dotfiles", "openclaw"]);
    const [clone = "", start = ""] = scripts.map(scriptOf);
    for (const script of [clone, start]) expect(script).toStartWith(`DOTFILES_DIR=${directory}\n`);
    expect(clone).toContain(`git clone ${repository} "$DOTFILES_DIR"\n`);
    expect(clone).toContain(`git checkout ${branch} && git pull origin ${branch}\n`);
    expect(start).toContain(`.|..|${notLinked.join("|")}) continue`);
    expect(start).toEndWith(`\nconfig-manager register &\n\nexec ${PLAN.containers["openclaw"]?.ends}\n`);
  });
});

const planFile = findSeed("plan.md");

if (planFile !== undefined) {
  describe("test/reference/plan.ts beside the plan itself", () => {
    test("has its facts", async () => {
      const plan = await readPlan(planFile);
      const { data } = findManifest(plan, "ConfigMap", "openclaw-cron-jobs");
      expect(sortFacts(PLAN)).toEqual(sortFacts(readFacts(plan)));
      expect([PLAN_JOB]).toEqual(JSON.parse(data["cron-jobs.json"] ?? ""));
      const { claim, storageClass, size } = PLAN_VOLUME;
      expect((await readFile(planFile, "utf8")).toLowerCase()).toContain(
        `\`${claim}\` (${storageClass} ${size})`.toLowerCase(),
      );
    });

    test("the scripts of deploy/base are the plan's, but for the registration", async () => {
      const theirs = podOf(deploymentOf(await readPlan(planFile)));
      const ours = podOf(deploymentOf(base));
      const scriptsOf = (pod: typeof ours) =>
        [containerOf(pod.initContainers, "init-dotfiles"), containerOf(pod.containers, "openclaw")].map(scriptOf);
      const [clone, start = ""] = scriptsOf(theirs);
      const registration = /# === cron[^]*?complete ==="\nfi\n/.exec(start)?.[0] ?? "(not there)";
      const comment = "# In the background: it waits for the gateway that the next line starts";
      expect(scriptsOf(ours)).toEqual([
        clone ?? "",
        start.replace(registration, `${comment}\nconfig-manager register &\n`),
      ]);
    });
  });
}

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
    // The profile is the Pod's where the container has none.
    const { seccompProfile } = pod.securityContext ?? {};
    expect({ seccompProfile, ...sidecar.securityContext }).toEqual({
      seccompProfile: { type: "RuntimeDefault" },
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
      if (mount.name.startsWith("secret")) mount.name = `config-manager-${mount.name}`;
    }
    const sidecar = containerOf(brought.containers, "config-manager-sidecar");
    sidecar.securityContext = { seccompProfile: { type: "RuntimeDefault" }, ...sidecar.securityContext };
    expect(sidecar).toEqual(expected);
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
      "init-files",
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

/** The volumes of a Pod that are made of a ConfigMap or a Secret. */
const sourcesOf = (manifests: readonly Manifest[]) =>
  (podOf(deploymentOf(manifests)).volumes ?? []).flatMap(({ name, configMap, secret }) => {
    const source = configMap ?? secret;
    return source ? [{ name, of: configMap?.name ?? secret?.secretName ?? "", items: source.items }] : [];
  });

describe("the overlays", () => {
  test.each(RENDERED)("%s: each item of a volume is a key, and each key of that volume is one", (_, manifests) => {
    for (const { of, items } of sourcesOf(manifests)) {
      if (!items) continue;
      const { data } = findManifest(manifests, "ConfigMap", of);
      const keys = items.map(({ key }) => key);
      expect(keys.filter((key) => !(key in data))).toEqual([]);
      if (of === "openclaw-workspace") expect(keys.toSorted()).toEqual(Object.keys(data).toSorted());
    }
  });

  test("example-all has something of each kind, by names without a hash", () => {
    expect(Object.keys(findManifest(all, "ConfigMap", "openclaw-config").data)).toEqual([
      "exec-approvals.json",
      "openclaw.json",
    ]);
    expect(Object.keys(findManifest(all, "ConfigMap", "openclaw-cron-jobs").data)).toEqual(["cron-jobs.yaml"]);
    expect(Object.keys(findManifest(all, "Secret", "openclaw-secret-files").data)).toEqual(["litellm-api-key"]);
    const workspace = sourcesOf(all).find(({ name }) => name === "config-manager-workspace");
    expect(workspace?.items?.map(({ path, mode }) => [path, mode])).toEqual([
      ["AGENTS.md", undefined],
      ["skills/release-notes/SKILL.md", undefined],
      ["skills/release-notes/collect.sh", 0o755],
    ]);
  });

  test("a secret that the config of example-all refers to is a file of the Secret", () => {
    const { data } = findManifest(all, "ConfigMap", "openclaw-config");
    const { secrets } = JSON.parse(data["openclaw.json"] ?? "") as {
      secrets: { providers: Record<string, { path: string }> };
    };
    const files = Object.keys(findManifest(all, "Secret", "openclaw-secret-files").data);
    const directory = containerEnv(
      containerOf(podOf(deploymentOf(all)).containers, "config-manager-sidecar"),
      "SECRETS_TARGET_DIR",
    ).value;
    for (const { path } of Object.values(secrets.providers))
      expect(files.map((name) => `${directory}/${name}`)).toContain(path);
  });

  test("example-official takes AGENTS.md out of the config's own ConfigMap", () => {
    const workspace = sourcesOf(official).find(({ name }) => name === "config-manager-workspace");
    expect(workspace).toMatchObject({ of: "openclaw-config", items: [{ key: "AGENTS.md", path: "AGENTS.md" }] });
  });

  test("lockdown lets only config-manager write the config, and all see it at one path", () => {
    const pod = podOf(deploymentOf(lockdown));
    const path = "/var/lib/openclaw-config/openclaw.json";
    const gateway = gatewayOf(deploymentOf(lockdown));
    expect(containerEnv(gateway, "OPENCLAW_CONFIG_PATH").value).toBe(path);
    expect(containerEnv(gateway, "OPENCLAW_CONFIG_READONLY").value).toBe("1");
    const mounts = [...(pod.initContainers ?? []), ...pod.containers].flatMap((container) => {
      const mount = container.volumeMounts?.find(({ name }) => name === "live-config");
      return mount ? [{ container, mount }] : [];
    });
    expect(mounts.map(({ container, mount }) => [container.name, mount.readOnly ?? false])).toEqual([
      ["init-config", false],
      ["init-files", true],
      ["openclaw", true],
      ["config-manager-sidecar", false],
    ]);
    for (const { container, mount } of mounts) {
      expect(mount).toMatchObject({ mountPath: "/var/lib/openclaw-config" });
      expect([container.name, containerEnv(container, "PVC_CONFIG").value]).toEqual([container.name, path]);
    }
    for (const name of ["init-files", "config-manager-sidecar"]) {
      const found = mounts.find(({ container }) => container.name === name);
      if (!found) throw new Error(`there is no ${name}`);
      expect(containerEnv(found.container, "OPENCLAW_STATE_DIR").value).toBe("/home/node/.openclaw");
    }
  });
});

/** What comes before the first that is meant, and the rest. */
function split<T>(items: readonly T[], isMeant: (item: T) => boolean): [T[], T[]] {
  const index = items.findIndex(isMeant);
  return [items.slice(0, index), items.slice(index)];
}

/** Where a container has this variable from. */
function containerEnv(container: Container, name: string) {
  const { name: _, ...source } = container.env?.find((variable) => variable.name === name) ?? { name };
  return source;
}

/** A probe's settings. */
function describeProbe(kind: string, path: string, port: string, timing: Record<string, number>): string[] {
  const settings = { "httpGet.path": path, "httpGet.port": port, ...timing };
  return Object.entries(settings).map(([key, value]) => `${kind}.${key}=${value}`);
}

/** The objects of the plan's code blocks. */
async function readPlan(path: string): Promise<Manifest[]> {
  const blocks = (await readFile(path, "utf8")).matchAll(/^```yaml\n([^]*?)^```$/gm);
  return [...blocks].flatMap(([, text = ""]) => parseManifests(text)).filter(({ kind }) => kind);
}
