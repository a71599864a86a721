import { basename } from "node:path";
import { isDefinitionFile } from "../definition/files.ts";
import { decodeText, parseJson } from "../definition/text.ts";
import { type Json, isJsonObject } from "../json.ts";
import { type ParsedText, parseYamlDocuments } from "../text/yaml.ts";
import { type ManifestEntry, isManifest, readManifest } from "./manifest.ts";
import type { SourceFile } from "./sources.ts";

/** A part of a file to check, or a finding about it. */
type Part =
  | { kind: "config" | "definitions"; name: string; bytes: Buffer; isYaml: boolean }
  | { kind: "problem" | "warning"; name: string; message: string };

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

/** Every job has one of these fields; no OpenClaw config has one at its top level. `jobs` is OpenClaw's own list. */
const JOB_FIELDS = ["name", "schedule", "command", "message", "systemEvent", "payload", "jobs"];

function isJobLike(value: { [key: string]: Json }): boolean {
  return JOB_FIELDS.some((field) => field in value);
}
