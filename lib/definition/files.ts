import { computeSetChecksum } from "../files/checksum.ts";
import { type Definition, parseDefinition, readName } from "./definition.ts";
import { collectJobs } from "./documents.ts";
import { parseDefinitionText } from "./text.ts";
import type { FieldProblem } from "./field-problem.ts";
import { findWarnings } from "./warnings.ts";
import { type Json, isJsonObject } from "../json.ts";
import type { VolumeFile } from "../files/volume.ts";

/** One problem, and where it is. */
export interface DefinitionProblem extends FieldProblem {
  file: string;
  /** The job's name, or `#3` for the third of a file; empty if the problem is with the file. */
  job: string;
}

/** The jobs of some definition files. Only a `valid` set may be applied, and only as a whole. */
export type DefinitionSet =
  /** All jobs of all files are valid. An empty list is valid: it declares that there are no jobs. */
  | (Checked & { kind: "valid"; definitions: Definition[] })
  /** At least one file has a problem: no job of any file may be applied. */
  | (Checked & { kind: "invalid"; problems: DefinitionProblem[] });

interface Checked {
  files: VolumeFile[];
  /** What may not mean what its author thinks, and prevents nothing. */
  warnings: DefinitionProblem[];
  /** How many jobs each file declares, as far as it was checked. */
  counts: ReadonlyMap<string, number>;
  checksum: string;
}

/** More than anybody reads. With so many problems nothing is applied, and the rest need not be checked. */
const MAX_PROBLEMS = 1_000;

/** Whether a file of this name contains job definitions. */
export function isDefinitionFile(name: string): boolean {
  return !name.startsWith(".") && /\.(json5?|ya?ml)$/.test(name);
}

/**
 * Checks the files together, because names must be unique over all of them. Never throws.
 *
 * @param nowMs warns of moments that have passed, too
 */
export async function parseDefinitionFiles(files: VolumeFile[], nowMs?: number): Promise<DefinitionSet> {
  const definitions: Definition[] = [];
  const problems: DefinitionProblem[] = [];
  const warnings: DefinitionProblem[] = [];
  const firstFileOf = new Map<string, string>();
  const counts = new Map<string, number>();
  const isEnough = () => problems.length >= MAX_PROBLEMS;
  for (const { name: file, bytes } of files) {
    if (isEnough()) break;
    const { inputs, problems: ofText } = collectJobs(await parseDefinitionText(file, bytes));
    counts.set(file, inputs.length);
    for (const { index, field, problem } of ofText) {
      problems.push({ file, job: index === undefined ? "" : nameJob(inputs[index], index), field, problem });
    }
    for (const [index, input] of inputs.entries()) {
      if (isEnough()) break;
      const job = nameJob(input, index);
      const result = isWrapped(input) ? WRAPPED : parseDefinition(input);
      if (result.kind === "valid") {
        definitions.push(result.definition);
        warnings.push(...place(findWarnings(result.definition, nowMs), file, job));
      } else problems.push(...place(result.problems, file, job));

      const name = readName(input);
      if (name === undefined) continue;
      const firstFile = firstFileOf.get(name);
      if (firstFile !== undefined)
        problems.push({ file, job, field: "name", problem: `is defined twice, first in ${firstFile}` });
      firstFileOf.set(name, firstFile ?? file);
    }
  }

  const checksum = computeSetChecksum(files);
  if (isEnough()) problems.splice(MAX_PROBLEMS, problems.length, TOO_MANY);
  warnings.splice(MAX_PROBLEMS);
  const checked = { warnings, files, counts, checksum };
  return problems.length > 0 ? { kind: "invalid", problems, ...checked } : { kind: "valid", definitions, ...checked };
}

function place(found: readonly FieldProblem[], file: string, job: string): DefinitionProblem[] {
  return found.map(({ field, problem }) => ({ file, job, field, problem }));
}

function nameJob(input: Json | undefined, index: number): string {
  return (input === undefined ? undefined : readName(input)) ?? `#${index + 1}`;
}

/** `openclaw cron list --json` and OpenClaw's old store are an object with the list in `jobs`. */
function isWrapped(input: Json): boolean {
  return isJsonObject(input) && Array.isArray(input.jobs) && input.name === undefined;
}

const TOO_MANY = { file: "", job: "", field: "", problem: "and perhaps more: the rest is not checked" };

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

/** The warning as a line of the log. */
export function describeWarning(warning: DefinitionProblem): string {
  return `WARNING: Cron config accepted, but ${formatProblem(warning)}`;
}
