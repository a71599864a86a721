import { basename, dirname } from "node:path";
import { isJsonObject } from "../json.ts";
import {
  APPROVALS,
  describeForeign,
  hasJobField,
  holdsJobs,
  isConfigLike,
  isConfigName,
  isJobName,
  isPlainlyConfig,
  isPlainlyJobs,
  isYamlName,
} from "./file-kinds.ts";
import { isManifest } from "./manifest.ts";
import { openEntries, openManifests, parseDocuments } from "./manifest-parts.ts";
import type { Part } from "./part.ts";
import type { ReadFile, SourceFile } from "./sources.ts";

/** Finds the configs and definitions in a file, and what is wrong with the file around them. */
export async function findParts(file: SourceFile): Promise<Part[]> {
  const { name } = file;
  switch (file.kind) {
    case "unread":
      return [{ kind: "problem", name, message: file.problem }];
    case "empty":
      return [{ kind: "warning", name, message: "nothing to check in it" }];
    case "warning":
      return [{ kind: "warning", name, message: file.problem }];
    case "skipped":
      return [{ kind: "skipped", name }];
    case "configMap":
      return openEntries(file.entries, name);
    case "read":
      if (file.isInChart && file.found === "listed" && file.bytes.includes("{{")) return [{ kind: "skipped", name }];
      if (file.holds) return [{ kind: file.holds, name, bytes: file.bytes, isYaml: isYamlName(name) }];
      return isConfigName(name) ? [{ kind: "config", name, bytes: file.bytes, isYaml: false }] : classify(file);
  }
}

/** Half a list of jobs or half a config, which no parser accepts. */
const HALF_OF_OURS = /\b(?:schedule|cron|gateway|\$include)["']?:/;

/** Decides by its content whether a file holds manifests, definitions or a config. */
async function classify(file: ReadFile): Promise<Part[]> {
  const { name, bytes, found, isNested = false } = file;
  if (basename(name) === APPROVALS) return [{ kind: "approvals", name, bytes, isYaml: false }];
  const { documents, isYaml } = await parseDocuments(name, bytes);
  const values = documents.flatMap((document) => (document.kind === "parsed" ? [document.value] : []));
  const isBroken = values.length < documents.length;
  // Helm's templates are no YAML before they are rendered.
  const isTemplate = isBroken && /\{\{-? *[.\w]/.test(bytes.toString("latin1"));
  if (found === "listed" && isTemplate && !isJobName(name)) return [{ kind: "skipped", name }];
  if (values.some(isManifest)) return openManifests(file, documents);
  if (isNested && isBroken && !isJobName(name) && !HALF_OF_OURS.test(bytes.toString("latin1")))
    return [{ kind: "skipped", name }];
  const [value = null] = values;
  const label = describeForeign(name, value);
  if (label !== undefined && !(isJobName(name) && holdsJobs(value))) return [passOver(file, isYaml, label)];

  const set = found === "listed" ? { set: dirname(name) } : {};
  const definitions: Part[] = [{ kind: "definitions", name, bytes, isYaml, ...set }];
  if (values.some(isNested ? isPlainlyJobs : holdsJobs) || isJobName(name)) return definitions;
  // A config is never YAML: such an object is a kustomization.yaml without a kind, or the like.
  if (!isYaml && values.length === 1 && (isNested ? isPlainlyConfig : isConfigLike)(value))
    return [{ kind: "config", name, bytes, isYaml }];
  if (found === "alone" && hasJobField(value)) return definitions;
  if (isNested && !isBroken) return [{ kind: "skipped", name }];
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
