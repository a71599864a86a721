import { statSync } from "node:fs";
import * as v from "valibot";

export type SettingName = keyof v.InferOutput<typeof SettingsSchema>;

/** The environment variables that the program was started with. */
export type Environment = Readonly<Record<string, string | undefined>>;

interface SettingSource {
  env: string;
  flag: string;
  /** The flag's argument, shown in the help. */
  argument: string;
  default: (env: Environment) => string | undefined;
  describes: string;
}

const isSeconds = (value: string) => Number(value) > 0 && Number(value) <= 86_400;
const isPort = (value: string) => /^[1-9]\d{0,4}$/.test(value) && Number(value) <= 65_535;
/** OpenClaw uses these prefixes for its own jobs. */
const RESERVED_OWNERS = new Set(["heartbeat", "memory-core", "claw", "skill-collection-review"]);

/** All settings, in the order in which the help lists them. The first six have manager.sh's names. */
export const SETTING_SOURCES: Readonly<Record<SettingName, SettingSource>> = {
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
  httpPort: {
    env: "CONFIG_MANAGER_HTTP_PORT",
    flag: "--http-port",
    argument: "<port>",
    default: () => undefined,
    describes: "the port where run serves /healthz, /readyz and /metrics; off unless set",
  },
};

const Path = v.pipe(v.string(), v.nonEmpty("expected a path but received none"));
const Directory = v.pipe(Path, v.check(isDirectoryOrAbsent, "expected a directory, but a file is there"));

const SettingsSchema = v.object({
  configDir: Directory,
  cronDir: Directory,
  pvcConfig: Path,
  stagingDir: Path, // not checked here: what an agent puts there must not keep a Pod from starting
  checksumDir: Path, // the same
  /** In seconds, as text: the log prints it unchanged. */
  pollInterval: v.pipe(v.string(), v.check(isSeconds, "expected a number of seconds, above 0 and at most 86400")),
  gatewayUrl: v.pipe(v.string(), v.check(isGatewayUrl, "expected an address such as ws://127.0.0.1:18789")),
  gatewayTokenFile: v.undefinedable(Path),
  owner: v.pipe(
    v.string(),
    v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected letters, digits, dots and dashes, at most 64"),
    v.check((owner) => !RESERVED_OWNERS.has(owner), "is a name that OpenClaw uses for its own jobs"),
  ),
  prune: v.picklist(["owned", "none"], "expected owned or none"),
  transport: v.picklist(["auto", "gateway", "cli"], "expected auto, gateway or cli"),
  logFormat: v.picklist(["text", "json"], "expected text or json"),
  configMode: v.picklist(["auto", "merge", "replace"], "expected auto, merge or replace"),
  httpPort: v.undefinedable(
    v.pipe(v.string(), v.check(isPort, "expected a whole number from 1 to 65535"), v.transform(Number)),
  ),
});

/** The checked settings. Each comes from its flag, else its environment variable, else the default. */
export type Settings = v.InferOutput<typeof SettingsSchema>;

export type ReadSettings = { kind: "valid"; settings: Settings } | { kind: "invalid"; problems: string[] };

/**
 * Reads and checks the settings. Reports all problems, each under the flag or variable that set the value. An empty
 * environment variable counts as unset.
 */
export function readSettings(flags: Partial<Record<SettingName, string>>, env: Environment): ReadSettings {
  const values = Object.fromEntries(
    Object.entries(SETTING_SOURCES).map(([name, source]) => {
      return [name, flags[name as SettingName] ?? (readVariable(env, source.env) || source.default(env))];
    }),
  );
  const parsed = v.safeParse(SettingsSchema, values);
  const problems = (parsed.issues ?? []).map((issue) => {
    const name = v.getDotPath(issue) as SettingName;
    const { flag, env: variable } = SETTING_SOURCES[name];
    // The URL may contain a password. Other values are quoted, so that people find what they typed.
    const value = issue.input === "" || name === "gatewayUrl" ? "" : `: ${JSON.stringify(issue.input)}`;
    return `${flags[name] === undefined ? variable : flag}: ${issue.message}${value}`;
  });
  return parsed.success ? { kind: "valid", settings: parsed.output } : { kind: "invalid", problems };
}

function isDirectoryOrAbsent(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? true;
  } catch {
    return true; // the pass that reads the directory reports why it cannot
  }
}

/**
 * Reads a variable. Kubernetes sets a `…_PORT` variable to `tcp://10.0.0.1:18789` for a Service named
 * openclaw-gateway or config-manager-http; such a value is no setting.
 */
function readVariable(env: Environment, name: string): string | undefined {
  const value = env[name];
  return name.endsWith("_PORT") && value?.startsWith("tcp://") ? undefined : value;
}

function isGatewayUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password, search } = new URL(value);
  const isClean = username === "" && password === "" && search === ""; // the address is logged
  return (protocol === "ws:" || protocol === "wss:") && hostname !== "" && isClean;
}
