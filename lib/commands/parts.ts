import { basename } from "node:path";
import { describeMisnamed } from "../config/misnamed.ts";
import { findConfigFiles } from "../definition/config-files.ts";
import { isDefinitionFile } from "../definition/files.ts";
import { decodeText, parseJson } from "../definition/text.ts";
import { type Json, isJsonObject } from "../json.ts";
import { type ParsedText, parseYamlDocuments } from "../text/yaml.ts";
import { type ManifestEntry, isManifest, readManifest } from "./manifest.ts";
import { describeForeign, hasJobField, holdsJobs, isConfigLike, isConfigName, isJobName } from "./file-kinds.ts";
import type { ReadFile, SourceFile } from "./sources.ts";

/** Checked by the gateway alone. */
const APPROVALS = "exec-approvals.json";

/** A part of a file to check, or a finding about it. */
export type Part =
  | { kind: "config" | "included" | "definitions"; name: string; bytes: Buffer; isYaml: boolean }
  | { kind: "problem" | "warning"; name: string; message: string }
  /** A file in a directory that has nothing to do with us. */
  | { kind: "skipped"; name: string };

/** Finds the configs and definitions in a file, and what is wrong with the file around them. */
export function findParts(file: SourceFile): Part[] {
  const { name } = file;
  switch (file.kind) {
    case "unread":
      return [{ kind: "problem", name, message: file.problem }];
    case "empty":
      return [{ kind: "warning", name, message: "nothing to check in it" }];
    case "read":
      if (file.holds) return [{ kind: file.holds, name, bytes: file.bytes, isYaml: isYamlName(name) }];
      return isConfigName(name) ? [{ kind: "config", name, bytes: file.bytes, isYaml: false }] : classify(file);
  }
}

/** Decides by its content whether a file holds manifests, definitions or a config. */
function classify(file: ReadFile): Part[] {
  const { name, bytes, found } = file;
  if (basename(name) === APPROVALS) {
    return found === "listed" ? [] : [{ kind: "warning", name, message: "nothing to check in it: exec approvals" }];
  }
  const { documents, isYaml } = parseDocuments(name, bytes);
  const values = documents.flatMap((document) => (document.kind === "parsed" ? [document.value] : []));
  const isBroken = values.length < documents.length;
  // Helm's templates are no YAML before they are rendered.
  const isTemplate = isBroken && /\{\{-? *[.\w]/.test(bytes.toString("latin1"));
  if (found === "listed" && isTemplate && !isJobName(name)) return [{ kind: "skipped", name }];
  if (values.some(isManifest)) return openManifests(name, bytes.length, documents);
  const [value = null] = values;
  const label = describeForeign(name, value);
  if (label !== undefined && !(isJobName(name) && holdsJobs(value))) return [passOver(file, isYaml, label)];

  const definitions: Part[] = [{ kind: "definitions", name, bytes, isYaml }];
  if (values.some(holdsJobs) || isJobName(name)) return definitions;
  // A config is never YAML: such an object is a kustomization.yaml without a kind, or the like.
  if (!isYaml && values.length === 1 && isConfigLike(value)) return [{ kind: "config", name, bytes, isYaml }];
  if (found === "alone" && hasJobField(value)) return definitions;
  if (values.length === 1 && isJsonObject(value)) return [passOver(file, isYaml, undefined)];
  // Named, but unreadable, empty or no object: the parser of definitions says what is wrong.
  return found === "listed" && !isBroken ? [passOver(file, isYaml, undefined)] : definitions;
}

/** What to say about a file of another tool: in a directory nothing, since only the directory was named. */
function passOver({ name, found }: ReadFile, isYaml: boolean, label: string | undefined): Part {
  if (found === "listed") return { kind: "skipped", name };
  const looks = label && `it looks like ${label}`;
  if (found === "alone") {
    const message = ["holds neither jobs nor a config", looks].filter(Boolean).join("; ");
    return { kind: "problem", name, message };
  }
  const other = `neither jobs nor ${isYaml ? "Kubernetes objects with a kind" : "a config"}`;
  return { kind: "warning", name, message: `nothing to check in it: ${looks ?? other}` };
}

function openManifests(name: string, size: number, documents: readonly ParsedText[]): Part[] {
  const otherKinds = new Set<string>();
  const parts = documents.flatMap((document, index): Part[] => {
    const place = `document ${index + 1}`;
    if (document.kind === "unreadable") return [{ kind: "problem", name, message: `${place}: ${document.problem}` }];
    if (document.value === null) return [];
    if (!isManifest(document.value)) {
      return [{ kind: "problem", name, message: `${place}: expected a Kubernetes object with a kind` }];
    }
    // Only aliases can expand a text to more than twice its size.
    const { entries, otherKinds: others } = readManifest(document.value, 2 * size);
    for (const kind of others) otherKinds.add(kind);
    // YAML problems count only in objects with ConfigMap entries; other objects are none of our business.
    const yamlProblems = entries.length === 0 ? [] : document.problems;
    const problems = yamlProblems.map(({ path, problem }): Part => {
      return { kind: "problem", name, message: [place, path.join("."), problem].filter(Boolean).join(": ") };
    });
    return [...problems, ...warnOfMisnamed(name, entries), ...openEntries(name, entries)];
  });
  if (parts.length > 0) return parts;
  const kinds = [...otherKinds].join(", ") || "ConfigMap with neither openclaw.json nor jobs";
  return [{ kind: "warning", name, message: `nothing to check in it: kind ${kinds}` }];
}

/** A Deployment may mount the key under another name, so this is no problem. */
function warnOfMisnamed(name: string, entries: readonly ManifestEntry[]): Part[] {
  const message = describeMisnamed(entries.map(({ key }) => key));
  return message === undefined ? [] : [{ kind: "warning", name, message }];
}

/** Opens the keys of a ConfigMap. Keys that hold neither a config nor jobs are ignored. */
function openEntries(file: string, entries: readonly ManifestEntry[]): Part[] {
  const texts = entries.flatMap((entry) => (entry.kind === "text" ? [{ name: entry.key, bytes: entry.bytes }] : []));
  const configFiles = findConfigFiles(texts);
  return entries.flatMap((entry): Part[] => {
    const name = `${file}#${entry.key}`;
    if (entry.kind === "invalid") return [{ kind: "problem", name, message: entry.problem }];
    const { key, bytes } = entry;
    if (isConfigName(key)) return [{ kind: "config", name, bytes, isYaml: false }];
    if (key === APPROVALS) return [];
    if (configFiles.has(key)) return [{ kind: "included", name, bytes, isYaml: false }];
    if (!isDefinitionFile(key)) return [];
    const { documents, isYaml } = parseDocuments(key, bytes);
    const isJobs = documents.some((document) => document.kind === "unreadable" || isJobEntry(key, document.value));
    const isOther = documents.some((document) => document.kind === "parsed" && isJsonObject(document.value));
    return isOther && !isJobs ? [] : [{ kind: "definitions", name, bytes, isYaml }];
  });
}

function isJobEntry(key: string, value: Json): boolean {
  return holdsJobs(value) || (isJobName(key) && describeForeign(key, value) === undefined);
}

/** Chooses the parser by the file's name, or else by which parser succeeds. */
function parseDocuments(name: string, bytes: Buffer): { documents: ParsedText[]; isYaml: boolean } {
  const text = decodeText(bytes) ?? "";
  if (isYamlName(name)) return { documents: parseYamlDocuments(text), isYaml: true };
  const json = parseJson(text);
  if (json.kind === "parsed" || isDefinitionFile(name)) return { documents: [json], isYaml: false };
  const documents = parseYamlDocuments(text);
  const isYaml = documents.some((document) => document.kind === "parsed" && typeof document.value === "object");
  return isYaml ? { documents, isYaml } : { documents: [json], isYaml };
}

function isYamlName(path: string): boolean {
  return /\.ya?ml$/.test(path);
}
