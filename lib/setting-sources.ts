/** The environment variables that the program was started with. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type SettingName = keyof typeof SOURCES;

interface SettingSource {
  env: string;
  flag: string;
  /** The flag's argument, shown in the help. */
  argument: string;
  default: (env: Environment) => string | undefined;
  describes: string;
}

const SOURCES = {
  configDir: {
    env: "CONFIG_DIR",
    flag: "--config-dir",
    argument: "<dir>",
    default: () => "/etc/openclaw/config.d",
    describes: "where the ConfigMap with openclaw.json is mounted",
  },
  cronDir: {
    env: "CRON_DIR",
    flag: "--cron-dir",
    argument: "<dir>",
    default: () => "/etc/openclaw/cron.d",
    describes: "where the ConfigMap with the cron job definitions is mounted",
  },
  pvcConfig: {
    env: "PVC_CONFIG",
    flag: "--pvc-config",
    argument: "<file>",
    default: () => "/home/node/.openclaw/openclaw.json",
    describes: "the live config, which OpenClaw reads",
  },
  stagingDir: {
    env: "STAGING_DIR",
    flag: "--staging-dir",
    argument: "<dir>",
    default: () => "/home/node/.openclaw/cron-config",
    describes: "where the definition files are staged for the next start of the Pod",
  },
  checksumDir: {
    env: "CHECKSUM_DIR",
    flag: "--checksum-dir",
    argument: "<dir>",
    default: () => "/tmp/checksums",
    describes: "where the checksums of what was last applied are kept",
  },
  pollInterval: {
    env: "POLL_INTERVAL",
    flag: "--poll-interval",
    argument: "<seconds>",
    default: () => "60",
    describes: "how often to reconcile without a change",
  },
  gatewayUrl: {
    env: "OPENCLAW_GATEWAY_URL",
    flag: "--gateway-url",
    argument: "<url>",
    default: (env) => `ws://127.0.0.1:${readVariable(env, "OPENCLAW_GATEWAY_PORT") || "18789"}`,
    describes: "the gateway's address; wss:// by itself where the live config has gateway.tls.enabled",
  },
  gatewayTokenFile: {
    env: "OPENCLAW_GATEWAY_TOKEN_FILE",
    flag: "--gateway-token-file",
    argument: "<file>",
    default: () => undefined,
    describes: "a file that holds the gateway's token",
  },
  owner: {
    env: "CONFIG_MANAGER_OWNER",
    flag: "--owner",
    argument: "<name>",
    default: () => "config-manager",
    describes: "the owner of the jobs; several managers on one gateway need different ones",
  },
  prune: {
    env: "CONFIG_MANAGER_PRUNE",
    flag: "--prune",
    argument: "<owned|none>",
    default: () => "owned",
    describes: "whether owned jobs that are no longer declared are removed",
  },
  transport: {
    env: "CONFIG_MANAGER_TRANSPORT",
    flag: "--transport",
    argument: "<auto|gateway|cli>",
    default: () => "auto",
    describes: "how to reach the jobs: auto tries the gateway, then the openclaw CLI",
  },
  logFormat: {
    env: "CONFIG_MANAGER_LOG_FORMAT",
    flag: "--log-format",
    argument: "<text|json>",
    default: () => "text",
    describes: "how log lines are written",
  },
  configMode: {
    env: "CONFIG_MANAGER_CONFIG_MODE",
    flag: "--config-mode",
    argument: "<auto|merge|replace>",
    default: () => "auto",
    describes: "whether Git's change is merged into the live config, or replaces it; auto replaces at a Pod's start",
  },
  workspaceDir: {
    env: "WORKSPACE_DIR",
    flag: "--workspace-dir",
    argument: "<dir>",
    default: () => "/etc/openclaw/workspace.d",
    describes: "where the ConfigMap with the agents' workspace files is mounted, if there is one",
  },
  workspaceMode: {
    env: "CONFIG_MANAGER_WORKSPACE_MODE",
    flag: "--workspace-mode",
    argument: "<own|seed>",
    default: () => "own",
    describes: "whether workspace files follow Git, or are written only where there is none",
  },
  secretsDir: {
    env: "SECRETS_DIR",
    flag: "--secrets-dir",
    argument: "<dir>",
    default: () => undefined,
    describes: "where the Secret is mounted whose files OpenClaw reads; off unless set",
  },
  secretsTargetDir: {
    env: "SECRETS_TARGET_DIR",
    flag: "--secrets-target-dir",
    argument: "<dir>",
    default: () => undefined,
    describes: "where the files of the Secret are copied to as regular files; a directory of its own, in memory",
  },
  restart: {
    env: "CONFIG_MANAGER_RESTART",
    flag: "--restart",
    argument: "<now|when-idle>",
    default: () => "now",
    describes: "whether a config change that restarts the gateway waits until the gateway has no work",
  },
  restartDeadline: {
    env: "CONFIG_MANAGER_RESTART_DEADLINE",
    flag: "--restart-deadline",
    argument: "<seconds>",
    default: () => "3600",
    describes: "how long such a change is held at most",
  },
  httpPort: {
    env: "CONFIG_MANAGER_HTTP_PORT",
    flag: "--http-port",
    argument: "<port>",
    default: () => undefined,
    describes: "the port where run serves /healthz, /readyz, /metrics and /status; off unless set",
  },
} satisfies Record<string, SettingSource>;

/** All settings, in the order in which the help lists them. The first six have manager.sh's names. */
export const SETTING_SOURCES: Readonly<Record<SettingName, SettingSource>> = SOURCES;

/**
 * Reads a variable. Kubernetes sets a `…_PORT` variable to `tcp://10.0.0.1:18789` for a Service named
 * openclaw-gateway or config-manager-http; such a value is no setting.
 */
export function readVariable(env: Environment, name: string): string | undefined {
  const value = env[name];
  return name.endsWith("_PORT") && value?.startsWith("tcp://") ? undefined : value;
}
