import { posix } from "node:path";
import { type JsonObject, isJsonObject } from "../json.ts";
import {
  type Agent,
  type Problem,
  type Rule,
  findTexts,
  isSince,
  isTemplate,
  listAgents,
  normalizeAgentId,
} from "./rule.ts";

/** The first release with `agents.entries`. It reads a list as entries, and `main` where there is none. */
const ENTRIES = "2026.8.2";

/** Which agents there are, and what names them. */
export const AGENT_RULES: Rule[] = [
  {
    id: "unknown-agent",
    since: "2026.6.11",
    find(config, release) {
      const ids = readIds(config, release);
      const known = new Set(ids?.map(normalizeAgentId));
      if (ids === undefined) return [];
      if (isSince(release, ENTRIES)) known.add("main");
      return findTexts(config, ["bindings.*.agentId"])
        .filter(({ value }) => !known.has(normalizeAgentId(value)))
        .map(({ path }) => ({ path, message: unknownAgent(release) }));
    },
  },
  {
    id: "unknown-agent",
    find(config, release) {
      const ids = readIds(config, release);
      if (ids === undefined) return [];
      return findTexts(config, ["broadcast.*.*", "broadcast.*.agents.*"])
        .filter(({ path, value }) => isMember(path) && !ids.includes(value))
        .map(({ path }) => ({ path, message: unknownAgent(release) }));
    },
  },
  {
    id: "unknown-agent",
    since: ENTRIES,
    find(config, release) {
      const ids = readIds(config, release);
      const known = new Set(ids?.map(normalizeAgentId));
      if (ids === undefined) return [];
      const places = ["agents.defaults.heartbeat.agentId", "agents.defaults.systemAgent.agentId", "talk.agentId"];
      return findTexts(config, places)
        .filter(({ value }) => !known.has(normalizeAgentId(value)))
        .map(({ path }) => ({ path, message: unknownAgent(release) }));
    },
  },
  { id: "agent-roster", since: ENTRIES, find: findRosterProblems },
  { id: "agent-folder", find: findSharedFolders },
  { id: "avatar", find: (config, release) => listAgents(config, release).flatMap(findAvatarProblems) },
  {
    id: "broadcast-group",
    since: "2026.9.6",
    find: (config) =>
      Object.entries(isJsonObject(config.broadcast) ? config.broadcast : {})
        .filter(([peer, entry]) => isJsonObject(entry) && !/^[a-z][a-z0-9_-]*:.+$/i.test(peer))
        .map(([peer]) => ({
          path: ["broadcast", peer],
          message: "a group with options needs a key with its channel: CHANNEL:PEER",
        })),
  },
  {
    id: "acp-binding",
    since: "2026.3.13",
    find: (config) =>
      (Array.isArray(config.bindings) ? config.bindings : []).flatMap((binding, index): Problem[] => {
        if (!isJsonObject(binding) || binding.type !== "acp" || !isJsonObject(binding.match)) return [];
        const peer = binding.match.peer;
        if (isJsonObject(peer) && typeof peer.id === "string" && peer.id.trim() !== "") return [];
        return [{ path: ["bindings", index, "match", "peer"], message: "an acp binding needs the id of a peer" }];
      }),
  },
];

function unknownAgent(release: string): string {
  return `an agent of ${isSince(release, ENTRIES) ? "agents.entries" : "agents.list"} is expected`;
}

/** `strategy` and the options of a group are no members. */
function isMember(path: readonly (string | number)[]): boolean {
  return typeof path.at(-1) === "number";
}

/** The ids of all agents as they are written; undefined where none is named, or where a variable names one. */
function readIds(config: JsonObject, release: string): string[] | undefined {
  const ids = listAgents(config, release).flatMap(({ id }) => (id === undefined ? [] : [id]));
  if (ids.some(isTemplate)) return undefined;
  if (ids.length > 0) return ids;
  return isSince(release, ENTRIES) ? ["main"] : undefined;
}

function findRosterProblems(config: JsonObject, release: string): Problem[] {
  const roster = config.agents;
  if (!isJsonObject(roster)) return [];
  const agents = listAgents(config, release);
  const isList = !isJsonObject(roster.entries);
  const problems: Problem[] = [];
  const place = isList ? ["agents", "list"] : ["agents", "entries"];
  if (!isList && roster.list !== undefined) {
    problems.push({ path: ["agents", "list"], message: "either agents.entries or agents.list is expected, not both" });
  }
  const isExplicit = roster.ownership === "explicit";
  if (isExplicit && agents.length === 0) problems.push({ path: place, message: "at least one agent is expected" });
  const seen = new Set<string>();
  for (const { id, path } of agents) {
    if (id === undefined || isTemplate(id)) continue;
    const normalized = normalizeAgentId(id);
    if (isList && normalized !== id) {
      problems.push({ path: [...path, "id"], message: "lower case letters, digits, - and _ are expected" });
    }
    if (seen.has(normalized)) problems.push({ path, message: "an agent with this id is there already" });
    seen.add(normalized);
  }
  const marked = agents.filter(({ agent }) => agent.default === true);
  if (marked.length > 1) problems.push({ path: place, message: "at most one agent with default: true is expected" });
  if (isExplicit && marked.length > 0) {
    problems.push({ path: ["agents", "ownership"], message: "explicit goes with no agent that has default: true" });
  }
  if (agents.length > 1 && marked.length === 0 && !isExplicit) {
    const message = 'with several agents, ownership: "explicit" or one agent with default: true is expected';
    problems.push({ path: ["agents", "ownership"], message });
  }
  return problems;
}

function findSharedFolders(config: JsonObject, release: string): Problem[] {
  const owners = new Map<string, string | undefined>();
  return listAgents(config, release).flatMap(({ path, id, agent }): Problem[] => {
    const folder = agent.agentDir;
    if (typeof folder !== "string" || folder.trim() === "" || isTemplate(folder)) return [];
    const name = id === undefined ? undefined : normalizeAgentId(id);
    const resolved = posix.normalize(folder.trim()).replace(/(?<=.)\/$/, "");
    if (!owners.has(resolved)) owners.set(resolved, name);
    if (owners.get(resolved) === name) return [];
    return [{ path: [...path, "agentDir"], message: "a folder that no other agent has is expected" }];
  });
}

/** A picture: `data:`, `http:` or `https:`, or a file in the agent's workspace. */
function findAvatarProblems({ path, agent }: Agent): Problem[] {
  const avatar = isJsonObject(agent.identity) ? agent.identity.avatar : undefined;
  if (typeof avatar !== "string" || isTemplate(avatar)) return [];
  const name = avatar.trim();
  if (name === "" || /^data:/i.test(name) || /^https?:\/\//i.test(name)) return [];
  const isRelative = !name.startsWith("~") && !/^[a-z][a-z0-9+.-]*:/i.test(name);
  const workspace = agent.workspace;
  const isInside = isRelative && !posix.normalize(name).startsWith("..") && !name.startsWith("/");
  if (isInside) return [];
  // An absolute path may lie in a workspace; where that is, only the gateway knows.
  if (name.startsWith("/") && (typeof workspace !== "string" || isWithin(name, workspace))) {
    if (typeof workspace === "string" || name.includes("/workspace")) return [];
  }
  const message = "a path inside the agent's workspace, an http(s) URL, or a data URI is expected";
  return [{ path: [...path, "identity", "avatar"], message }];
}

function isWithin(path: string, folder: string): boolean {
  if (!folder.startsWith("/") || isTemplate(folder)) return true;
  return posix.normalize(path).startsWith(`${posix.normalize(folder).replace(/\/$/, "")}/`);
}
