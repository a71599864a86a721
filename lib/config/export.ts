import { isDeepStrictEqual } from "node:util";
import { ManagerError } from "../errors.ts";
import { type Json, type JsonObject, formatJson, isJsonObject } from "../json.ts";
import { escapeText } from "../printable.ts";
import type { Export } from "../reconcile/reconciler.ts";
import { formatKey } from "../text/changed-paths.ts";
import { isSecretName } from "../text/names.ts";
import { parseDocument } from "../text/document.ts";
import { withoutMeta } from "./document.ts";
import type { Generation } from "./generation.ts";
import { type ConfigPlaces, observeConfig } from "./observe.ts";

/** Shorter resolved values may occur anywhere by chance. */
const MIN_MOVED_LENGTH = 12;

/**
 * Exports the live config as Git should have it: with OpenClaw's migrations and defaults, without its own stamp, and
 * with `${VAR}` where Git has it and 2026.2.9 has written the value. Git's own bytes if the live config says the same.
 *
 * @throws {ManagerError} `file` if there is no live config, or if it cannot be read.
 */
export async function exportConfig(places: ConfigPlaces): Promise<Export> {
  const { observed, desired } = await observeConfig(places);
  if (observed?.resolved.kind !== "parsed") {
    const problem = observed ? `${places.pvcConfig}: ${observed.problems[0]}` : `there is no ${places.pvcConfig}`;
    throw new ManagerError("file", problem, { hint: "config-manager doctor" });
  }
  const isSplit = isSplitAlike(observed, desired);
  const [live, git] = [observed, desired].map((each) => (isSplit ? each?.root.parsed : each?.resolved));
  const value = withoutMeta(live?.kind === "parsed" ? (live.value as JsonObject) : {});
  const declared = git?.kind === "parsed" && isJsonObject(git.value) ? git.value : undefined;
  const exported = declared ? (restoreReferences(declared, value) as JsonObject) : value;
  const isGit = declared !== undefined && isDeepStrictEqual(exported, withoutMeta(declared));
  const own = isGit && isSplit && desired ? new TextDecoder().decode(desired.root.bytes) : undefined;
  const text = own !== undefined && isPrintable(own) ? own : formatJson(exported);
  return { text, caveats: findCaveats(exported, observed, isSplit ? desired : undefined), isComplete: true };
}

/** Whether a config still says the same once it is printed: characters that control a terminal are escaped then. */
function isPrintable(text: string): boolean {
  const printed = escapeText(text);
  if (printed === text) return true;
  const [before, after] = [text, printed].map((each) => parseDocument(new TextEncoder().encode(each)));
  return isDeepStrictEqual(before, after);
}

/** Whether the live root still includes what Git's includes, so that each file can be exported by itself. */
function isSplitAlike(observed: Generation, desired: Generation | undefined): boolean {
  return desired === undefined || [...desired.includes.keys()].every((name) => observed.includes.has(name));
}

function findCaveats(exported: JsonObject, observed: Generation, desired: Generation | undefined): string[] {
  const plain = findPlainSecrets(exported).map(
    (path) => `${path}: a secret in plain text; put it into a Secret, and \${VAR} into Git`,
  );
  const changed = [...observed.includes].filter(([name, file]) => desired && !file.equals(desired.includes.get(name)));
  return [...plain, ...changed.map(([name]) => `${name}: included, not exported, and not what Git has`)];
}

function findPlainSecrets(value: Json, prefix = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => findPlainSecrets(item, `${prefix}${index}.`));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = `${prefix}${formatKey(key)}`;
    if (typeof inner !== "string") return findPlainSecrets(inner, `${path}.`);
    return isSecretName(key) && inner !== "" && !inner.includes("${") ? [path] : [];
  });
}

/** Puts the references of Git back where the live config has their values, at the same path or a migrated one. */
export function restoreReferences(git: Json, live: Json): Json {
  const moved = new Map<string, string>();
  const texts = new Set<string>();

  function learn(declared: Json | undefined, found: Json | undefined): void {
    if (typeof declared === "string") {
      texts.add(declared);
      if (typeof found !== "string" || found === declared || !couldBe(declared, found)) return;
      if (found.length >= MIN_MOVED_LENGTH) moved.set(found, declared);
      return;
    }
    for (const [one, other] of pairs(declared, found)) learn(one, other);
  }

  function restore(declared: Json | undefined, found: Json): Json {
    if (typeof found === "string") {
      if (typeof declared === "string" && couldBe(declared, found)) return declared;
      return texts.has(found) ? found : (moved.get(found) ?? found);
    }
    if (Array.isArray(found)) return found.map((item, index) => restore(mateOf(declared, item, index), item));
    if (!isJsonObject(found)) return found;
    const entries = Object.entries(found).map(([key, item]) => [key, restore(at(declared, key), item)] as const);
    return Object.fromEntries(entries);
  }

  learn(git, live);
  return restore(git, live);
}

/**
 * Whether the reference may have been resolved to this text: what stands around the variables is the same. A text with
 * variables of its own is another reference.
 */
function couldBe(reference: string, text: string): boolean {
  if (text.includes("${")) return false;
  const first = reference.indexOf("${");
  const last = reference.lastIndexOf("}");
  if (first < 0 || last < first) return false;
  return text.startsWith(reference.slice(0, first)) && text.endsWith(reference.slice(last + 1));
}

function pairs(declared: Json | undefined, found: Json | undefined): [Json | undefined, Json | undefined][] {
  if (Array.isArray(found)) return found.map((item, index) => [mateOf(declared, item, index), item]);
  if (!isJsonObject(declared)) return [];
  return Object.keys(declared).map((key) => [at(declared, key), at(found, key)]);
}

/** The item of Git's list that this item comes from, by the same fields as in a merge. */
function mateOf(declared: Json | undefined, item: Json, index: number): Json | undefined {
  if (!Array.isArray(declared)) return undefined;
  const key = ["id", "name"].find((field) => typeof at(item, field) === "string");
  return key === undefined ? declared[index] : declared.find((each) => at(each, key) === at(item, key));
}

function at(value: Json | undefined, key: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
