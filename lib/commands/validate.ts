import { basename, dirname } from "node:path";
import { ConfigFile } from "../config/config-file.ts";
import { findModeFault } from "../config/document.ts";
import { ROOT_NAME, collectGeneration } from "../config/generation.ts";
import { type DefinitionProblem, formatProblem, isDefinitionFile, parseDefinitionFiles } from "../definition/files.ts";
import { decodeText, parseJson } from "../definition/text.ts";
import { findDuplicateKeys } from "../text/duplicate-keys.ts";
import { SETTING_SOURCES } from "../settings.ts";
import { type Part, findParts } from "./parts.ts";
import type { SourceFile } from "./sources.ts";

/** The findings of all files, one line each, without values. */
export interface Validation {
  /** `file: job: field: problem`. */
  problems: string[];
  /** Findings that do not prevent a sync. */
  warnings: string[];
  /** The configs and definition files without problems. */
  checked: string[];
}

/**
 * Checks all files together, by the same rules as the sidecar. Pure.
 *
 * @param includeRoots `OPENCLAW_INCLUDE_ROOTS`: files there are left to the gateway
 * @param nowMs which moments have passed
 */
export async function validate(
  files: readonly SourceFile[],
  includeRoots: readonly string[] = [],
  nowMs = Date.now(),
): Promise<Validation> {
  const parts = files.flatMap(findParts);
  const found: Validation = { problems: [], warnings: [], checked: [] };
  const definitions: { name: string; bytes: Buffer; isYaml: boolean }[] = [];
  const skipped: string[] = [];
  for (const part of parts) {
    switch (part.kind) {
      case "problem":
        found.problems.push(`${part.name}: ${part.message}`);
        break;
      case "warning":
        found.warnings.push(`${part.name}: ${part.message}`);
        break;
      case "config":
        await checkConfig(part, parts, includeRoots, found);
        break;
      case "included":
        checkIncluded(part, found);
        break;
      case "definitions":
        definitions.push(part);
        break;
      case "skipped":
        skipped.push(part.name);
        break;
    }
  }
  await checkDefinitions(definitions, nowMs, found);
  reportSkipped(skipped, parts.length === skipped.length, found);
  return found;
}

/** Names the skipped files of each directory in one line, so that a file which should have been checked is noticed. */
function reportSkipped(names: readonly string[], isAll: boolean, found: Validation): void {
  for (const [directory, inDirectory] of Map.groupBy(names, (name) => dirname(name))) {
    const shown = inDirectory.slice(0, MAX_SKIPPED_IN_LINE).map((name) => basename(name));
    const more = inDirectory.length - shown.length;
    const list = `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
    if (isAll) found.warnings.push(`${directory}: nothing to check in it: neither jobs nor a config: ${list}`);
    else found.checked.push(`${directory}: skipped, neither jobs nor a config: ${list}`);
  }
}

/** How many names one line has. */
const MAX_SKIPPED_IN_LINE = 10;

const MODE_WARNINGS = {
  missing: "is missing; OpenClaw does not start without",
  other: "is not local; OpenClaw does not start as a gateway with another one",
} as const;

async function checkConfig(
  { name, bytes }: { name: string; bytes: Buffer },
  parts: readonly Part[],
  includeRoots: readonly string[],
  found: Validation,
): Promise<void> {
  const generation = await collectIncludes(name, bytes, parts, includeRoots);
  const config = generation.resolved;
  warnOfDuplicates(name, bytes, found);
  if (config.kind === "broken") {
    const broken = [...generation.includes].filter(([, { parsed }]) => parsed.kind === "broken");
    const isTold = (problem: string) => broken.some(([file]) => problem.startsWith(`$include: ${file}: `));
    for (const problem of generation.problems) if (!isTold(problem)) found.problems.push(`${name}: ${problem}`);
    return;
  }
  // Compare with a live config that has gateway.mode: every gateway that has started has one.
  const fault = findModeFault(config.value, { gateway: { mode: "local" } });
  if (fault) found.warnings.push(`${name}: gateway.mode: ${MODE_WARNINGS[fault]}`);
  found.checked.push(`${name}: config, no problem`);
}

/** Finds the included files among the files that are checked: beside the config, or in the same ConfigMap. */
async function collectIncludes(name: string, bytes: Buffer, parts: readonly Part[], roots: readonly string[]) {
  const place = name.endsWith(ROOT_NAME) ? name.slice(0, -ROOT_NAME.length) : undefined;
  const readInside = async (included: string) => {
    const part = parts.find((each) => place !== undefined && each.name === `${place}${included}`);
    return part && "bytes" in part ? part.bytes : undefined;
  };
  const places = { directory: dirname(SETTING_SOURCES.pvcConfig.default({}) ?? "/"), roots };
  return collectGeneration(new ConfigFile(bytes), places, readInside, async () => undefined);
}

/** Checks a file that a config includes. Only the whole config could be checked for more than its syntax. */
function checkIncluded({ name, bytes }: { name: string; bytes: Buffer }, found: Validation): void {
  const text = decodeText(bytes);
  const parsed = text === undefined ? undefined : parseJson(text);
  if (parsed?.kind !== "parsed") {
    found.problems.push(`${name}: ${parsed?.problem ?? "not UTF-8 text"}`);
    return;
  }
  warnOfDuplicates(name, bytes, found);
  found.checked.push(`${name}: included config, no problem`);
}

function warnOfDuplicates(name: string, bytes: Buffer, found: Validation): void {
  for (const path of findDuplicateKeys(decodeText(bytes) ?? "")) {
    found.warnings.push(`${name}: ${path}: stands twice, and only the last one counts`);
  }
}

/** Checks all definition files together, since a job's name is unique over all files. */
async function checkDefinitions(
  files: readonly { name: string; bytes: Buffer; isYaml: boolean }[],
  nowMs: number,
  found: Validation,
): Promise<void> {
  // The file extension selects the parser. stdin and the like have none.
  const named = files.map(({ name, bytes, isYaml }) => ({
    name: isDefinitionFile(name) ? name : `${name}${isYaml ? ".yaml" : ".json"}`,
    bytes,
    label: name,
  }));
  const labelOf = new Map(named.map(({ name, label }) => [name, label]));
  const set = await parseDefinitionFiles(named, nowMs);
  const wrong = set.kind === "invalid" ? set.problems : [];
  const format = (problem: DefinitionProblem) =>
    formatProblem({ ...problem, file: labelOf.get(problem.file) ?? problem.file });
  found.problems.push(...wrong.map(format));
  found.warnings.push(...set.warnings.map(format));
  const wrongFiles = new Set(wrong.map(({ file }) => file));
  for (const { name, label } of named) {
    const count = set.counts.get(name);
    if (wrongFiles.has(name) || count === undefined) continue;
    found.checked.push(`${label}: ${count} ${count === 1 ? "job" : "jobs"}, no problem`);
  }
}
