import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Generation, ROOT_NAME } from "../config/generation.ts";
import { type CliVerdict, validateByCli } from "../gateway/cli-config.ts";
import type { ConfigIssue } from "../gateway/config-calls.ts";
import { type Json, type JsonObject, formatJson, isJsonObject, readPath } from "../json.ts";
import type { Finding } from "../schema/finding.ts";
import type { KeyPath } from "../text/duplicate-keys.ts";
import { createRedactor } from "../text/redaction.ts";
import type { Judge } from "./judge.ts";

/**
 * A judge that asks the `openclaw` command on PATH, too. What both say of one path is one finding.
 *
 * @param onSkip is told once why it cannot be asked, and whether its release is too old for that
 */
export function withOpenclaw(
  own: Judge,
  onSkip: (notice: string, isOld: boolean) => void,
  ask: (path: string) => Promise<CliVerdict> = validateByCli,
): Judge {
  let skipped: string | undefined;
  return {
    ...own,
    async judge(generation) {
      const findings = await own.judge(generation);
      if (skipped !== undefined) return findings;
      const verdict = await askWithCopy(generation, ask);
      if (verdict.kind === "none") {
        skipped = verdict.reason;
        onSkip(`--exact: ${skipped}: its own check is left out`, verdict.isOld);
        return findings;
      }
      return mergeFindings(findings, verdict.issues, generation.value);
    },
  };
}

/**
 * OpenClaw may write beside its config: it is given a copy that nobody else can read. What it includes is put in its
 * place: an absolute path would lead out of the copy.
 */
async function askWithCopy(generation: Generation, ask: (path: string) => Promise<CliVerdict>): Promise<CliVerdict> {
  const directory = await mkdtemp(join(tmpdir(), "config-manager-"));
  try {
    const path = join(directory, ROOT_NAME);
    const content = generation.hasIncludes ? formatJson(generation.value) : generation.root.bytes;
    await writeFile(path, content, { mode: 0o600 });
    return await ask(path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Adds the issues of which nothing is said yet. An error wins over a warning. */
export function mergeFindings(
  findings: readonly Finding[],
  issues: readonly ConfigIssue[],
  config: JsonObject,
): Finding[] {
  const redact = createRedactor(config);
  const merged = new Map<string, Finding[]>(Map.groupBy(findings, ({ path }) => toId(path)));
  // An old key that a gateway migrates when it starts stays a warning: a running one, and this command, refuse it.
  const known = findings.filter(({ severity, rule }) => severity === "error" || rule === "old-key");
  for (const { path: parts, message } of issues.flatMap(splitKeys)) {
    const path = toKeyPath(config, parts);
    if (known.some((each) => isSame(each, path, message))) continue;
    const [line = ""] = message.split("\n"); // some go on with what to do about it
    merged.set(toId(path), [{ path, message: redact(line), rule: "openclaw", severity: "error" }]);
  }
  return [...merged.values()].flat();
}

/** It names no key: an object has none of the shapes that it may have, or one key too many. */
const VAGUE = /^Invalid input|must NOT have additional properties$/;

const toId = (path: KeyPath) => JSON.stringify(path.map(String));

/** Whether OpenClaw means what we have found: at that place, or of the object in which it is, or of a key that lacks. */
function isSame(error: Finding, path: KeyPath, message: string): boolean {
  if (toId(error.path) === toId(path)) return true;
  const isAbove = toId(error.path.slice(0, path.length)) === toId(path);
  const names = (key: string | number | undefined, text: string) =>
    typeof key === "string" && text.split(/[^\w-]/).includes(key);
  if (isAbove) return VAGUE.test(message) || names(error.path.at(-1), message);
  const isLacking = error.rule === "required" && toId(path.slice(0, -1)) === toId(error.path);
  return isLacking && names(path.at(-1), error.message);
}

/** OpenClaw names the object in which a key is unknown; so do its plugins, in words of their own. */
function splitKeys({ path, message }: ConfigIssue): { path: string[]; message: string }[] {
  const parts = path.split(".").filter((part) => part !== "");
  const [, list] =
    /^(?:Unrecognized keys?|invalid config: must not have additional properties): ("[^]*")$/.exec(message) ?? [];
  if (list === undefined) return [{ path: parts, message }];
  return list.split(", ").map((key) => ({ path: [...parts, key.slice(1, -1)], message: "unknown key" }));
}

/** The path as the config has it. 2026.9 names the agents of a list by their ids: `agents.entries.main`. */
function toKeyPath(config: JsonObject, parts: readonly string[]): KeyPath {
  const list = readPath(config, "agents.list");
  const [first, second, id, ...rest] = parts;
  if (first === "agents" && second === "entries" && Array.isArray(list)) {
    if (id === undefined && readPath(config, "agents.entries") === undefined) return ["agents", "list"];
    const index = list.findIndex((agent) => isJsonObject(agent) && agent.id === id);
    if (index >= 0) return ["agents", "list", index, ...walkParts(list[index], rest)];
  }
  return walkParts(config, parts);
}

/** Keys may have dots, and numbers are indexes where there is a list. */
function walkParts(value: Json | undefined, parts: readonly string[]): KeyPath {
  if (parts.length === 0) return [];
  if (Array.isArray(value) && /^\d{1,6}$/.test(parts[0] ?? "")) {
    const index = Number(parts[0]);
    return [index, ...walkParts(value[index], parts.slice(1))];
  }
  for (let length = parts.length; length > 1; length--) {
    const key = parts.slice(0, length).join(".");
    if (isJsonObject(value) && Object.hasOwn(value, key)) return [key, ...walkParts(value[key], parts.slice(length))];
  }
  const [key = "", ...rest] = parts;
  return [key, ...walkParts(isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined, rest)];
}
