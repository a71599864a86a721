// The containers that are ours, held against the Pod Security Standard "restricted", and the NetworkPolicy of the port.

import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import type { IContainer, IPodSpec } from "kubernetes-models/v1";
import { validateManifests } from "../../support/kubernetes-schema.ts";
import { DEPLOY, type Manifest, findManifest, renderManifests, renderOverlay } from "../../support/manifests.ts";
import { CONTAINER_RULES, POD_RULES, findPodViolations, findViolations } from "../../support/pod-security.ts";

const base = await renderManifests(join(DEPLOY, "base"));
const example = await renderManifests(join(DEPLOY, "example"));
const wait = await renderManifests(join(DEPLOY, "example-wait"));
const lockdown = await renderManifests(join(DEPLOY, "lockdown"));

const podOf = (manifests: readonly Manifest[], kind: "Deployment" | "Job" = "Deployment"): IPodSpec => {
  const name = kind === "Job" ? "openclaw-config-manager-wait" : "openclaw";
  const { spec } = findManifest(manifests, kind, name);
  if (!spec?.template.spec) throw new Error(`${kind} without a Pod`);
  return spec.template.spec;
};
const listContainers = (pod: IPodSpec) => [...(pod.initContainers ?? []), ...pod.containers];
/** Those that run config-manager: by their command, or by the image whose entrypoint it is. */
const listOurs = (pod: IPodSpec) =>
  listContainers(pod).filter(
    ({ command, image }) => command?.[0] === "config-manager" || image?.includes("/config-manager:"),
  );

const GOOD: IContainer = {
  name: "good",
  securityContext: {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ["ALL"] },
    seccompProfile: { type: "RuntimeDefault" },
  },
};

/** For each control of a container, what breaks it and no other one. */
const BROKEN: Readonly<Record<string, Partial<IContainer>>> = {
  "Privileged Containers": { securityContext: { privileged: true } },
  "Host Ports": { ports: [{ containerPort: 9090, hostPort: 9090 }] },
  "Host Probes / Lifecycle Hooks": { livenessProbe: { httpGet: { port: 9090, host: "192.0.2.1" } } },
  AppArmor: { securityContext: { appArmorProfile: { type: "Unconfined" } } },
  SELinux: { securityContext: { seLinuxOptions: { type: "spc_t" } } },
  "/proc Mount Type": { securityContext: { procMount: "Unmasked" } },
  "Privilege Escalation": { securityContext: { allowPrivilegeEscalation: true } },
  "Running as Non-root": { securityContext: { runAsNonRoot: false } },
  "Running as Non-root user": { securityContext: { runAsUser: 0 } },
  Seccomp: { securityContext: { seccompProfile: { type: "Unconfined" } } },
  Capabilities: { securityContext: { capabilities: { drop: ["ALL"], add: ["SYS_ADMIN"] } } },
};

const BROKEN_PODS: Readonly<Record<string, Partial<IPodSpec>>> = {
  "Host Namespaces": { hostPID: true },
  "Volume Types": { volumes: [{ name: "host", hostPath: { path: "/" } }] },
  "AppArmor of the Pod": { securityContext: { appArmorProfile: { type: "Unconfined" } } },
  "SELinux of the Pod": { securityContext: { seLinuxOptions: { user: "system_u" } } },
  "Non-root of the Pod": { securityContext: { runAsNonRoot: false } },
  "Non-root user of the Pod": { securityContext: { runAsUser: 0 } },
  "Seccomp of the Pod": { securityContext: { seccompProfile: { type: "Unconfined" } } },
  Sysctls: { securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } },
};

describe("the rules of the standard", () => {
  test("pass what is restricted", () => {
    expect(findPodViolations({ containers: [GOOD] })).toEqual([]);
  });

  test.each(CONTAINER_RULES.map(([control]) => control))("%s is found where it is broken, alone", (control) => {
    const { securityContext, ...rest } = BROKEN[control] ?? {};
    const container = { ...GOOD, ...rest, securityContext: { ...GOOD.securityContext, ...securityContext } };
    expect(findViolations(container, { containers: [] })).toEqual([`good: ${control}`]);
  });

  test.each(POD_RULES.map(([control]) => control))("%s is found where it is broken, alone", (control) => {
    expect(findPodViolations({ containers: [GOOD], ...BROKEN_PODS[control] })).toEqual([control]);
  });

  test("a container that says nothing breaks those that ask for something", () => {
    expect(findViolations({ name: "bare" }, { containers: [] })).toEqual([
      "bare: Privilege Escalation",
      "bare: Running as Non-root",
      "bare: Seccomp",
      "bare: Capabilities",
    ]);
  });
});

describe("our containers", () => {
  test.each([
    ["base", podOf(base), ["init-config", "init-files", "init-cron-config", "config-manager-sidecar"]],
    ["lockdown", podOf(lockdown), ["init-config", "init-files", "init-cron-config", "config-manager-sidecar"]],
    ["example", podOf(example), ["config-manager-sidecar"]],
    ["example-wait, the Job", podOf(wait, "Job"), ["wait"]],
  ])("of %s are restricted, with a root that cannot be written", (_, pod, names) => {
    const ours = listOurs(pod);
    expect(ours.map(({ name }) => name)).toEqual(names);
    expect(ours.flatMap((container) => findViolations(container, pod))).toEqual([]);
    for (const { securityContext } of ours) expect(securityContext?.readOnlyRootFilesystem).toBe(true);
    expect(pod.automountServiceAccountToken).toBe(false);
  });

  test("the Pod of the Job is restricted as a whole", () => {
    expect(findPodViolations(podOf(wait, "Job"))).toEqual([]);
  });

  test("what keeps the Pod of base from being so is none of ours: the gateway, the dotfiles and Docker, as the plan has them", () => {
    const broken = findPodViolations(podOf(base)).map((violation) => violation.split(":")[0]);
    expect([...new Set(broken)]).toEqual(["init-dotfiles", "openclaw", "dind"]);
  });
});

describe("with network-policy, which is opt-in", () => {
  const policyOf = (manifests: readonly Manifest[]) => {
    const policies = manifests.filter(({ kind }) => kind === "NetworkPolicy") as (Manifest & INetworkPolicy)[];
    expect(policies).toHaveLength(1);
    return policies[0]?.spec ?? { podSelector: {} };
  };

  test.each(["base", "example", "example-all", "lockdown", "example-wait"])("%s has none by itself", async (name) => {
    const manifests = await renderManifests(join(DEPLOY, name));
    expect(manifests.filter(({ kind }) => kind === "NetworkPolicy")).toEqual([]);
  });

  test.each([["base"], ["example"], ["example-wait"]])("%s: it is for the Pods of the Deployment", async (name) => {
    const manifests = await renderOverlay([name], ["network-policy"], { namespace: "agents" });
    expect(await validateManifests(manifests)).toEqual([]);
    const deployment = findManifest(manifests, "Deployment", "openclaw");
    expect(policyOf(manifests).podSelector).toEqual({ matchLabels: deployment.spec?.selector.matchLabels ?? {} });
  });

  test("the gateway's port stays open, the sidecar's is for Prometheus and the Job alone, and no way out is closed", async () => {
    const manifests = await renderOverlay(["example-wait"], ["network-policy"]);
    const { ingress, policyTypes } = policyOf(manifests);
    const pod = podOf(manifests);
    const portsOf = (name: string) =>
      listContainers(pod)
        .find((container) => container.name === name)
        ?.ports?.map(({ containerPort }) => ({ port: containerPort, protocol: "TCP" as const }));
    expect(policyTypes).toEqual(["Ingress"]);
    expect(ingress?.map(({ ports }) => ports)).toEqual([portsOf("openclaw"), portsOf("config-manager-sidecar")]);
    const job = findManifest(manifests, "Job", "openclaw-config-manager-wait").spec?.template.metadata;
    expect(ingress?.map(({ from }) => from)).toEqual([
      undefined,
      [
        { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } },
        { podSelector: { matchLabels: job?.labels ?? {} } },
      ],
    ]);
  });
});
