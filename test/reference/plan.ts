// The facts of the plan that deploy/base follows: a Deployment of OpenClaw with a shell sidecar, two ConfigMaps, and what
// its containers say. `test/unit/deploy/manifests.test.ts` compares deploy/base with them, and them with the plan itself
// where it is there.

import type { Facts } from "./facts.ts";

/** The job that the plan gives as its example. */
export const PLAN_JOB = {
  name: "obsidian-vault-sync",
  description: "Sync Obsidian Vault every 15 minutes",
  schedule: "*/15 * * * *",
  command: "/bin/bash -c 'cd /home/node/ghq/github.com/boxp/obsidian-vault && git pull origin main'",
  timeout: 300,
  retry: 3,
};

/** The claim that holds the config and all data. */
export const PLAN_VOLUME = { claim: "openclaw-data", storageClass: "longhorn", size: "10Gi" };

/** What init-dotfiles clones or pulls, and the names in it that the gateway's container does not link. */
export const PLAN_DOTFILES = {
  repository: "https://github.com/boxp/dotfiles.git",
  directory: "/home/node/ghq/github.com/boxp/dotfiles",
  branch: "master",
  notLinked: ["config.json", "settings.json"],
};

const OPENCLAW = "ghcr.io/boxp/arch/openclaw:202602130742";
const SHELL = { image: OPENCLAW, command: ["sh", "-c"], says: [], env: {} };
const HOME = "data at /home/node/.openclaw";
const REPOSITORIES = "data/ghq at /home/node/ghq";
const NODE_USER = [
  "securityContext.allowPrivilegeEscalation=false",
  "securityContext.runAsGroup=1000",
  "securityContext.runAsNonRoot=true",
  "securityContext.runAsUser=1000",
];
const NO_CAPABILITIES = "securityContext.capabilities.drop.0=ALL";
const WRITABLE_ROOT = "securityContext.readOnlyRootFilesystem=false";

const requests = (cpu: string, memory: string) => [
  `resources.requests.cpu=${cpu}`,
  `resources.requests.memory=${memory}`,
];
const limits = (cpu: string, memory: string) => [`resources.limits.cpu=${cpu}`, `resources.limits.memory=${memory}`];

const labels = (path: string, component: string) => [
  `${path}.app.kubernetes.io/component=${component}`,
  `${path}.app.kubernetes.io/name=openclaw`,
];

export const PLAN: Facts = {
  deployment: [
    "apiVersion=apps/v1",
    "kind=Deployment",
    "metadata.annotations.reloader.stakater.com/auto=false",
    ...labels("metadata.labels", "gateway"),
    "metadata.labels.app.kubernetes.io/managed-by=argocd",
    "metadata.name=openclaw",
    "metadata.namespace=openclaw",
    "spec.replicas=1",
    ...labels("spec.selector.matchLabels", "gateway"),
    "spec.strategy.type=Recreate",
    ...labels("spec.template.metadata.labels", "gateway"),
    "spec.template.spec.automountServiceAccountToken=false",
    "spec.template.spec.nodeSelector.kubernetes.io/arch=amd64",
    "spec.template.spec.securityContext.fsGroup=1000",
  ],
  initContainers: {
    "init-config": {
      ...SHELL,
      mounts: ["openclaw-config at /config, read-only", HOME, REPOSITORIES],
      settings: NODE_USER,
    },
    "init-dotfiles": { ...SHELL, mounts: [REPOSITORIES, HOME], settings: NODE_USER },
    "init-cron-config": {
      ...SHELL,
      says: [
        "=== Staging cron job config from ConfigMap ===",
        "=== Cron config staged successfully ===",
        "=== No cron config found, skipping ===",
      ],
      mounts: ["cron-config at /cron-config, read-only", HOME],
      settings: NODE_USER,
    },
  },
  containers: {
    openclaw: {
      ...SHELL,
      says: ["=== Registering cron jobs from staged config ===", "=== Cron job registration complete ==="],
      ends: "node dist/index.js gateway --bind lan --port 18789",
      env: {
        DISCORD_BOT_TOKEN: "openclaw-credentials/DISCORD_BOT_TOKEN",
        OPENCLAW_GATEWAY_TOKEN: "openclaw-credentials/OPENCLAW_GATEWAY_TOKEN",
        GITHUB_TOKEN: "openclaw-credentials/GITHUB_TOKEN",
        GH_TOKEN: "openclaw-credentials/GITHUB_TOKEN",
        LITELLM_PROXY_KEY: "litellm-credentials/LITELLM_MASTER_KEY",
        OPENAI_API_KEY: "openclaw-credentials/OPENAI_API_KEY",
        CLAUDE_CODE_OAUTH_TOKEN: "openclaw-credentials/CLAUDE_CODE_OAUTH_TOKEN",
        XAI_API_KEY: "openclaw-credentials/XAI_API_KEY",
        PATH: "/shared-bin:/shared-npm/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        DOCKER_HOST: "tcp://localhost:2376",
        DOCKER_TLS_VERIFY: "1",
        DOCKER_CERT_PATH: "/certs/client",
      },
      mounts: ["docker-certs/client at /certs/client, read-only", HOME, REPOSITORIES],
      settings: [
        "ports.0.containerPort=18789",
        ...requests("500m", "1Gi"),
        ...limits("2000m", "4Gi"),
        ...NODE_USER,
        NO_CAPABILITIES,
        WRITABLE_ROOT,
      ],
    },
    "config-manager-sidecar": {
      ...SHELL,
      mounts: [
        "openclaw-config at /etc/openclaw/config.d, read-only",
        "cron-config at /etc/openclaw/cron.d, read-only",
        HOME,
      ],
      settings: [...requests("10m", "32Mi"), ...limits("100m", "128Mi"), ...NODE_USER, NO_CAPABILITIES, WRITABLE_ROOT],
    },
    dind: {
      image: "docker:27-dind",
      command: [],
      says: [],
      env: { DOCKER_TLS_CERTDIR: "/certs" },
      mounts: ["docker-certs at /certs", "docker-data at /var/lib/docker"],
      settings: [...requests("250m", "512Mi"), ...limits("1000m", "2Gi"), "securityContext.privileged=true"],
    },
  },
  volumes: [
    "docker-certs.emptyDir={}",
    "docker-data.emptyDir={}",
    "openclaw-config.configMap.name=openclaw-config",
    "cron-config.configMap.name=openclaw-cron-jobs",
    "data.persistentVolumeClaim.claimName=openclaw-data",
  ],
  configMaps: {
    "openclaw-config": { metadata: ["name=openclaw-config", "namespace=openclaw"], files: ["openclaw.json"] },
    "openclaw-cron-jobs": {
      metadata: [
        ...labels("labels", "cron"),
        "labels.app.kubernetes.io/managed-by=argocd",
        "name=openclaw-cron-jobs",
        "namespace=openclaw",
      ],
      files: ["cron-jobs.json"],
    },
  },
  kustomization: {
    namespace: "openclaw",
    resources: [
      "namespace.yaml",
      "external-secret.yaml",
      "external-secret-litellm.yaml",
      "configmap-openclaw.yaml",
      "configmap-openclaw-cron.yaml",
      "configmap-litellm.yaml",
      "deployment-openclaw.yaml",
      "service-openclaw.yaml",
      "pvc.yaml",
      "deployment-litellm.yaml",
      "service-litellm.yaml",
      "deployment-cloudflared.yaml",
      "networkpolicy.yaml",
    ],
  },
};
