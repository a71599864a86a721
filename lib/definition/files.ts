import { join } from "node:path";
import { computeSetChecksum } from "../files/checksum.ts";
import { type Definition, parseDefinition, readName } from "./definition.ts";
import { parseDefinitionText } from "./text.ts";
import type { FieldProblem } from "./field-problem.ts";
import { type Json, isJsonObject } from "../json.ts";
import { type VolumeFile, readVolume } from "../files/volume.ts";

/** One problem, and where it is. */
export interface DefinitionProblem extends FieldProblem {
  file: string;
  /** The job's name, or `#3` for the third of a file; empty if the problem is with the file. */
  job: string;
}

/** The jobs in the cron ConfigMap. Only a `valid` set may be applied, and only as a whole. */
export type DesiredSet =
  /** All files were read and all jobs are valid. An empty list is valid: it declares that there are no jobs. */
  | { kind: "valid"; definitions: Definition[]; files: VolumeFile[]; checksum: string }
  /** At least one file has a problem: no job of any file may be applied. */
  | { kind: "invalid"; problems: DefinitionProblem[]; files: VolumeFile[]; checksum: string }
  /** No directory, or no definition file in it. This does not mean that there are no jobs. */
  | { kind: "missing" };

/** Whether a file of this name contains job definitions. */
export function isDefinitionFile(name: string): boolean {
  return !name.startsWith(".") && /\.(json5?|ya?ml)$/.test(name);
}

/**
 * Reads and checks all definition files of a directory.
 *
 * @throws {ManagerError} `file` if the directory or a file in it exists and cannot be read.
 */
export function readDefinitions(directory: string): Promise<DesiredSet> {
  return createDefinitionReader(directory)();
}

/**
 * A {@link readDefinitions} for repeated use: it does not check the same bytes twice. The sidecar reads the files every
 * minute, and whenever a job changes in the gateway, and they rarely differ.
 */
export function createDefinitionReader(directory: string): () => Promise<DesiredSet> {
  let last: Exclude<DesiredSet, { kind: "missing" }> | undefined;
  return async () => {
    const files = await readVolume(directory, isDefinitionFile);
    if (!files || files.length === 0) return { kind: "missing" };
    if (!last || !areEqual(last.files, files)) last = await parseDefinitionFiles(files);
    return last;
  };
}

function areEqual(some: readonly VolumeFile[], others: readonly VolumeFile[]): boolean {
  const isSame = ({ name, bytes }: VolumeFile, index: number) =>
    name === others[index]?.name && bytes.equals(others[index].bytes);
  return some.length === others.length && some.every(isSame);
}

/** The source of the definitions for the log: the file if there is one, as in manager.sh, else the directory. */
export function describeSource(directory: string, desired: DesiredSet): string {
  if (desired.kind === "missing") return join(directory, "cron-jobs.json");
  const [first, second] = desired.files;
  return first && !second ? join(directory, first.name) : directory;
}

/** Checks the files together, because names must be unique over all of them. Never throws. */
export async function parseDefinitionFiles(files: VolumeFile[]): Promise<Exclude<DesiredSet, { kind: "missing" }>> {
  const definitions: Definition[] = [];
  const problems: DefinitionProblem[] = [];
  const firstFileOf = new Map<string, string>();

  for (const { name: file, bytes } of files) {
    const text = await parseDefinitionText(file, bytes);
    if (text.kind === "unreadable") {
      problems.push({ file, job: "", field: "", problem: text.problem });
      continue;
    }
    const isList = Array.isArray(text.value);
    const inputs = Array.isArray(text.value) ? text.value : [text.value];
    for (const { path, problem } of text.problems) {
      const [index, ...inner] = isList ? path : [0, ...path];
      const job = typeof index === "number" ? nameJob(inputs[index], index) : "";
      problems.push({ file, job, field: inner.join("."), problem });
    }
    for (const [index, input] of inputs.entries()) {
      const job = nameJob(input, index);
      const result = isWrapped(input) ? WRAPPED : parseDefinition(input);
      if (result.kind === "valid") definitions.push(result.definition);
      else problems.push(...result.problems.map(({ field, problem }) => ({ file, job, field, problem })));

      const name = readName(input);
      if (name === undefined) continue;
      const firstFile = firstFileOf.get(name);
      if (firstFile !== undefined)
        problems.push({ file, job, field: "name", problem: `is defined twice, first in ${firstFile}` });
      firstFileOf.set(name, firstFile ?? file);
    }
  }

  const checksum = computeSetChecksum(files);
  if (problems.length > 0) return { kind: "invalid", problems, files, checksum };
  return { kind: "valid", definitions, files, checksum };
}

function nameJob(input: Json | undefined, index: number): string {
  return (input === undefined ? undefined : readName(input)) ?? `#${index + 1}`;
}

/** `openclaw cron list --json` and OpenClaw's old store are an object with the list in `jobs`. */
function isWrapped(input: Json): boolean {
  return isJsonObject(input) && Array.isArray(input.jobs) && input.name === undefined;
}

const WRAPPED = {
  kind: "invalid",
  problems: [{ field: "jobs", problem: "expected a list of jobs, or one job; write the list alone" }],
} as const;

/** `file: job: field: problem`, without the empty parts. */
export function formatProblem({ file, job, field, problem }: DefinitionProblem): string {
  return [file, job, field, problem].filter(Boolean).join(": ");
}

/** The problem as a line of the log. */
export function describeProblem(problem: DefinitionProblem): string {
  return `WARNING: Cron config rejected: ${formatProblem(problem)}`;
}
