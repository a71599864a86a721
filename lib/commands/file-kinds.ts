import { basename } from "node:path";
import { hasOnlyExtensions } from "../definition/extensions.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";

/** What every job has two of, whatever else is misspelt. No OpenClaw config has one at its top level, `cron` excepted. */
const JOB_FIELDS = ["name", "schedule", "command", "message", "systemEvent", "payload", "cron", "cmd"];

/** The top level of `openclaw.json`, of 2026.2.9 to 2026.9.6. */
const CONFIG_FIELDS = new Set(
  `$schema $include meta env wizard diagnostics logging cli crestodian update telemetry browser ui secrets auth
  accessGroups acp models nodeHost agents worktreeRoot worktreeAcceleration tools security bindings broadcast
  attachments audio media messages tts commands approvals session cron commitments transcripts hooks web channels
  discovery canvasHost talk gateway cloudWorkers desktop memory mcp skills plugins surfaces proxy`.split(/\s+/),
);

/** The name of the exec approvals, which says what it holds. */
export const APPROVALS = "exec-approvals.json";

/** Returns whether a file of this name is YAML. */
export function isYamlName(path: string): boolean {
  return /\.ya?ml$/.test(path);
}

/** Returns whether a file of this name is a config, whatever it holds. */
export function isConfigName(path: string): boolean {
  return /^openclaw\.json5?$/.test(basename(path));
}

/** Returns whether the name says that the file holds jobs, so that a broken one is not passed over. */
export function isJobName(path: string): boolean {
  return /(?:^|[^a-z])(?:cron|jobs?|cronjobs?)(?:[^a-z]|$)/i.test(basename(path));
}

/** Returns whether this is a job, a list with one, an empty list, OpenClaw's own list, or anchors for one. */
export function holdsJobs(value: Json): boolean {
  if (Array.isArray(value)) return value.length === 0 || value.some((item) => isJsonObject(item) && isJob(item));
  if (!isJsonObject(value)) return false;
  return isJob(value) || hasOnlyExtensions(value) || (Array.isArray(value.jobs) && holdsJobs(value.jobs));
}

function isJob(value: JsonObject): boolean {
  return JOB_FIELDS.filter((field) => field in value).length >= 2;
}

/** Returns whether this has a field of a job at all, which is too little to tell it from other files. */
export function hasJobField(value: Json): boolean {
  return isJsonObject(value) && [...JOB_FIELDS, "jobs"].some((field) => field in value);
}

/** Returns whether this is a config under another name: it has a gateway or includes one, or only fields of a config. */
export function isConfigLike(value: Json): boolean {
  if (!isJsonObject(value)) return false;
  const fields = Object.keys(value);
  if (fields.includes("gateway") || fields.includes("$include")) return true;
  return fields.length > 0 && fields.every((field) => CONFIG_FIELDS.has(field));
}

/**
 * Returns whether this is jobs without a doubt: one has a schedule and something to do. For files that nobody has named,
 * where name and command alone may be a task of Ansible, or a container.
 */
export function isPlainlyJobs(value: Json): boolean {
  if (Array.isArray(value)) return value.some((item) => isJsonObject(item) && isPlainlyJob(item));
  if (!isJsonObject(value)) return false;
  return isPlainlyJob(value) || (Array.isArray(value.jobs) && isPlainlyJobs(value.jobs));
}

function isPlainlyJob(value: JsonObject): boolean {
  const isTimed = value.schedule !== undefined || typeof value.cron === "string";
  return isTimed && ["command", "message", "systemEvent", "payload", "cmd"].some((field) => field in value);
}

/** What these fields hold in an OpenClaw config, and hardly in another file: words of a translation, a linter's plugins. */
const PLAIN_FIELDS: Readonly<Record<string, readonly string[]>> = {
  gateway: ["mode", "port", "bind", "auth", "reload", "controlUi", "trustedProxies", "remote", "tls", "http"],
  agents: ["defaults", "list"],
  models: ["providers"],
  plugins: ["entries", "allow", "slots"],
};

/** Returns whether this is a config without a doubt, for files that nobody has named. */
export function isPlainlyConfig(value: Json): boolean {
  if (!isConfigLike(value) || !isJsonObject(value)) return false;
  const fields = Object.keys(value);
  const known = fields.filter((field) => CONFIG_FIELDS.has(field));
  if (2 * known.length < fields.length) return false;
  if ("$include" in value) return true;
  return Object.entries(PLAIN_FIELDS).some(([field, inner]) => {
    const held = value[field];
    return isJsonObject(held) && inner.some((each) => each in held);
  });
}

interface ForeignKind {
  label: string;
  /** The name alone decides: such a file may well have a name and a command. */
  name?: RegExp;
  holds?: (value: JsonObject) => boolean;
}

const FOREIGN_KINDS: readonly ForeignKind[] = [
  { label: "a package.json", name: /^package(?:-lock)?\.json$/ },
  { label: "a tsconfig.json", name: /^[tj]sconfig(?:\..+)?\.json$/, holds: (value) => "compilerOptions" in value },
  { label: "a Helm chart", name: /^Chart\.ya?ml$/, holds: isChart },
  { label: "the values of a Helm chart", name: /^values(?:[-._].+)?\.ya?ml$/ },
  {
    label: "a Compose file",
    name: /^(?:docker-)?compose(?:[-._].+)?\.ya?ml$/,
    holds: ({ services }) => isJsonObject(services),
  },
  { label: "a GitHub workflow", holds: ({ on, jobs }) => on !== undefined && isJsonObject(jobs) },
  { label: "an A2A agent card", holds: isAgentCard },
  { label: "a file that SOPS has encrypted", holds: ({ sops }) => isJsonObject(sops) && "mac" in sops },
];

function isChart({ apiVersion, name, version }: JsonObject): boolean {
  return [apiVersion, name, version].every((field) => typeof field === "string");
}

function isAgentCard(value: JsonObject): boolean {
  const isReachable = ["url", "supportedInterfaces", "additionalInterfaces"].some((field) => field in value);
  return isReachable && isJsonObject(value.capabilities) && Array.isArray(value.skills);
}

/** Names a file of another tool that has something in common with a job or a config; undefined for any other. */
export function describeForeign(path: string, value: Json): string | undefined {
  if (!isJsonObject(value)) return undefined;
  const file = basename(path);
  const byName = FOREIGN_KINDS.find(({ name }) => name?.test(file));
  return (byName ?? FOREIGN_KINDS.find(({ holds }) => holds?.(value)))?.label;
}
