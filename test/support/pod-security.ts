// The Pod Security Standard "restricted", with "baseline" in it, as published for Kubernetes 1.34:
// https://kubernetes.io/docs/concepts/security/pod-security-standards/. A row is a control of that page. What is for Windows
// alone, and what went out as an annotation before 1.30, is left out.

import type { IContainer, IPodSpec } from "kubernetes-models/v1";

/** A control, and what it finds wrong. */
type Rule<Of> = readonly [control: string, isBroken: (of: Of, pod: IPodSpec) => boolean];

const SAFE_SYSCTLS = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
]);

const VOLUME_TYPES = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
] as const;

const SELINUX_TYPES = new Set([
  undefined,
  "",
  "container_t",
  "container_init_t",
  "container_kvm_t",
  "container_engine_t",
]);

const PROFILES = new Set(["RuntimeDefault", "Localhost"]);

/** The controls of a container. Where it does not say a thing, the Pod's own security context counts. */
export const CONTAINER_RULES: readonly Rule<IContainer>[] = [
  ["Privileged Containers", ({ securityContext }) => securityContext?.privileged === true],
  ["Host Ports", ({ ports }) => ports?.some(({ hostPort = 0 }) => hostPort !== 0) ?? false],
  [
    "Host Probes / Lifecycle Hooks",
    (container) => listHosts(container).some((host) => host !== undefined && host !== ""),
  ],
  ["AppArmor", ({ securityContext }) => isOther(securityContext?.appArmorProfile?.type)],
  ["SELinux", ({ securityContext }) => isForbiddenSeLinux(securityContext?.seLinuxOptions)],
  ["/proc Mount Type", ({ securityContext }) => (securityContext?.procMount ?? "Default") !== "Default"],
  ["Privilege Escalation", ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false],
  [
    "Running as Non-root",
    ({ securityContext }, pod) => (securityContext?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot) !== true,
  ],
  ["Running as Non-root user", ({ securityContext }) => securityContext?.runAsUser === 0],
  [
    "Seccomp",
    ({ securityContext }, pod) =>
      !PROFILES.has((securityContext?.seccompProfile ?? pod.securityContext?.seccompProfile)?.type ?? "none"),
  ],
  [
    "Capabilities",
    ({ securityContext: { capabilities } = {} }) =>
      !(capabilities?.drop ?? []).includes("ALL") ||
      (capabilities?.add ?? []).some((name) => name !== "NET_BIND_SERVICE"),
  ],
];

/** The controls of the Pod around the containers. */
export const POD_RULES: readonly Rule<IPodSpec>[] = [
  ["Host Namespaces", (pod) => [pod.hostNetwork, pod.hostPID, pod.hostIPC].includes(true)],
  [
    "Volume Types",
    ({ volumes = [] }) => volumes.some((volume) => !VOLUME_TYPES.some((type) => volume[type] !== undefined)),
  ],
  ["AppArmor of the Pod", ({ securityContext }) => isOther(securityContext?.appArmorProfile?.type)],
  ["SELinux of the Pod", ({ securityContext }) => isForbiddenSeLinux(securityContext?.seLinuxOptions)],
  ["Non-root of the Pod", ({ securityContext }) => securityContext?.runAsNonRoot === false],
  ["Non-root user of the Pod", ({ securityContext }) => securityContext?.runAsUser === 0],
  ["Seccomp of the Pod", ({ securityContext }) => isOther(securityContext?.seccompProfile?.type)],
  ["Sysctls", ({ securityContext }) => securityContext?.sysctls?.some(({ name }) => !SAFE_SYSCTLS.has(name)) ?? false],
];

/** Lists the controls that this container breaks, as `CONTAINER: CONTROL`. */
export function findViolations(container: IContainer, pod: IPodSpec): string[] {
  const broken = CONTAINER_RULES.filter(([, isBroken]) => isBroken(container, pod));
  return broken.map(([control]) => `${container.name}: ${control}`);
}

/** Lists the controls that this Pod breaks, with those of all its containers. */
export function findPodViolations(pod: IPodSpec): string[] {
  const containers = [...(pod.initContainers ?? []), ...pod.containers];
  const broken = POD_RULES.filter(([, isBroken]) => isBroken(pod, pod));
  return [...broken.map(([control]) => control), ...containers.flatMap((container) => findViolations(container, pod))];
}

function isOther(profile: string | undefined): boolean {
  return profile !== undefined && !PROFILES.has(profile);
}

function isForbiddenSeLinux(options: { type?: string; user?: string; role?: string } = {}): boolean {
  return !SELINUX_TYPES.has(options.type) || Boolean(options.user) || Boolean(options.role);
}

function listHosts({ livenessProbe, readinessProbe, startupProbe, lifecycle }: IContainer): (string | undefined)[] {
  const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
  return handlers.flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host]);
}
