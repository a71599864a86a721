import { dirname } from "node:path";
import { ConfigFile } from "../config/config-file.ts";
import { findModeFault } from "../config/document.ts";
import { collectGeneration } from "../config/collect.ts";
import { type Generation, ROOT_NAME } from "../config/generation.ts";
import { decodeText } from "../definition/text.ts";
import { type Json, isJsonObject } from "../json.ts";
import type { Finding } from "../schema/finding.ts";
import { SETTING_SOURCES } from "../setting-sources.ts";
import { type KeyPath, findDuplicates } from "../text/duplicate-keys.ts";
import { findPositions } from "../text/positions.ts";
import type { ContentPart, Part } from "./part.ts";
import { type Problem, formatPath } from "./problem.ts";

/** A problem in the text of a part. */
export type PartProblem = Pick<Problem, "line" | "column" | "path" | "message" | "rule" | "severity"> & {
  /** The name of the part. */
  part: string;
};

export interface ConfigOptions {
  /** Where the config is when it is live: an absolute `$include` leads there. */
  directory?: string;
  /** `OPENCLAW_INCLUDE_ROOTS`: files there are left to the gateway. */
  includeRoots?: readonly string[];
  /** Reads such a file; undefined if it cannot be read here. */
  readOutside?: (path: string) => Promise<Uint8Array | undefined>;
  /** What a release says about the config, with what it includes. */
  judge?: (generation: Generation) => Promise<Finding[]>;
}

const DEFAULT_DIRECTORY = dirname(SETTING_SOURCES.pvcConfig.default({}) ?? "/");

const MODE_MESSAGES = {
  missing: "is missing; OpenClaw does not start without",
  other: "is not local; OpenClaw does not start as a gateway with another one",
} as const;

/**
 * Checks a config with the files that it includes. Each problem is placed in the file that has it.
 *
 * @returns `isWhole`: whether all of its files could be read
 */
export async function checkConfigPart(
  part: ContentPart,
  parts: readonly Part[],
  options: ConfigOptions,
): Promise<{ problems: PartProblem[]; isWhole: boolean }> {
  const prefix = prefixOf(part.name);
  const generation = await collectIncludes(part, prefix, parts, options);
  const duplicates = findDuplicateProblems(part);
  const config = generation.resolved;
  if (config.kind === "broken") {
    const broken = [...generation.includes].filter(([, { parsed }]) => parsed.kind === "broken");
    const isTold = (problem: string) => broken.some(([file]) => problem.startsWith(`$include: ${file}: `));
    const problems = generation.problems.filter((problem) => !isTold(problem));
    return { problems: [...duplicates, ...problems.map((message) => toProblem(part.name, message))], isWhole: false };
  }
  const findings: Finding[] = [];
  // Compare with a live config that has gateway.mode: every gateway that has started has one.
  const fault = findModeFault(config.value, { gateway: { mode: "local" } });
  if (fault) {
    const message = MODE_MESSAGES[fault];
    findings.push({ path: ["gateway", "mode"], message, rule: "gateway-mode", severity: "warning" });
  }
  const said = (await options.judge?.(generation)) ?? [];
  // What a file that cannot be read here may have is not missing.
  findings.push(...(generation.isPartial ? said.filter(({ path }) => has(config.value, path)) : said));
  const placed = placeFindings(generation, part, prefix, findings);
  return { problems: [...duplicates, ...findUnread(part.name, generation), ...placed], isWhole: true };
}

/** Warns of included files that cannot be read here. */
function findUnread(part: string, { outside }: Generation): PartProblem[] {
  const unread = [...outside].filter(([, file]) => file === undefined).map(([path]) => path);
  return unread.map((path) => {
    const message = `$include: ${path}: cannot be read here; what it says is not checked`;
    return { part, path: "", message, rule: "include", severity: "warning" };
  });
}

/** What the names of the files beside a part begin with: its directory, or its ConfigMap. */
function prefixOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf("/"), name.lastIndexOf("#")) + 1);
}

/** Finds the included files among the files that are checked: beside the config, or in the same ConfigMap. */
async function collectIncludes(
  { bytes, beside }: ContentPart,
  prefix: string,
  parts: readonly Part[],
  { directory = DEFAULT_DIRECTORY, includeRoots = [], readOutside = async () => undefined }: ConfigOptions,
): Promise<Generation> {
  const readInside = async (included: string) => {
    if (beside) return beside.get(included)?.bytes;
    const part = parts.find((each) => each.name === `${prefix}${included}`);
    return part && "bytes" in part ? part.bytes : undefined;
  };
  const places = { directory, roots: includeRoots };
  return collectGeneration(new ConfigFile(bytes), places, readInside, readOutside);
}

function has(value: Json, path: KeyPath): boolean {
  const found = path.reduce<Json | undefined>((inner, key) => {
    if (typeof key === "number") return Array.isArray(inner) ? inner[key] : undefined;
    return isJsonObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined;
  }, value);
  return found !== undefined;
}

/** Places each finding in the file that has it, and there at its line. */
function placeFindings(
  generation: Generation,
  { name, beside }: ContentPart,
  prefix: string,
  findings: readonly Finding[],
): PartProblem[] {
  const nameOfPart = (file: string) => {
    if (file === ROOT_NAME) return name;
    return generation.outside.has(file) ? file : (beside?.get(file)?.name ?? `${prefix}${file}`);
  };
  const origins = generation.findOrigins(findings.map(({ path }) => path));
  const problems: PartProblem[] = [];
  const indexes = Map.groupBy(origins.keys(), (index) => origins[index]?.file ?? ROOT_NAME);
  for (const [file, ofFile] of indexes) {
    const isRoot = file === ROOT_NAME;
    const { bytes } = (isRoot ? generation.root : generation.includes.get(file)) ?? generation.outside.get(file) ?? {};
    const part = nameOfPart(file);
    const positions = findPositions(
      decodeText(bytes ?? Buffer.from("")) ?? "",
      ofFile.map((index) => origins[index]?.path ?? []),
    );
    for (const [at, index] of ofFile.entries()) {
      const { path = [], message = "", rule = "", severity = "error" } = findings[index] ?? {};
      problems[index] = { part, ...positions[at], path: formatPath(path), message, rule, severity };
    }
  }
  return problems;
}

/** A parser's message says where: ` at 2:14`. */
export function toProblem(part: string, message: string): PartProblem {
  const [, line, column] = / at (\d+):(\d+)$/.exec(message) ?? [];
  const place = line === undefined ? {} : { line: Number(line), column: Number(column) };
  const rule = message.startsWith("$include: ") ? "include" : "syntax";
  return { part, ...place, path: "", message, rule, severity: "error" };
}

/** A bad Git merge leaves keys that stand twice. */
export function findDuplicateProblems({ name, bytes }: ContentPart): PartProblem[] {
  const text = decodeText(bytes) ?? "";
  const paths = findDuplicates(text);
  if (paths.length === 0) return [];
  const positions = findPositions(text, paths);
  const problems = paths.map((path, index): PartProblem => {
    const { line = 1, column = 1 } = positions[index] ?? {};
    const message = "stands twice, and only the last one counts";
    return { part: name, line, column, path: formatPath(path), message, rule: "duplicate-key", severity: "warning" };
  });
  return problems.toSorted(
    (one, other) => (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0),
  );
}
