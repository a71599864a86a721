import type { Generation } from "../config/generation.ts";
import { decodeText, parseJson } from "../definition/text.ts";
import type { Finding } from "../schema/finding.ts";
import type { ContentPart, Part } from "./part.ts";
import { findParts } from "./parts.ts";
import { type Problem, nameOf } from "./problem.ts";
import { describeSkipped } from "./skipped.ts";
import type { SourceFile } from "./sources.ts";
import {
  type ConfigOptions,
  type PartProblem,
  checkConfigPart,
  findDuplicateProblems,
  toProblem,
} from "./validate-config.ts";

/** The findings of all files, without values. */
export interface Validation {
  problems: Problem[];
  /** Findings that do not prevent a sync. */
  warnings: Problem[];
  /** The configs and definition files without problems, and what was skipped: a line each. */
  checked: string[];
  /** How many configs were held against a release: those that can be read. */
  configs: number;
  jobFiles: number;
}

export interface ValidateOptions extends Pick<ConfigOptions, "directory" | "includeRoots" | "readOutside"> {
  /** Which moments have passed, in milliseconds since 1970. */
  nowMs?: number;
  /** What a release says about a config, with what it includes. */
  judge?: (generation: Generation) => Promise<Finding[]>;
  /** The release whose features the jobs may use; undefined: any. */
  release?: string | undefined;
}

/** Checks all files together, by the same rules as the sidecar, and against a release. Reads nothing by itself. */
export async function validate(files: readonly SourceFile[], options: ValidateOptions = {}): Promise<Validation> {
  const opened = await Promise.all(files.map(async (file) => ({ file, parts: await findParts(file) })));
  const parts = opened.flatMap((each) => each.parts);
  const found: PartProblem[] = [];
  let configs = 0;
  const checked: { name: string; line: string }[] = [];
  const ofKind = <K extends Part["kind"]>(kind: K) =>
    parts.filter((part): part is Extract<Part, { kind: K }> => part.kind === kind);
  for (const part of parts) {
    switch (part.kind) {
      case "problem":
      case "warning": {
        const severity = part.kind === "problem" ? "error" : "warning";
        found.push({ part: part.name, path: "", message: part.message, rule: "file", severity });
        break;
      }
      case "config": {
        const { problems, isWhole } = await checkConfigPart(part, parts, options);
        found.push(...problems);
        if (isWhole) configs++;
        if (isWhole) checked.push({ name: part.name, line: `${part.name}: config, no problem` });
        break;
      }
      case "approvals": {
        // Loaded only when needed: most files are others.
        const approvals = (await import("./validate-approvals.ts")).checkApprovalsPart(part);
        found.push(...approvals.problems);
        checked.push({ name: part.name, line: approvals.line });
        break;
      }
      case "included":
        found.push(...checkIncluded(part));
        checked.push({ name: part.name, line: `${part.name}: included config, no problem` });
        break;
      case "definitions":
      case "skipped":
        break;
    }
  }
  const definitions = parts.filter((part): part is ContentPart => part.kind === "definitions");
  for (const set of Map.groupBy(definitions, (part) => part.set).values()) {
    // Loaded only when needed: half of this program is about jobs.
    const { checkDefinitionParts } = await import("./validate-jobs.ts");
    const jobs = await checkDefinitionParts(set, options.nowMs ?? Date.now(), options.release);
    found.push(...jobs.problems);
    checked.push(...jobs.checked);
  }
  const skippedNames = ofKind("skipped").map(({ name }) => name);
  const isAll = skippedNames.length === parts.length;
  const skipped = describeSkipped(skippedNames, isAll);
  const locate = await createLocator(opened, found);
  // A base is checked with each overlay: what is said of it is said once.
  const all = distinct(found.map(locate), (problem) => JSON.stringify(problem));
  const wrong = new Set(found.flatMap((one) => (one.severity === "error" ? [one.part] : [])));
  const sound = checked.filter(({ name }) => !wrong.has(name)).map(({ line }) => line);
  return {
    problems: all.filter(({ severity }) => severity === "error"),
    warnings: [
      ...all.filter(({ severity }) => severity === "warning"),
      ...(isAll ? skipped.map(toSkippedWarning) : []),
    ],
    checked: distinct([...sound, ...(isAll ? [] : skipped)], String),
    configs,
    jobFiles: definitions.length,
  };
}

/** Checks the syntax of a file that a config includes. The config is checked as a whole. */
function checkIncluded(part: ContentPart): PartProblem[] {
  const text = decodeText(part.bytes);
  const parsed = text === undefined ? undefined : parseJson(text);
  if (parsed?.kind !== "parsed") return [toProblem(part.name, parsed?.problem ?? "not UTF-8 text")];
  return findDuplicateProblems(part);
}

/** `FOLDER: nothing to check in it …`. */
function toSkippedWarning(line: string): Problem {
  const [, file = line, message = ""] = /^(.*?): (nothing to check .*)$/s.exec(line) ?? [];
  return { file, path: "", message, rule: "file", severity: "warning" };
}

function distinct<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

/** Returns a function that tells the file of a part, and the line there. A ConfigMap's text mostly is that of its file. */
async function createLocator(
  opened: readonly { file: SourceFile; parts: readonly Part[] }[],
  problems: readonly PartProblem[],
): Promise<(problem: PartProblem) => Problem> {
  const places = new Map<string, { file: string; key: string; line: number | undefined }>();
  const needsLine = new Set(problems.flatMap(({ part, line }) => (line === undefined ? [] : [part])));
  for (const { file, parts } of opened) {
    const inside = new Set(parts.filter(({ name }) => name.startsWith(nameOf(file.name, ""))));
    // What is wrong with a key has no part of its own.
    for (const part of inside) {
      const hasText = file.kind === "read" && "bytes" in part && needsLine.has(part.name);
      // Loaded only when needed: the parser of YAML is the largest part of this program.
      const line = hasText
        ? (await import("../text/yaml-lines.ts")).findBlockLine(
            decodeText(file.bytes) ?? "",
            decodeText(part.bytes) ?? "",
          )
        : undefined;
      places.set(part.name, { file: file.name, key: part.name.slice(file.name.length + 1), line });
    }
  }
  return ({ part, ...problem }) => {
    const place = places.get(part);
    if (!place) return { file: part, ...problem };
    const { file, key, line: start } = place;
    const { line, column: _, ...rest } = problem;
    if (line === undefined) return { file, key, ...problem };
    return start === undefined
      ? { file, key, ...problem, isInKey: true }
      : { file, key, ...rest, line: start + line - 1 };
  };
}
