import { basename } from "node:path";
import { findModeProblems, parseConfig } from "../config/document.ts";
import { formatProblem, isDefinitionFile, parseDefinitionFiles } from "../definition/files.ts";
import { decodeText, parseDefinitionText, parseJson } from "../definition/text.ts";
import { findDuplicateKeys } from "../text/duplicate-keys.ts";
import { type Json, isJsonObject } from "../json.ts";
import { type ManifestEntry, isManifest, readManifest } from "./manifest.ts";
import type { SourceFile } from "./sources.ts";
import { type ParsedText, parseYamlDocuments } from "../text/yaml.ts";

/** What has been found in all files together, a line each. No value stands in it. */
export interface Validation {
  /** `file: job: field: problem`. */
  problems: string[];
  /** What is worth knowing, and keeps nothing from being applied. */
  warnings: string[];
  /** What was checked and is right. */
  checked: string[];
}

/** Something to check, found in a file. */
type Part =
  | { kind: "config" | "definitions"; name: string; bytes: Buffer; isYaml: boolean }
  | { kind: "problem" | "warning"; name: string; message: string };

/** Checks all of it, as a sidecar would that is given these files. Pure; never throws. */
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
  // As beside a live file that has it, which every one has that a gateway has started with.
  if (findModeProblems(config.value, { gateway: { mode: "local" } }).length > 0) {
    found.warnings.push(`${name}: gateway.mode: is missing; OpenClaw does not start without`);
  }
  found.checked.push(`${name}: config, no problem`);
}

/** All of them together: a name is unique over all files. */
async function checkDefinitions(
  files: readonly { name: string; bytes: Buffer; isYaml: boolean }[],
  found: Validation,
): Promise<void> {
  // How a file is read hangs on the end of its name, which stdin and the like do not have.
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

/** Finds out by its content what a file is. */
function classify(name: string, bytes: Buffer): Part[] {
  const { documents, isYaml } = parseDocuments(name, bytes);
  if (documents.some((document) => document.kind === "parsed" && isManifest(document.value))) {
    return openManifests(name, bytes.length, documents);
  }
  const [first] = documents;
  const value = first?.kind === "parsed" && documents.length === 1 ? first.value : undefined;
  // What cannot be read, or is nothing at all, is told by who would read it.
  if (!isJsonObject(value) || isJobLike(value)) return [{ kind: "definitions", name, bytes, isYaml }];
  if (!isYaml) return [{ kind: "config", name, bytes, isYaml }];
  // kustomization.yaml needs no kind; and beside manifests lie values and the like.
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
    // No text is twice as long for what is written in it, but with aliases.
    const { entries, otherKinds: others } = readManifest(document.value, 2 * size);
    for (const kind of others) otherKinds.add(kind);
    // How somebody else writes their objects is theirs to know.
    const slips = entries.length === 0 ? [] : document.problems;
    const told = slips.map(({ path, problem }): Part => {
      return { kind: "problem", name, message: [place, path.join("."), problem].filter(Boolean).join(": ") };
    });
    return told.concat(entries.flatMap((entry) => openEntry(name, entry)));
  });
  if (parts.length > 0) return parts;
  const kinds = [...otherKinds].join(", ") || "ConfigMap with neither openclaw.json nor jobs";
  return [{ kind: "warning", name, message: `nothing to check in it: kind ${kinds}` }];
}

/** What else a ConfigMap holds is none of our business. */
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

/** By its name, else by what can read it. */
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

/** No config of OpenClaw has one of these at its top, and each job has. `jobs`: OpenClaw's own list, which is told what it is. */
const JOB_FIELDS = ["name", "schedule", "command", "message", "systemEvent", "payload", "jobs"];

function isJobLike(value: { [key: string]: Json }): boolean {
  return JOB_FIELDS.some((field) => field in value);
}
