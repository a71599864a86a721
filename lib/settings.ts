import { statSync } from "node:fs";
import { resolve } from "node:path";
import * as v from "valibot";
import { type Environment, SETTING_SOURCES, type SettingName, readVariable } from "./setting-sources.ts";

const isSeconds = (value: string) => Number(value) > 0 && Number(value) <= 86_400;
const isPort = (value: string) => /^[1-9]\d{0,4}$/.test(value) && Number(value) <= 65_535;
/** OpenClaw uses these prefixes for its own jobs. */
const RESERVED_OWNERS = new Set(["heartbeat", "memory-core", "claw", "skill-collection-review"]);

const Path = v.pipe(v.string(), v.nonEmpty("expected a path but received none"));
const Directory = v.pipe(Path, v.check(isDirectoryOrAbsent, "expected a directory, but a file is there"));

const SettingFields = {
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
  restart: v.picklist(["now", "when-idle"], "expected now or when-idle"),
  /** In seconds. */
  restartDeadline: v.pipe(
    v.string(),
    v.check(isSeconds, "expected a number of seconds, above 0 and at most 86400"),
    v.transform(Number),
  ),
  httpPort: v.undefinedable(
    v.pipe(v.string(), v.check(isPort, "expected a whole number from 1 to 65535"), v.transform(Number)),
  ),
  workspaceDir: Directory,
  workspaceMode: v.picklist(["own", "seed"], "expected own or seed"),
  secretsDir: v.undefinedable(Directory),
  secretsTargetDir: v.undefinedable(Path), // not checked here: the gateway may be able to write there
} satisfies Record<SettingName, v.GenericSchema>;

const SettingsSchema = v.object(SettingFields);

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
  if (!parsed.success) return { kind: "invalid", problems };
  const mismatch = findSecretsMismatch(parsed.output);
  return mismatch ? { kind: "invalid", problems: [mismatch] } : { kind: "valid", settings: parsed.output };
}

/** Secrets are read from one directory and written to another, or not at all. */
function findSecretsMismatch({ secretsDir, secretsTargetDir }: Settings): string | undefined {
  const { env: source } = SETTING_SOURCES.secretsDir;
  const { env: target } = SETTING_SOURCES.secretsTargetDir;
  if (secretsDir === undefined && secretsTargetDir === undefined) return undefined;
  if (secretsDir === undefined) return `${target}: expected ${source} beside it`;
  if (secretsTargetDir === undefined) return `${source}: expected ${target} beside it`;
  const [from, to] = [resolve(secretsDir), resolve(secretsTargetDir)];
  const isNested = from === to || from.startsWith(`${to}/`) || to.startsWith(`${from}/`);
  return isNested
    ? `${target}: expected a directory outside ${source}: ${JSON.stringify(secretsTargetDir)}`
    : undefined;
}

function isDirectoryOrAbsent(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? true;
  } catch {
    return true; // the pass that reads the directory reports why it cannot
  }
}

function isGatewayUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password, search } = new URL(value);
  const isClean = username === "" && password === "" && search === ""; // the address is logged
  return (protocol === "ws:" || protocol === "wss:") && hostname !== "" && isClean;
}
