import { type Json, isJsonObject } from "../json.ts";
import { type Problem, type Rule, findAll, findTexts } from "./rule.ts";

/** Workers in a cloud, and desktops. */
export const WORKER_RULES: Rule[] = [
  {
    id: "path",
    since: "2026.8.2",
    find: (config) =>
      findTexts(config, ["desktop.passwordFile", "desktop.host.passwordFile"])
        .filter(({ value }) => !value.trim().startsWith("/"))
        .map(({ path }) => ({ path, message: "an absolute path is expected" })),
  },
  {
    id: "worker-profile",
    since: "2026.8.2",
    find: (config) =>
      findAll(config, ["cloudWorkers.profiles.*"])
        .filter(({ path }) => String(path.at(-1)) !== String(path.at(-1)).trim())
        .map(({ path }) => ({ path, message: "a name without spaces around it is expected" })),
  },
  {
    id: "worker-project",
    since: "2026.8.2",
    find: (config) =>
      findAll(config, ["cloudWorkers.projectProfiles.*"])
        .filter(({ path }) => !isProject(String(path.at(-1))))
        .map(({ path }) => ({ path, message: "a name as github.com/acme/app is expected, in lower case" })),
  },
  {
    id: "duration",
    since: "2026.8.2",
    find: (config) =>
      findTexts(config, ["cloudWorkers.profiles.*.suspendAfter"])
        .filter(({ value }) => !isMinute(value.trim().toLowerCase()))
        .map(({ path }) => ({ path, message: "a duration of a minute or more is expected, as 45m" })),
  },
  {
    id: "secret-reference",
    since: "2026.8.2",
    find: (config) =>
      findAll(config, ["cloudWorkers.profiles.*.settings"]).flatMap(({ path, value }) => findPlainSecrets(path, value)),
  },
];

function isProject(name: string): boolean {
  return name === name.trim().toLowerCase() && name.split("/").length > 2 && !name.endsWith(".git");
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function isMinute(text: string): boolean {
  if (!/^(?:\d{1,15}(?:\.\d{1,15})?(?:ms|[smhd])){1,10}$/.test(text)) return false;
  let total = 0;
  for (const [, amount, unit = ""] of text.matchAll(/(\d{1,15}(?:\.\d{1,15})?)(ms|[smhd])/g)) {
    total += Number(amount) * (UNITS[unit] ?? 0);
  }
  return total >= 60_000;
}

/** Settings go to a plugin as they are: what is secret in them must be a reference. */
function findPlainSecrets(path: Problem["path"], settings: Json): Problem[] {
  if (Array.isArray(settings)) return settings.flatMap((each, index) => findPlainSecrets([...path, index], each));
  if (!isJsonObject(settings)) return [];
  return Object.entries(settings).flatMap(([key, value]) => {
    const place = [...path, key];
    if (!/^(?:api[-_]?key|password|secret|token)$/i.test(key)) return findPlainSecrets(place, value);
    return isReference(value) ? [] : [{ path: place, message: "a reference to a secret is expected" }];
  });
}

function isReference(value: Json): boolean {
  if (!isJsonObject(value) || Object.keys(value).toSorted().join(" ") !== "id provider source") return false;
  return Object.values(value).every((each) => typeof each === "string" && each !== "");
}
