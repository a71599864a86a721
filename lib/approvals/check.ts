import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { decodeText } from "../definition/text.ts";
import { describeError } from "../errors.ts";
import { formatKey } from "../text/changed-paths.ts";
import { type KeyPath, findDuplicates } from "../text/duplicate-keys.ts";
import { parseJson5 } from "../text/json5.ts";
import { CONFIG_LIMITS, ExcessError } from "../text/limits.ts";
import { findNearest } from "../text/nearest.ts";
import { type Keyed, STAMPS, isList, keyOf, mapLists, mapValues, toKeyed } from "./document.ts";

/** A finding about one place of the file, without values. */
export interface ApprovalsProblem {
  /** Empty for the whole file. */
  path: KeyPath;
  message: string;
}

export type CheckedApprovals =
  | { kind: "valid"; keyed: Keyed; entries: number }
  | { kind: "invalid"; problems: readonly ApprovalsProblem[] };

const SECURITY = ["deny", "allowlist", "full"];
const ASK = ["off", "on-miss", "always"];

/** Returns what is wrong with a value; undefined if nothing is. */
type Check = (value: Json) => string | undefined;

const oneOf =
  (...known: readonly string[]): Check =>
  (value) =>
    known.some((each) => each === value) ? undefined : `expected ${known.slice(0, -1).join(", ")} or ${known.at(-1)}`;
const text: Check = (value) => (typeof value === "string" && value !== "" ? undefined : "expected a text");
const trimmed: Check = (value) => {
  if (typeof value !== "string" || value.trim() === "") return "expected a text";
  return value === value.trim() ? undefined : "begins or ends with a blank";
};
const flag: Check = (value) => (typeof value === "boolean" ? undefined : "expected true or false");
const anything: Check = () => undefined;

const POLICY: Readonly<Record<string, Check>> = {
  security: oneOf(...SECURITY),
  ask: oneOf(...ASK),
  askFallback: oneOf(...SECURITY),
  autoAllowSkills: flag,
};
const GRANT: Check = (value) => (value === "allow-always" ? undefined : "expected allow-always, or nothing at all");

/** The fields of an entry, as 2026.9.6 has them. Earlier releases refuse some, and say which. */
const ENTRIES: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  allowlist: { pattern: trimmed, argPattern: text, source: GRANT, ...stampsOf("allowlist") },
  mcpTools: { server: trimmed, tool: trimmed, source: GRANT, ...stampsOf("mcpTools") },
};
const REQUIRED: Readonly<Record<string, readonly string[]>> = { allowlist: ["pattern"], mcpTools: ["server", "tool"] };

/** Checks a whole `exec-approvals.json`. All problems at once. */
export function checkApprovals(bytes: Uint8Array): CheckedApprovals {
  const broken = (message: string): CheckedApprovals => ({ kind: "invalid", problems: [{ path: [], message }] });
  const source = decodeText(bytes);
  if (source === undefined) return broken("not UTF-8 text");
  if (source.trim() === "") return broken('the file is empty; {"version": 1} declares nothing');
  try {
    const value = parseJson5(source, CONFIG_LIMITS);
    const duplicates = findDuplicates(source).map((path) => ({ path, message: "stands twice in one object" }));
    if (!isJsonObject(value)) return broken("expected an object at the top");
    const problems = [...duplicates, ...checkDocument(value)];
    if (problems.length > 0) return { kind: "invalid", problems };
    const keyed = toDeclared(value);
    return { kind: "valid", keyed, entries: countEntries(keyed) };
  } catch (error) {
    const message = describeError(error).replace(/^JSON5: /, "");
    return broken(error instanceof ExcessError ? `is ${message}` : message);
  }
}

/** A problem as one line: `agents.main.ask: expected …`. */
export function formatApprovalsProblem({ path, message }: ApprovalsProblem): string {
  const place = path.map((key) => formatKey(String(key))).join(".");
  return place === "" ? message : `${place}: ${message}`;
}

function checkDocument(file: JsonObject): ApprovalsProblem[] {
  const { socket, version, ...rest } = file;
  const problems: ApprovalsProblem[] = [];
  if (version === undefined) problems.push({ path: [], message: "version is missing; this is version 1" });
  else if (version !== 1) problems.push({ path: ["version"], message: "is another version; only 1 is known" });
  if (socket !== undefined) {
    problems.push({ path: ["socket"], message: "is OpenClaw's own, with a secret token; take it out of Git" });
  }
  return [...problems, ...checkFields(rest, [], { defaults: anything, agents: anything }), ...checkInner(rest)];
}

function checkInner({ defaults = {}, agents = {} }: JsonObject): ApprovalsProblem[] {
  const problems = isJsonObject(defaults)
    ? checkFields(defaults, ["defaults"], POLICY)
    : [{ path: ["defaults"], message: "expected an object" }];
  if (!isJsonObject(agents)) return [...problems, { path: ["agents"], message: "expected an object, by agent" }];
  return [...problems, ...Object.entries(agents).flatMap(([id, agent]) => checkAgent(id, agent))];
}

function checkAgent(id: string, agent: Json): ApprovalsProblem[] {
  const path = ["agents", id];
  if (id === "default") return [{ path, message: "OpenClaw moves it to main; write main" }];
  // 2026.9.6 takes the whole document for malformed then, and denies everything.
  if (id === "__proto__" || id.trim() === "") return [{ path, message: "is no name of an agent" }];
  if (!isJsonObject(agent)) return [{ path, message: "expected an object" }];
  const lists = Object.entries(agent).filter(([field]) => isList(field));
  return [
    ...checkFields(agent, path, { ...POLICY, allowlist: anything, mcpTools: anything }),
    ...lists.flatMap(([list, items]) => checkList(items, list, [...path, list])),
  ];
}

function checkList(items: Json, list: string, path: KeyPath): ApprovalsProblem[] {
  if (!Array.isArray(items)) return [{ path, message: "expected an array" }];
  const seen = new Set<string>();
  return items.flatMap((item, index): ApprovalsProblem[] => {
    const place = [...path, index];
    if (!isJsonObject(item))
      return [{ path: place, message: `expected an object with ${REQUIRED[list]?.join(" and ")}` }];
    const missing = REQUIRED[list]?.filter((field) => item[field] === undefined) ?? [];
    const problems = [
      ...missing.map((field) => ({ path: place, message: `${field} is missing` })),
      ...checkFields(item, place, ENTRIES[list] ?? {}),
    ];
    const key = keyOf(item, list);
    if (missing.length === 0 && seen.has(key)) problems.push({ path: place, message: "stands twice in this list" });
    seen.add(key);
    return problems;
  });
}

function checkFields(object: JsonObject, path: KeyPath, checks: Readonly<Record<string, Check>>): ApprovalsProblem[] {
  return Object.entries(object).flatMap(([field, value]) => {
    const check = Object.hasOwn(checks, field) ? checks[field] : undefined;
    const message = check ? check(value) : describeUnknown(field, Object.keys(checks));
    return message === undefined ? [] : [{ path: [...path, field], message }];
  });
}

function describeUnknown(field: string, known: readonly string[]): string {
  const nearest = findNearest(field, known);
  return nearest?.isNear ? `unknown field; did you mean ${nearest.name}?` : `unknown field; known: ${known.join(", ")}`;
}

function stampsOf(list: string): Readonly<Record<string, Check>> {
  return Object.fromEntries((STAMPS[list] ?? []).map((field) => [field, anything]));
}

/**
 * What a document declares: without the socket, what OpenClaw stamps, and what is empty. The gateway wants a source of an
 * MCP grant.
 */
export function toDeclared(file: JsonObject): Keyed {
  const keyed = mapLists(toKeyed(file), (items, list) => {
    if (!isJsonObject(items)) return items;
    return mapValues(items, (item) => {
      if (!isJsonObject(item)) return item;
      const own = mapValues(item, (value, field) => (STAMPS[list]?.includes(field) ? undefined : value));
      return list === "mcpTools" ? { ...own, source: "allow-always" } : own;
    });
  });
  return mapValues(keyed, withoutEmpty);
}

function withoutEmpty(value: Json): Json | undefined {
  if (!isJsonObject(value)) return value;
  const rest = mapValues(value, withoutEmpty);
  return Object.keys(rest).length > 0 ? rest : undefined;
}

/** How many entries the lists have, and how many fields the policies. */
function countEntries(keyed: Keyed): number {
  const { defaults = {}, agents = {} } = keyed;
  const ofAgent = (agent: Json) =>
    Object.entries(agent as JsonObject).reduce(
      (sum, [field, value]) => sum + (isList(field) && isJsonObject(value) ? Object.keys(value).length : 1),
      0,
    );
  return Object.values(agents as JsonObject).reduce<number>(
    (sum, agent) => sum + ofAgent(agent),
    Object.keys(defaults as JsonObject).length,
  );
}
