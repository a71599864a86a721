import { basename } from "node:path";
import { findModeProblems, parseConfig } from "../config/document.ts";
import { formatProblem, isDefinitionFile, parseDefinitionFiles } from "../definition/files.ts";
import { decodeText, parseDefinitionText, parseJson } from "../definition/text.ts";
import { findDuplicateKeys } from "../text/duplicate-keys.ts";
import { type Json, isJsonObject } from "../json.ts";
import { type ManifestEntry, isManifest, readManifest } from "./manifest.ts";
import type { SourceFile } from "./sources.ts";
import { type ParsedText, parseYamlDocuments } from "../text/yaml.ts";

/** The findings of all files, one line each, without values. */
export interface Validation {
  /** `file: job: field: problem`. */
  problems: string[];
  /** Findings that do not prevent a sync. */
  warnings: string[];
  /** The configs and definition files without problems. */
  checked: string[];
}

/** A part of a file to check, or a finding about it. */
type Part =
  | { kind: "config" | "definitions"; name: string; bytes: Buffer; isYaml: boolean }
  | { kind: "problem" | "warning"; name: string; message: string };

/** Checks all files together, by the same rules as the sidecar. Pure. */
export async function validate(files: readonly SourceFile[]): Promise<Validation> {
  const parts = files.flatMap(findParts);
  const found: Validation = { problems: [], warnings: [], checked: [] };
  const definitions: { name: string; bytes: Buffer; isYaml: boolean }[] = [];
  for (const part of parts) {
    switch (part.kind) {
      case "problem":
        found.problems.push(`${part.name}: ${part.message}`);
        break;
      case "warning":
        found.warnings.push(`${part.name}: ${part.message}`);
        break;
      case "config":
        checkConfig(part, found);
        break;
      case "definitions":
        definitions.push(part);
        break;
    }
  }
  await checkDefinitions(definitions, found);
  return found;
}

function checkConfig({ name, bytes }: { name: string; bytes: Buffer }, found: Validation): void {
  const config = parseConfig(bytes);
  if (config.kind === "broken") {
    found.problems.push(`${name}: ${config.problem}`);
    return;
  }
  for (const path of findDuplicateKeys(decodeText(bytes) ?? "")) {
    found.warnings.push(`${name}: ${path}: stands twice, and only the last one counts`);
  }
  // Compare with a live config that has gateway.mode: every gateway that has started has one.
  if (findModeProblems(config.value, { gateway: { mode: "local" } }).length > 0) {
    found.warnings.push(`${name}: gateway.mode: is missing; OpenClaw does not start without`);
  }
  found.checked.push(`${name}: config, no problem`);
}

/** Checks all definition files together, since a job's name is unique over all files. */
async function checkDefinitions(
  files: readonly { name: string; bytes: Buffer; isYaml: boolean }[],
  found: Validation,
): Promise<void> {
  // The file extension selects the parser. stdin and the like have none.
  const named = files.map(({ name, bytes, isYaml }) => ({
    name: isDefinitionFile(name) ? name : `${name}${isYaml ? ".yaml" : ".json"}`,
    bytes,
    label: name,
  }));
  const labelOf = new Map(named.map(({ name, label }) => [name, label]));
  const set = await parseDefinitionFiles(named);
  const wrong = set.kind === "invalid" ? set.problems : [];
  for (const problem of wrong)
    found.problems.push(formatProblem({ ...problem, file: labelOf.get(problem.file) ?? problem.file }));
  for (const { name, bytes, label } of named) {
    if (wrong.some(({ file }) => file === name)) continue;
    const text = await parseDefinitionText(name, bytes);
    const count = text.kind === "parsed" && Array.isArray(text.value) ? text.value.length : 1;
    found.checked.push(`${label}: ${count} ${count === 1 ? "job" : "jobs"}, no problem`);
  }
}

function findParts(file: SourceFile): Part[] {
  const { name } = file;
  switch (file.kind) {
    case "unread":
      return [{ kind: "problem", name, message: file.problem }];
    case "empty":
      return [{ kind: "warning", name, message: "nothing to check in it" }];
    case "read":
      if (file.holds) return [{ kind: file.holds, name, bytes: file.bytes, isYaml: isYamlName(name) }];
      return isConfigName(name)
        ? [{ kind: "config", name, bytes: file.bytes, isYaml: false }]
        : classify(name, file.bytes);
  }
}

/** Decides by its content whether a file holds manifests, definitions or a config. */
function classify(name: string, bytes: Buffer): Part[] {
  const { documents, isYaml } = parseDocuments(name, bytes);
  if (documents.some((document) => document.kind === "parsed" && isManifest(document.value))) {
    return openManifests(name, bytes.length, documents);
  }
  const [first] = documents;
  const value = first?.kind === "parsed" && documents.length === 1 ? first.value : undefined;
  // A file that cannot be parsed, or is empty, counts as definitions: their parser reports it.
  if (!isJsonObject(value) || isJobLike(value)) return [{ kind: "definitions", name, bytes, isYaml }];
  if (!isYaml) return [{ kind: "config", name, bytes, isYaml }];
  // A config is never YAML: this is a kustomization.yaml without a kind, a values file or the like.
  return [
    { kind: "warning", name, message: "nothing to check in it: neither jobs nor Kubernetes objects with a kind" },
  ];
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
    return problems.concat(entries.flatMap((entry) => openEntry(name, entry)));
  });
  if (parts.length > 0) return parts;
  const kinds = [...otherKinds].join(", ") || "ConfigMap with neither openclaw.json nor jobs";
  return [{ kind: "warning", name, message: `nothing to check in it: kind ${kinds}` }];
}

/** Opens one key of a ConfigMap. Keys that hold neither a config nor jobs are ignored. */
function openEntry(file: string, entry: ManifestEntry): Part[] {
  const name = `${file}#${entry.key}`;
  if (entry.kind === "invalid") return [{ kind: "problem", name, message: entry.problem }];
  const { key, bytes } = entry;
  if (isConfigName(key)) return [{ kind: "config", name, bytes, isYaml: false }];
  if (!isDefinitionFile(key)) return [];
  const { documents, isYaml } = parseDocuments(key, bytes);
  const [first] = documents;
  const isOther = first?.kind === "parsed" && isJsonObject(first.value) && !isJobLike(first.value);
  return isOther ? [] : [{ kind: "definitions", name, bytes, isYaml }];
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

function isConfigName(path: string): boolean {
  return /^openclaw\.json5?$/.test(basename(path));
}

function isYamlName(path: string): boolean {
  return /\.ya?ml$/.test(path);
}

/** Every job has one of these fields, and no OpenClaw config has one at its top level. `jobs` is OpenClaw's own list. */
const JOB_FIELDS = ["name", "schedule", "command", "message", "systemEvent", "payload", "jobs"];

function isJobLike(value: { [key: string]: Json }): boolean {
  return JOB_FIELDS.some((field) => field in value);
}
