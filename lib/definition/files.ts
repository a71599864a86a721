import { join } from "node:path";
import { computeSetChecksum } from "../files/checksum.ts";
import { type Definition, parseDefinition, readName } from "./definition.ts";
import { parseDefinitionText } from "./text.ts";
import type { FieldProblem } from "./field-problem.ts";
import { type Json, isJsonObject } from "../json.ts";
import { type VolumeFile, readVolume } from "../files/volume.ts";

/** One thing that is wrong, and where. */
export interface DefinitionProblem extends FieldProblem {
  file: string;
  /** The job's name, or `#3` for the third of a file; empty where it is about the file. */
  job: string;
}

/** What the cron ConfigMap says. Only `valid` may be acted on, and only as a whole. */
export type DesiredSet =
  /** Every file was read and every job of it is right. An empty list is a wish like any other. */
  | { kind: "valid"; definitions: Definition[]; files: VolumeFile[]; checksum: string }
  /** Something is wrong with some file: nothing of any file may be applied. */
  | { kind: "invalid"; problems: DefinitionProblem[]; files: VolumeFile[]; checksum: string }
  /** No directory, or no definition file in it. That is no empty set. */
  | { kind: "missing" };

/** Whether a file of this name holds job definitions. */
export function isDefinitionFile(name: string): boolean {
  return !name.startsWith(".") && /\.(json5?|ya?ml)$/.test(name);
}

/**
 * Reads and checks all definition files of a directory.
 *
 * @throws {ManagerError} `file` when something is there and cannot be read.
 */
export function readDefinitions(directory: string): Promise<DesiredSet> {
  return createDefinitionReader(directory)();
}

/**
 * As {@link readDefinitions}, again and again: the same bytes are checked once. A sidecar looks each minute, and whenever
 * somebody changes a job, and the files are the same nearly every time.
 */
export function createDefinitionReader(directory: string): () => Promise<DesiredSet> {
  let last: Exclude<DesiredSet, { kind: "missing" }> | undefined;
  return async () => {
    const files = await readVolume(directory, isDefinitionFile);
    if (!files || files.length === 0) return { kind: "missing" };
    if (!last || !holdsSame(last.files, files)) last = await parseDefinitionFiles(files);
    return last;
  };
}

function holdsSame(some: readonly VolumeFile[], others: readonly VolumeFile[]): boolean {
  const isSame = ({ name, bytes }: VolumeFile, index: number) =>
    name === others[index]?.name && bytes.equals(others[index].bytes);
  return some.length === others.length && some.every(isSame);
}

/** What the log calls the definitions: the file where there is one, as in manager.sh, else the directory. */
export function describeSource(directory: string, desired: DesiredSet): string {
  if (desired.kind === "missing") return join(directory, "cron-jobs.json");
  const [first, second] = desired.files;
  return first && !second ? join(directory, first.name) : directory;
}

/** Checks the files together, as names must be unique over all of them. Never throws. */
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

/** OpenClaw's own list of jobs, and its old store, are an object with the list in it. */
function isWrapped(input: Json): boolean {
  return isJsonObject(input) && Array.isArray(input.jobs) && input.name === undefined;
}

const WRAPPED = {
  kind: "invalid",
  problems: [{ field: "jobs", problem: "expected a list of jobs, or one job; write the list alone" }],
} as const;

/** `file: job: field: problem`, without the parts that do not apply. */
export function formatProblem({ file, job, field, problem }: DefinitionProblem): string {
  return [file, job, field, problem].filter(Boolean).join(": ");
}

/** The same as a WARNING. */
export function describeProblem(problem: DefinitionProblem): string {
  return `WARNING: Cron config rejected: ${formatProblem(problem)}`;
}
