// The Job that waits for a commit, as each of three tools gets it: rendered by kubectl, held against the schemas of
// Kubernetes, Flux and ArgoCD, and against the sidecar whose settings it waits for.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "bun:test";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import type { IPodSpec } from "kubernetes-models/v1";
import { validateManifests } from "../../support/kubernetes-schema.ts";
import {
  DEPLOY,
  type Manifest,
  findManifest,
  parseManifests,
  renderManifests,
  renderOverlay,
} from "../../support/manifests.ts";
import { findPorts, findQuantities, toCanonical } from "../../support/quantities.ts";

const JOB = "openclaw-config-manager-wait";

const plain = await renderManifests(join(DEPLOY, "example-wait"));
const argocd = await renderManifests(join(DEPLOY, "example-argocd"));
const flux = await renderManifests(join(DEPLOY, "example-flux"));
const EXAMPLES = ["example-wait", "example-argocd", "example-flux"];
/** The sidecar of the component, and no workspace files. */
const beside = await renderOverlay(["example"], ["wait"]);

const RENDERED = [
  ["example-wait", plain],
  ["example-argocd", argocd],
  ["example-flux", flux],
  ["example with wait", beside],
] as const;

const read = async (name: string) => parseManifests(await readFile(join(DEPLOY, name), "utf8"));
const jobOf = (manifests: readonly Manifest[]) => findManifest(manifests, "Job", JOB);
const podOf = ({ spec }: { spec?: { template: { spec?: IPodSpec } } }): IPodSpec => {
  if (!spec?.template.spec) throw new Error("there is no Pod");
  return spec.template.spec;
};
const waiterOf = (manifests: readonly Manifest[]) => {
  const [container, ...more] = podOf(jobOf(manifests)).containers;
  if (!container || more.length > 0) throw new Error("expected one container");
  return container;
};
const sidecarOf = (manifests: readonly Manifest[]) => {
  const pod = podOf(findManifest(manifests, "Deployment", "openclaw"));
  const found = [...(pod.initContainers ?? []), ...pod.containers].find((one) => one.name === "config-manager-sidecar");
  if (!found) throw new Error("there is no sidecar");
  return found;
};

/** What holds for a container: the profile of the Pod where it has none of its own. */
const securityOf = ({ securityContext }: IPodSpec["containers"][0], pod: IPodSpec) => ({
  seccompProfile: pod.securityContext?.seccompProfile,
  ...securityContext,
});

/** What a Pod's container finds at this path: the text and the mode of each file. */
function filesAt(manifests: readonly Manifest[], pod: IPodSpec, container: IPodSpec["containers"][0], path: string) {
  const mount = container.volumeMounts?.find(({ mountPath }) => mountPath === path);
  const { name = "", items } = pod.volumes?.find((volume) => volume.name === mount?.name)?.configMap ?? {};
  if (!mount || !manifests.some((manifest) => manifest.kind === "ConfigMap" && manifest.metadata.name === name))
    return undefined;
  const { data } = findManifest(manifests, "ConfigMap", name);
  const all = items ?? Object.keys(data).map((key) => ({ key, path: key, mode: undefined }));
  return Object.fromEntries(all.map((item) => [item.path, [data[item.key], item.mode]]));
}

describe.each(RENDERED)("the Job of %s", (_, manifests) => {
  const deployment = findManifest(manifests, "Deployment", "openclaw");
  const pod = podOf(jobOf(manifests));
  const waiter = waiterOf(manifests);

  test("is what Kubernetes takes, with all around it", async () => {
    expect(await validateManifests(manifests)).toEqual([]);
    for (const { path, value } of findQuantities(manifests)) {
      expect({ path, value }).toEqual({ path, value: toCanonical(value) });
    }
    for (const port of findPorts(manifests)) expect(port).toMatchObject({ protocol: "TCP" });
  });

  test("finds what the sidecar finds, at the same paths and with the same modes", () => {
    const paths = ["/etc/openclaw/config.d", "/etc/openclaw/cron.d", "/etc/openclaw/workspace.d"];
    const found = paths.map((path) => filesAt(manifests, pod, waiter, path));
    expect(found).toEqual(paths.map((path) => filesAt(manifests, podOf(deployment), sidecarOf(manifests), path)));
    expect(found.map((files) => files !== undefined)).toEqual([true, true, manifests !== beside]);
    expect(podOf(deployment).securityContext?.fsGroup).toBe(1000);
    expect(pod.securityContext?.fsGroup).toBe(1000);
  });

  test("mounts nothing by a name that can have another content: a node may still have the former one", () => {
    const names = pod.volumes?.flatMap(({ configMap }) => configMap?.name ?? []) ?? [];
    expect(names.length).toBeGreaterThan(1);
    for (const name of names) expect(name).toMatch(/^openclaw-[a-z-]+-wait-[a-z0-9]{10}$/);
  });

  test("asks the sidecar, over a Service that leads to its Pods whether or not they are ready", () => {
    const { metadata, spec } = findManifest(manifests, "Service", "openclaw-config-manager");
    expect(waiter.command).toEqual(["config-manager", "wait"]);
    expect(waiter.args).toContain(`--url=http://${metadata.name}:${spec?.ports?.[0]?.port}`);
    expect(spec?.selector).toEqual(deployment.spec?.selector.matchLabels ?? {});
    expect(spec?.publishNotReadyAddresses).toBe(true);
    const sidecar = sidecarOf(manifests);
    const port = sidecar.ports?.find(({ name }) => name === spec?.ports?.[0]?.targetPort)?.containerPort;
    expect(sidecar.env).toContainEqual({ name: "CONFIG_MANAGER_HTTP_PORT", value: String(port) });
  });

  test("has the gateway's token, and no more rights than the sidecar", () => {
    const token = podOf(deployment).containers[0]?.env?.find(({ name }) => name === "OPENCLAW_GATEWAY_TOKEN");
    expect(token?.valueFrom?.secretKeyRef?.key).toBe("OPENCLAW_GATEWAY_TOKEN");
    expect(waiter.env).toEqual(token ? [token] : []);
    expect(securityOf(waiter, pod)).toEqual(securityOf(sidecarOf(manifests), podOf(deployment)));
    expect(waiter.resources).toEqual(sidecarOf(manifests).resources ?? {});
    expect([pod.automountServiceAccountToken, pod.serviceAccountName]).toEqual([false, undefined]);
    expect(waiter.volumeMounts?.filter(({ readOnly }) => !readOnly)).toEqual([{ name: "tmp", mountPath: "/tmp" }]);
  });

  test("ends with the first answer, stays to be looked at, and is given up after its own time", () => {
    const { backoffLimit, activeDeadlineSeconds = 0, ttlSecondsAfterFinished } = jobOf(manifests).spec ?? {};
    expect([backoffLimit, pod.restartPolicy, ttlSecondsAfterFinished]).toEqual([0, "Never", undefined]);
    expect(activeDeadlineSeconds).toBeGreaterThan(timeoutOf(manifests));
  });
});

describe("with nudge, which is opt-in", () => {
  const nudging = renderOverlay(["example-wait"], ["nudge"], { namespace: "agents" });
  const KINDS = new Set(["Role", "RoleBinding", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"]);
  const rightsIn = (manifests: readonly Manifest[]) => manifests.filter(({ kind }) => KINDS.has(kind));

  test("is what Kubernetes takes", async () => {
    expect(await validateManifests(await nudging)).toEqual([]);
  });

  test.each(["base", "example", "example-all", "example-official", "lockdown", ...EXAMPLES])(
    "%s has no rights, and no Pod with a token",
    async (name) => {
      const manifests = await renderManifests(join(DEPLOY, name));
      expect(rightsIn(manifests)).toEqual([]);
      const pods = manifests.filter(({ kind }) => ["Deployment", "Job"].includes(kind)) as Parameters<
        typeof podOf
      >[0][];
      expect(pods.length).toBeGreaterThan(0);
      for (const pod of pods) expect(podOf(pod).automountServiceAccountToken).toBe(false);
    },
  );

  test("the Job's account may patch Pods of this namespace, and do no more", async () => {
    const manifests = await nudging;
    const metadata = expect.objectContaining({ name: JOB, namespace: "agents" });
    const rights = rightsIn(manifests).toSorted((a, b) => a.kind.localeCompare(b.kind));
    expect(rights).toEqual([
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "Role",
        metadata,
        rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["patch"] }],
      },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: JOB },
        subjects: [{ kind: "ServiceAccount", name: JOB, namespace: "agents" }],
      },
      { apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false },
    ] as unknown as Manifest[]);
  });

  test("the Job nudges with that account; the Pod of the agent has none", async () => {
    const manifests = await nudging;
    const pod = podOf(jobOf(manifests));
    expect(waiterOf(manifests).args).toEqual([...(waiterOf(plain).args ?? []), "--nudge"]);
    expect([pod.serviceAccountName, pod.automountServiceAccountToken]).toEqual([JOB, true]);
    const agents = podOf(findManifest(manifests, "Deployment", "openclaw"));
    expect([agents.serviceAccountName, agents.automountServiceAccountToken]).toEqual([undefined, false]);
  });
});

describe("another commit", () => {
  /** What Kubernetes takes for another Job: the template of its Pod. */
  const templateOf = (manifests: readonly Manifest[]) => jobOf(manifests).spec?.template ?? {};
  const base = (change: (manifests: Manifest[]) => void) => {
    const manifests = structuredClone(example);
    change(manifests);
    return renderOverlay([manifests], ["wait", "wait-workspace"]);
  };
  const ALL = ["openclaw-config", "openclaw-cron-jobs", "openclaw-workspace"];
  let example: Manifest[];
  beforeAll(async () => {
    example = await renderManifests(join(DEPLOY, "example-all"));
  });

  test.each(ALL)("that changes %s is another Job", async (name) => {
    const first = await base(() => undefined);
    const second = await base((manifests) => {
      const { data } = findManifest(manifests, "ConfigMap", name);
      const [key = ""] = Object.keys(data);
      data[key] += "\n";
    });
    expect(templateOf(second)).not.toEqual(templateOf(first));
    expect(podOf(findManifest(second, "Deployment", "openclaw"))).toEqual(
      podOf(findManifest(first, "Deployment", "openclaw")),
    );
  });

  test("that changes none of them is the same one", async () => {
    const second = await base((manifests) =>
      Object.assign(findManifest(manifests, "Deployment", "openclaw").metadata, { annotations: { a: "b" } }),
    );
    expect(templateOf(second)).toEqual(templateOf(await base(() => undefined)));
  });

  test("without the Deployment is refused, rather than waited for in vain", async () => {
    const withoutDeployment = example.filter(({ kind }) => kind === "ConfigMap");
    const rendered = renderOverlay([withoutDeployment], ["wait"]);
    expect(await rendered.then(() => "rendered", String)).toMatch(/nothing selected by Deployment/);
  });
});

describe("for ArgoCD", () => {
  test("the Job is a hook that each sync makes anew once all else is healthy; nothing else is a hook", () => {
    expect(jobOf(argocd).metadata).toMatchObject({
      annotations: {
        "argocd.argoproj.io/hook": "PostSync",
        "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
      },
    });
    expect(JSON.stringify(argocd).match(/argoproj\.io\/hook"/g)).toHaveLength(1);
  });

  test("the Application is what ArgoCD takes, leads to the overlay, and takes former copies away", async () => {
    const applications = await read("example-argocd/application.yaml");
    expect(await validateManifests(applications)).toEqual([]);
    expect(applications).toMatchObject([
      {
        kind: "Application",
        spec: { source: { path: "deploy/example-argocd" }, syncPolicy: { automated: { prune: true } } },
      },
    ]);
  });
});

describe("for Flux", () => {
  test("the Job may be replaced; nothing else may", () => {
    expect(jobOf(flux).metadata).toMatchObject({ annotations: { "kustomize.toolkit.fluxcd.io/force": "Enabled" } });
    expect(JSON.stringify(flux).match(/toolkit\.fluxcd\.io\/force"/g)).toHaveLength(1);
  });

  test("the Kustomization is what Flux takes, and is ready when the Job and the Deployment are", async () => {
    const manifests = await read("example-flux/flux.yaml");
    expect(await validateManifests(manifests)).toEqual([]);
    const [{ spec } = { spec: undefined }] = manifests as (Manifest & { spec: FluxSpec })[];
    expect(existsSync(join(DEPLOY, "..", spec?.path ?? "", "kustomization.yaml"))).toBe(true);
    expect(spec).toMatchObject({ prune: true });
    expect(Number(/^(\d+)m$/.exec(spec?.timeout ?? "")?.[1]) * 60).toBeGreaterThan(
      jobOf(flux).spec?.activeDeadlineSeconds ?? Infinity,
    );
    expect(spec?.healthChecks.map(({ kind }) => kind)).toEqual(["Deployment", "Job"]);
    for (const { apiVersion, kind, name, namespace } of spec?.healthChecks ?? []) {
      expect(flux).toContainEqual(
        expect.objectContaining({ apiVersion, kind, metadata: expect.objectContaining({ name, namespace }) }),
      );
    }
  });

  test("what Flux and ArgoCD do not take would be found", async () => {
    const [application] = await read("example-argocd/application.yaml");
    const [kustomization] = (await read("example-flux/flux.yaml")) as (Manifest & { spec: object })[];
    if (!application || !kustomization) throw new Error("there is nothing to spoil");
    const unknown = structuredClone(kustomization);
    Object.assign(unknown.spec, { healthcheck: [] });
    Object.assign(kustomization.spec, { interval: 600 });
    Object.assign(application, { spec: {} });
    const problems = (await validateManifests([application, kustomization, unknown])).join("\n");
    expect(problems).toContain("Application openclaw: data/spec must have required property destination");
    expect(problems).toContain("Kustomization openclaw: data/spec/interval must be string");
    expect(problems).toContain(`'"healthcheck"' does not exist in type`);
  });
});

describe("docs/gitops.md", () => {
  test("shows a kustomization of components that are there, and a NetworkPolicy that fits the Pods", async () => {
    const text = await readFile(join(DEPLOY, "../docs/gitops.md"), "utf8");
    const blocks = [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)].flatMap(([, block = ""]) => parseManifests(block));
    expect(blocks).toHaveLength(2);
    const [kustomization, policy] = blocks as [Manifest & { components: string[] }, Manifest & INetworkPolicy];
    expect(kustomization.components.length).toBe(3);
    for (const component of kustomization.components)
      expect(existsSync(join(DEPLOY, "..", component.replace("config-manager/", ""), "kustomization.yaml"))).toBe(true);
    expect(await validateManifests([policy])).toEqual([]);
    const { podSelector, ingress } = policy.spec ?? {};
    const deployment = findManifest(plain, "Deployment", "openclaw").spec?.template.metadata?.labels ?? {};
    expect(deployment).toMatchObject(podSelector?.matchLabels ?? {});
    const job = jobOf(plain).spec?.template.metadata?.labels ?? {};
    expect(ingress?.[0]?.from?.[0]?.podSelector?.matchLabels).toEqual(job);
    expect(ingress?.[0]?.ports).toEqual([{ port: 9090, protocol: "TCP" }]);
  });
});

interface FluxSpec {
  path: string;
  timeout: string;
  healthChecks: { apiVersion: string; kind: string; name: string; namespace: string }[];
}

function timeoutOf(manifests: readonly Manifest[]): number {
  const found = waiterOf(manifests).args?.find((arg) => arg.startsWith("--timeout="));
  return Number(found?.slice("--timeout=".length));
}
