import { dirname } from "node:path";
import { describeMisnamed } from "../config/misnamed.ts";
import { findConfigFiles } from "../definition/config-files.ts";
import { isDefinitionFile } from "../definition/files.ts";
import { decodeText, parseJson } from "../definition/text.ts";
import { type Json, isJsonObject } from "../json.ts";
import type { ParsedText } from "../text/yaml.ts";
import {
  APPROVALS,
  describeForeign,
  holdsJobs,
  isConfigName,
  isJobName,
  isPlainlyJobs,
  isYamlName,
} from "./file-kinds.ts";
import type { MountedEntry } from "./kustomize-maps.ts";
import { type ManifestEntry, isManifest, readManifest } from "./manifest.ts";
import type { Part } from "./part.ts";
import type { ReadFile } from "./sources.ts";

/** Finds the configs and jobs in the ConfigMaps of a file. Its other objects are named if there is nothing else in it. */
export async function openManifests(file: ReadFile, documents: readonly ParsedText[]): Promise<Part[]> {
  const { name, bytes, found, isNested = false } = file;
  const otherKinds = new Set<string>();
  const read = documents.map((document) => {
    if (document.kind === "unreadable" || !isManifest(document.value)) return [];
    // Only aliases can expand a text to more than twice its size.
    const { maps, otherKinds: others } = readManifest(document.value, 2 * bytes.length);
    for (const kind of others) otherKinds.add(kind);
    return maps;
  });
  const keys = read.flat().flatMap(({ entries }) => entries.map(({ key }) => key));
  const isRepeated = (key: string) => keys.indexOf(key) !== keys.lastIndexOf(key);
  const openDocument = async (document: ParsedText, index: number): Promise<Part[]> => {
    const place = `document ${index + 1}`;
    if (document.kind === "unreadable") return [{ kind: "problem", name, message: `${place}: ${document.problem}` }];
    if (document.value === null) return [];
    if (!isManifest(document.value)) {
      return [{ kind: "problem", name, message: `${place}: expected a Kubernetes object with a kind` }];
    }
    const maps = read[index] ?? [];
    // YAML problems count only in objects with ConfigMap entries; other objects are none of our business.
    const yamlProblems = maps.length === 0 ? [] : document.problems;
    const problems = yamlProblems.map(({ path, problem }): Part => {
      return { kind: "problem", name, message: [place, path.join("."), problem].filter(Boolean).join(": ") };
    });
    const opened = maps.map(async (map): Promise<Part[]> => {
      // Two ConfigMaps with the same key are never mounted together: they are those of two places.
      const isOneOfMany = found === "listed" && map.entries.some(({ key }) => isRepeated(key));
      const entries = map.entries.map((entry) => {
        const inMap = map.name !== "" && isRepeated(entry.key) ? `${map.name}/` : "";
        return { ...entry, name: `${name}#${inMap}${entry.key}` };
      });
      const set = isOneOfMany ? `${name}#${map.name}` : found === "listed" ? dirname(name) : undefined;
      return warnOfMisnamed(name, entries).concat(await openEntries(entries, set, isNested));
    });
    return [...problems, ...(await Promise.all(opened)).flat()];
  };
  const parts = (await Promise.all(documents.map(openDocument))).flat();
  if (isNested && !parts.some((part) => "bytes" in part)) return [{ kind: "skipped", name }];
  if (parts.length > 0) return parts;
  if (found === "listed" && otherKinds.size > 0) return [{ kind: "skipped", name }];
  const kinds = [...otherKinds].join(", ") || "ConfigMap with neither openclaw.json nor jobs";
  return [{ kind: "warning", name, message: `nothing to check in it: kind ${kinds}` }];
}

/** A Deployment may mount the key under another name, so this is no problem. */
function warnOfMisnamed(name: string, entries: readonly ManifestEntry[]): Part[] {
  const message = describeMisnamed(entries.map(({ key }) => key));
  return message === undefined ? [] : [{ kind: "warning", name, message }];
}

/**
 * Opens the keys of a ConfigMap. Keys that hold neither a config nor jobs are ignored.
 *
 * @param set of its jobs
 * @param isNested whether it may well be the ConfigMap of another program
 */
export async function openEntries(
  entries: readonly MountedEntry[],
  set: string | undefined,
  isNested = false,
): Promise<Part[]> {
  const texts = entries.flatMap((entry) => (entry.kind === "text" ? [{ name: entry.key, bytes: entry.bytes }] : []));
  const configFiles = findConfigFiles(texts);
  const beside = new Map(
    entries.flatMap((entry) => (entry.kind === "text" ? [[entry.key, { name: entry.name, bytes: entry.bytes }]] : [])),
  );
  const openEntry = async (entry: MountedEntry): Promise<Part[]> => {
    const { key, name } = entry;
    if (entry.kind === "invalid") return [{ kind: "problem", name, message: entry.problem }];
    const { bytes } = entry;
    if (isConfigName(key)) return [{ kind: "config", name, bytes, isYaml: false, beside }];
    if (key === APPROVALS) return [{ kind: "approvals", name, bytes, isYaml: false }];
    if (configFiles.has(key)) return [{ kind: "included", name, bytes, isYaml: false, beside }];
    if (!isDefinitionFile(key)) return [];
    const { documents, isYaml } = await parseDocuments(key, bytes);
    const isJobs = documents.some((document) => document.kind === "unreadable" || isJobEntry(key, document.value));
    const isOther = documents.some((document) => document.kind === "parsed" && isJsonObject(document.value));
    if (isNested && !isJobName(key)) {
      if (!documents.some((document) => document.kind === "parsed" && isPlainlyJobs(document.value))) return [];
    } else if (isOther && !isJobs) return [];
    return [{ kind: "definitions", name, bytes, isYaml, ...(set !== undefined && { set }) }];
  };
  return (await Promise.all(entries.map(openEntry))).flat();
}

function isJobEntry(key: string, value: Json): boolean {
  return holdsJobs(value) || (isJobName(key) && describeForeign(key, value) === undefined);
}

/** Chooses the parser by the file's name, or else by which parser succeeds. */
export async function parseDocuments(
  name: string,
  bytes: Buffer,
): Promise<{ documents: ParsedText[]; isYaml: boolean }> {
  const text = decodeText(bytes) ?? "";
  if (isYamlName(name)) return { documents: await parseYaml(text), isYaml: true };
  const json = parseJson(text);
  if (json.kind === "parsed" || isDefinitionFile(name)) return { documents: [json], isYaml: false };
  const documents = await parseYaml(text);
  const isYaml = documents.some((document) => document.kind === "parsed" && typeof document.value === "object");
  return isYaml ? { documents, isYaml } : { documents: [json], isYaml };
}

/** Loads the parser only when it is needed: it is the largest part of this program. */
async function parseYaml(text: string): Promise<ParsedText[]> {
  const { parseYamlDocuments } = await import("../text/yaml.ts");
  return parseYamlDocuments(text);
}
