import { dirname, basename, isAbsolute, join, resolve } from "node:path";
import * as v from "valibot";
import { findDefaultAgent } from "../gateway/agents.ts";
import { type JsonObject, readOwn, readPath } from "../json.ts";
import type { Environment } from "../setting-sources.ts";

/** An agent of the config, and where its workspace lies. */
interface Agent {
  /** In lower case, as OpenClaw has it. */
  id: string;
  /** An absolute path; undefined if it is not known, see `problem`. */
  workspace: string | undefined;
  /** Why it is not known. */
  problem?: string;
}

export interface Agents {
  agents: readonly Agent[];
  /** The one whose the files at the top are; undefined where several could be meant. */
  defaultId: string | undefined;
}

interface Places {
  /** Where OpenClaw keeps its state: `/home/node/.openclaw`. */
  stateDir: string;
  env: Environment;
}

const Path = v.optional(v.pipe(v.string(), v.maxLength(4_000)));

const EntrySchema = v.object({ workspace: Path, default: v.optional(v.boolean(), false) });

const AgentsSchema = v.object({
  defaults: v.optional(v.object({ workspace: Path }), {}),
  ownership: v.optional(v.string()),
  entries: v.optional(v.record(v.string(), EntrySchema)),
  list: v.optional(v.array(v.object({ id: v.string(), ...EntrySchema.entries }))),
});

/** The directory of OpenClaw's state: that of the live config unless OPENCLAW_STATE_DIR says otherwise. */
export function findStateDir(pvcConfig: string, env: Environment): string {
  const set = env.OPENCLAW_STATE_DIR?.trim();
  return set !== undefined && isAbsolute(set) ? resolve(set) : dirname(resolve(pvcConfig));
}

/**
 * Lists the agents of a config with their workspaces, as OpenClaw resolves them (2026.2.9 and 2026.9.6, measured):
 *
 * - an agent's own `workspace`;
 * - of the one that inherits (the only one, the one marked `default`, in a list else the first): `agents.defaults.workspace`,
 *   else `workspace` in the state directory;
 * - of the others: from 2026.4.15 on `agents.defaults.workspace/ID` where that is set, on 2026.2.9 never; else
 *   `workspace-ID` in the state directory.
 *
 * @returns undefined if the section makes no sense
 */
export function resolveAgents(config: JsonObject, places: Places): Agents | undefined {
  const parsed = v.safeParse(AgentsSchema, config.agents ?? {});
  if (!parsed.success) return undefined;
  const { defaults, entries, list, ownership } = parsed.output;
  const isList = entries === undefined && list !== undefined;
  const all = entries ? Object.entries(entries).map(([id, entry]) => Object.assign(entry, { id })) : (list ?? []);
  const roster = all.length > 0 ? all : [{ id: "main", workspace: undefined, default: false }];
  const marked = ownership === "explicit" ? [] : roster.filter((entry) => entry.default);
  const [heir = isList || roster.length === 1 ? roster[0] : undefined] = isList || marked.length === 1 ? marked : [];

  const toWorkspace = (entry: (typeof roster)[number], id: string): Omit<Agent, "id"> => {
    const own = entry.workspace?.trim();
    if (own) return toPath(own, config, places);
    const shared = defaults.workspace?.trim();
    if (entry === heir) return toPath(shared || placeOf("workspace", places), config, places);
    if (!shared) return toPath(join(places.stateDir, `workspace-${id}`), config, places);
    const base = toPath(shared, config, places);
    if (!isList || base.workspace === undefined)
      return { ...base, workspace: base.workspace && join(base.workspace, id) };
    const problem = "its workspace depends on OpenClaw's release, and no gateway answers yet; agents.list can say it";
    return { workspace: undefined, problem };
  };
  const agents = roster.map((entry) => {
    const id = normalizeId(entry.id);
    return Object.assign(toWorkspace(entry, id), { id });
  });
  return { agents, defaultId: findDefaultAgent(config.agents ?? {}) };
}

/** From 2026.9.6 on, a variable can move the default workspace. */
function placeOf(name: string, { stateDir, env }: Places): string {
  return env.OPENCLAW_WORKSPACE_DIR?.trim() || join(stateDir, name);
}

/** OpenClaw's own rule for ids. */
export function normalizeId(id: string): string {
  const lower = id.trim().toLowerCase().slice(0, 200);
  if (/^[a-z0-9][a-z0-9_-]{0,63}$/.test(lower)) return lower;
  const plain = lower.replace(/[^a-z0-9_-]/g, "-");
  const first = plain.search(/[^-]/);
  const end =
    plain.length -
    Array.from(plain)
      .toReversed()
      .findIndex((character) => character !== "-");
  return first < 0 ? "main" : plain.slice(first, end).slice(0, 64);
}

/** A path as OpenClaw reads it: `${VAR}`, then `~`. A relative one is relative to the gateway's own directory. */
function toPath(text: string, config: JsonObject, { stateDir, env }: Places): Omit<Agent, "id"> {
  const missing: string[] = [];
  const whole = text.replace(/\$\{([A-Z_][A-Z0-9_]{0,200})\}/g, (_, name: string) => {
    const value = readVariable(name, config, env);
    if (value === undefined) missing.push(name);
    return value ?? "";
  });
  if (missing[0] !== undefined) {
    return {
      workspace: undefined,
      problem: `its workspace refers to ${missing[0]}, which is not set in this container`,
    };
  }
  const home = basename(stateDir) === ".openclaw" ? dirname(stateDir) : env.OPENCLAW_HOME || env.HOME;
  const path = /^~(?:\/|$)/.test(whole) && home ? join(home, whole.slice(1)) : whole;
  if (isAbsolute(path) && !path.includes("\0")) return { workspace: resolve(path) };
  return {
    workspace: undefined,
    problem: "its workspace is a relative path, and no gateway answers that knows to what",
  };
}

/** OpenClaw takes a variable from its environment, else from the config's own `env`. */
function readVariable(name: string, config: JsonObject, env: Environment): string | undefined {
  const declared = readPath(config, `env.vars.${name}`) ?? readPath(config, `env.${name}`);
  return readOwn(env, name) || (typeof declared === "string" ? declared : undefined);
}

/** Lets a gateway's own word win over ours. @returns what differs, a line each */
export function mergeTold(
  agents: Agents,
  told: ReadonlyMap<string, string>,
): { agents: Agents; differences: string[] } {
  const differences: string[] = [];
  const merged = agents.agents.map((agent) => {
    const workspace = told.get(agent.id);
    if (workspace === undefined || workspace === agent.workspace || !isAbsolute(workspace)) return agent;
    if (agent.workspace !== undefined) {
      differences.push(`agent ${agent.id}: the gateway's workspace is ${workspace}, not ${agent.workspace}`);
    }
    return { id: agent.id, workspace: resolve(workspace) };
  });
  return { agents: { ...agents, agents: merged }, differences };
}
