import { join } from "node:path";
import JSON5 from "json5";
import { parseDocument } from "yaml";
import { computeSetChecksum } from "./checksum.ts";
import { type Definition, parseDefinition, readName } from "./definition.ts";
import { describeError, systemCode } from "./errors.ts";
import type { FieldProblem } from "./field-problem.ts";
import type { Json } from "./json.ts";
import { type VolumeFile, readVolume } from "./volume.ts";

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
export async function readDefinitions(directory: string): Promise<DesiredSet> {
  const files = await readVolume(directory, isDefinitionFile);
  return files && files.length > 0 ? parseDefinitionFiles(files) : { kind: "missing" };
}

/** What the log calls the definitions: the file where there is one, as in manager.sh, else the directory. */
export function describeSource(directory: string, desired: DesiredSet): string {
  if (desired.kind === "missing") return join(directory, "cron-jobs.json");
  const [first, second] = desired.files;
  return first && !second ? join(directory, first.name) : directory;
}

/** Checks the files together, as names must be unique over all of them. Never throws. */
export function parseDefinitionFiles(files: VolumeFile[]): Exclude<DesiredSet, { kind: "missing" }> {
  const definitions: Definition[] = [];
  const problems: DefinitionProblem[] = [];
  const homes = new Map<string, string>();

  for (const { name: file, bytes } of files) {
    const parsed = parseFile(file, bytes);
    if (parsed.kind === "unreadable") {
      problems.push({ file, job: "", field: "", problem: parsed.problem });
      continue;
    }
    const inputs = Array.isArray(parsed.value) ? parsed.value : [parsed.value];
    for (const [index, input] of inputs.entries()) {
      const result = parseDefinition(input);
      const name = readName(input);
      const job = name ?? `#${index + 1}`;
      if (result.kind === "valid") definitions.push(result.definition);
      else problems.push(...result.problems.map(({ field, problem }) => ({ file, job, field, problem })));

      if (name === undefined) continue;
      const home = homes.get(name);
      if (home !== undefined)
        problems.push({ file, job, field: "name", problem: `is defined twice, first in ${home}` });
      homes.set(name, home ?? file);
    }
  }

  const checksum = computeSetChecksum(files);
  if (problems.length > 0) return { kind: "invalid", problems, files, checksum };
  return { kind: "valid", definitions, files, checksum };
}

/** A WARNING with `file: job: field: problem`, without the parts that do not apply. */
export function describeProblem({ file, job, field, problem }: DefinitionProblem): string {
  return `WARNING: Cron config rejected: ${[file, job, field, problem].filter(Boolean).join(": ")}`;
}

function parseFile(
  name: string,
  bytes: Uint8Array,
): { kind: "parsed"; value: Json } | { kind: "unreadable"; problem: string } {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (text.trim() === "") return { kind: "unreadable", problem: "is empty; write [] to declare no jobs" };
    return { kind: "parsed", value: /\.ya?ml$/.test(name) ? parseYaml(text) : JSON5.parse<Json>(text) };
  } catch (error) {
    const isDecodeError = systemCode(error) === "ERR_ENCODING_INVALID_ENCODED_DATA" || error instanceof TypeError;
    const problem = isDecodeError ? "is not UTF-8 text" : describeError(error).replace(/^JSON5: /, "");
    return { kind: "unreadable", problem };
  }
}

/** @throws {SyntaxError} with the first line of the parser's message: the rest of it quotes the file. */
function parseYaml(text: string): Json {
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error?.code === "MULTIPLE_DOCS") throw new SyntaxError("holds several documents; write one list of jobs");
  if (error) throw new SyntaxError(error.message.split("\n")[0]?.replace(/:$/, "") ?? "invalid YAML");
  return document.toJS({ maxAliasCount: 100 }) as Json;
}
