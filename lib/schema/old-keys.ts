import { type JsonObject, isJsonObject } from "../json.ts";
import type { Finding } from "./finding.ts";
import keys from "./old-keys.json" with { type: "json" };
import { type Place, READS_OLD_KEYS, findAll, isSince, isWithin } from "./rule.ts";

/** A key of former releases, as OpenClaw's own list of legacy keys and its schemas of nine releases have it. */
interface OldKey {
  /** Dotted path, as findAll() takes it. */
  path: string;
  /** Only these values are old, and not the key. */
  values?: string[];
  /** The new name; undefined if there is none. */
  now?: string;
  /** The first release that refuses it; undefined: every known one. */
  since?: string;
  /** The first release that does not name it any more; undefined: it stays. */
  before?: string;
  /** What a gateway of {@link MIGRATES_AT_START} or later does with it when it starts. */
  atStart: "migrated" | "refused";
}

/** Where a context may be limited from 2026.8.2 on: at each model alone. */
const MODEL_CONTEXT = "models.providers.PROVIDER.models[]";

/** A key that is not in the schema of these releases, and which they take all the same: [path, new name, since, before]. */
const ACCEPTED: [string, string, string, string?][] = [
  ["tools.exec.security", "tools.exec.mode", "2026.9.6"],
  ["tools.exec.ask", "tools.exec.mode", "2026.9.6"],
  ["agents.list", "agents.entries", "2026.8.2"],
  ["canvasHost", "plugins.entries.canvas.config.host", "2026.5.20", "2026.8.2"],
  ["hooks.internal.handlers", "a hook folder with HOOK.md", "2026.4.15", "2026.8.2"],
  ["plugins.installs", "the gateway's own list of what is installed", "2026.5.20", "2026.8.2"],
  ["agents.defaults.contextTokens", `${MODEL_CONTEXT}.contextTokens`, "2026.8.2"],
  ["agents.entries.*.contextTokens", `${MODEL_CONTEXT}.contextTokens`, "2026.8.2"],
  ["agents.list.*.contextTokens", `${MODEL_CONTEXT}.contextTokens`, "2026.8.2"],
  ["models.providers.*.contextTokens", `${MODEL_CONTEXT}.contextTokens`, "2026.8.2"],
  ["models.providers.*.contextWindow", `${MODEL_CONTEXT}.contextWindow`, "2026.8.2"],
];

/** Old keys that 2026.4.15 does not migrate, other than the rest. */
const UNREAD =
  /^(?:channels\.webchat|channels\.telegram\.requireMention|session\.threadBindings\.spawn(?:Acp|Subagent)Sessions)$/;

/**
 * The first release that repairs its config when it starts. The ones before do not start with an old key. One that runs
 * and finds the key in its changed file refuses it; a sidecar delivers such a config with what the gateway has migrated.
 */
const MIGRATES_AT_START = "2026.8.2";

/**
 * Finds the keys of former releases that a release does not know any more, each with its new name.
 *
 * `migrated-key`, a warning: it reads the key as the new one. `old-key`, a warning: it migrates the key when it starts.
 * `old-key`, an error: it does not start with the config.
 *
 * @param release one of KNOWN_RELEASES
 */
export function findOldKeys(config: JsonObject, release: string): Finding[] {
  const findings: Finding[] = [];
  for (const [path, now, since, before] of ACCEPTED) {
    if (!isWithin(release, since, before) || hasBoth(config, path)) continue;
    const message = `an old key that OpenClaw migrates by itself; now ${now}`;
    for (const place of findAll(config, [path])) {
      findings.push({ path: place.path, message, severity: "warning", rule: "migrated-key" });
    }
  }
  for (const key of keys as OldKey[]) {
    if (!isWithin(release, key.since, key.before)) continue;
    const said = judge(key, release);
    for (const { path } of findPlacesOf(config, key)) findings.push({ path, ...said });
  }
  return findings;
}

/** What a release does with an old key. */
function judge(key: OldKey, release: string): Omit<Finding, "path"> {
  const isMigrated = key.atStart === "migrated";
  const isRead = isWithin(release, ...READS_OLD_KEYS) && !UNREAD.test(key.path);
  if (isRead && (isMigrated || key.path.startsWith("browser."))) {
    return { message: `${describe(key)}; OpenClaw migrates it by itself`, severity: "warning", rule: "migrated-key" };
  }
  if (!isMigrated || !isSince(release, MIGRATES_AT_START)) {
    return { message: describe(key), severity: "error", rule: "old-key" };
  }
  const message = `${describe(key)}; a gateway migrates it when it starts, and refuses it while it runs`;
  return { message, severity: "warning", rule: "old-key" };
}

function findPlacesOf(config: JsonObject, { path, values }: OldKey): Place[] {
  return findAll(config, [path]).filter(
    ({ value }) => values === undefined || (typeof value === "string" && values.includes(value)),
  );
}

function describe({ now, values }: OldKey): string {
  const what = values ? "an old value" : "an old key";
  return `${what}; ${now === undefined ? "there is none in its place" : `now ${now}`}`;
}

/** A list beside entries is not migrated. */
function hasBoth(config: JsonObject, path: string): boolean {
  return path === "agents.list" && isJsonObject(config.agents) && config.agents.entries !== undefined;
}
