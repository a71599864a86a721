import type { Location, Log } from "sarif";
import { escapeControls } from "../printable.ts";
import { type Problem, formatProblemLine, lineInFile, nameOf } from "./problem.ts";

/** How `validate` prints its findings. */
export const FORMATS = ["text", "json", "github", "sarif"] as const;

export type Format = (typeof FORMATS)[number];

/** What is printed: findings, lines of what was checked, and what it was held against. */
export interface Result {
  problems: readonly Problem[];
  warnings: readonly Problem[];
  checked: readonly string[];
  /** The release; undefined for a schema from a file, or where nothing was held against one. */
  release: string | undefined;
}

/** The shape of `validate --format json`. */
export function toValidationJson({ problems, warnings, checked, release }: Result) {
  return {
    ...(release === undefined ? {} : { release }),
    problems: problems.map(toJson),
    warnings: warnings.map(toJson),
    checked,
  };
}

/** A line that is not known is left out. `key`: of a ConfigMap; `keyLine`: the line in its text. */
function toJson(problem: Problem) {
  const { file, key, line, job, path, message, rule, severity, isInKey } = problem;
  const place = {
    ...(key === undefined ? {} : { key }),
    ...(line === undefined ? {} : { [isInKey ? "keyLine" : "line"]: line }),
  };
  return { file, ...place, ...(job === undefined ? {} : { job }), path, message, rule, severity };
}

/** GitHub's workflow commands: an annotation at the line of each finding. */
export function renderGithub({ problems, warnings, checked }: Result): string {
  const lines = [...problems, ...warnings].map((problem) => {
    const line = lineInFile(problem);
    const properties = [
      ...(problem.file === "stdin" ? [] : [["file", problem.file]]),
      ...(line === undefined ? [] : [["line", String(line)]]),
      ["title", `config-manager: ${problem.rule}`],
    ].map(([name, value]) => `${name}=${escapeProperty(value ?? "")}`);
    return `::${problem.severity} ${properties.join(",")}::${escapeData(withoutPlace(problem))}`;
  });
  // Text from outside must not begin a command of its own.
  const plain = checked.map((line) => escapeControls(line).replace(/^(?=::|##)/, " "));
  return [...lines, ...plain].map((line) => `${line}\n`).join("");
}

/** The finding without what the annotation says by its place. */
function withoutPlace(problem: Problem): string {
  const { file: _, key, line, ...rest } = problem;
  const inKey = key !== undefined && problem.isInKey && line !== undefined ? `${key}:${line}` : key;
  return formatProblemLine({ ...rest, file: inKey ?? "" }).replace(/^: /, "");
}

/** As the runner reads it: https://github.com/actions/toolkit, `packages/core/src/command.ts`. */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/**
 * SARIF 2.1.0 of one run. Files are relative to where it ran. The types are the standard's; its builder,
 * `node-sarif-builder` 5.0, has no logical locations and gives each region an end in column 1.
 */
export function toSarif({ problems, warnings }: Result, version: string): Log {
  const found = [...problems, ...warnings];
  const rules = [...new Set(found.map(({ rule }) => rule))].toSorted();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "config-manager", version, rules: rules.map((id) => ({ id })) } },
        columnKind: "utf16CodeUnits",
        results: found.map((problem) => ({
          ruleId: problem.rule,
          ruleIndex: rules.indexOf(problem.rule),
          level: problem.severity,
          message: { text: withoutPlace(problem) },
          locations: [toLocation(problem)],
        })),
      },
    ],
  };
}

function toLocation(problem: Problem): Location {
  const { file, key, column, job, path } = problem;
  const line = lineInFile(problem);
  const region = { startLine: line, ...(column === undefined ? {} : { startColumn: column }) };
  const name = [key === undefined ? undefined : nameOf(file, key), job, path].filter(Boolean).join(": ");
  return {
    physicalLocation: {
      artifactLocation: { uri: toUri(file) },
      ...(line === undefined ? {} : { region }),
    },
    ...(name === "" ? {} : { logicalLocations: [{ fullyQualifiedName: name }] }),
  };
}

/** A path as a URI reference: absolute ones with a scheme. */
function toUri(file: string): string {
  const path = file.replaceAll("\\", "/").split("/").map(encodeURIComponent).join("/");
  return path.startsWith("/") ? `file://${path}` : path.replace(/^\.\//, "");
}
