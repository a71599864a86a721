import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { type Problem, type Rule, findAll, findTexts, isTemplate } from "./rule.ts";

const SANDBOXES = ["agents.defaults.sandbox", "agents.list.*.sandbox", "agents.entries.*.sandbox"];

/** What a sandbox must not be given. */
export const SANDBOX_RULES: Rule[] = [
  {
    id: "sandbox-network",
    since: "2026.2.26",
    find: (config) => findAll(config, SANDBOXES).flatMap(({ path, value }) => findOpenNetworks(path, value)),
  },
  {
    id: "sandbox-profile",
    since: "2026.2.26",
    find: (config) =>
      findTexts(
        config,
        SANDBOXES.flatMap((place) => [`${place}.docker.seccompProfile`, `${place}.docker.apparmorProfile`]),
      )
        .filter(({ value }) => value.trim().toLowerCase() === "unconfined")
        .map(({ path }) => ({ path, message: "unconfined is not allowed: name a profile, or leave it out" })),
  },
  { id: "sandbox-bind", since: "2026.2.26", find: (config) => findBadBinds(config, "docker") },
  { id: "sandbox-bind", since: "2026.6.11", find: (config) => findBadBinds(config, "browser") },
  {
    id: "sandbox-env",
    since: "2026.8.2",
    find: (config) => findAll(config, SANDBOXES).flatMap(({ path, value }) => findBadVariables(config, path, value)),
  },
];

function findOpenNetworks(path: (string | number)[], sandbox: Json): Problem[] {
  const docker = readObject(sandbox, "docker");
  const mayJoin = docker.dangerouslyAllowContainerNamespaceJoin === true;
  return ["docker", "browser"].flatMap((part): Problem[] => {
    const network = readObject(sandbox, part).network;
    if (typeof network !== "string" || isTemplate(network)) return [];
    const name = network.trim().toLowerCase();
    if (name !== "host" && (mayJoin || !name.startsWith("container:"))) return [];
    const message = "a network of its own is expected: neither host nor that of another container";
    return [{ path: [...path, part, "network"], message }];
  });
}

function findBadBinds(config: JsonObject, part: string): Problem[] {
  return findTexts(
    config,
    SANDBOXES.map((place) => `${place}.${part}.binds.*`),
  )
    .filter(({ value }) => !/^(?:\/|[a-z]:[\\/])/i.test(value.trim()))
    .map(({ path }) => ({ path, message: "an absolute path on the host is expected, as /srv/data:/data:ro" }));
}

/** Docker and Podman get the variables in a file with a line for each. */
function findBadVariables(config: JsonObject, path: (string | number)[], sandbox: Json): Problem[] {
  const shared = findAll(config, ["agents.defaults.sandbox.backend"])[0]?.value;
  const own = isJsonObject(sandbox) ? sandbox.backend : undefined;
  const backend = typeof own === "string" && own.trim() !== "" ? own : shared;
  if (typeof backend === "string" && !["", "docker", "podman"].includes(backend.trim())) return [];
  return Object.entries(readObject(readObject(sandbox, "docker"), "env")).flatMap(([name, value]): Problem[] => {
    const place = [...path, "docker", "env", name];
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      return [{ path: place, message: "a name of letters, digits and _ is expected" }];
    }
    if (typeof value !== "string" || isTemplate(value) || !/[\r\n\0]/.test(value)) return [];
    return [{ path: place, message: "a value of one line is expected" }];
  });
}

function readObject(value: Json, key: string): JsonObject {
  const inner = isJsonObject(value) ? value[key] : undefined;
  return isJsonObject(inner) ? inner : {};
}
