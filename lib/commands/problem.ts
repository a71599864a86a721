import { formatKey } from "../text/changed-paths.ts";
import type { KeyPath } from "../text/duplicate-keys.ts";

/** A finding of `validate` about one place, without values. */
export interface Problem {
  /** The file as it was named, a directory, or `stdin`. */
  file: string;
  /** The key of a ConfigMap in this file that the finding is about. */
  key?: string;
  /** Counts from 1: in the file, or in the text of the key if {@link Problem.isInKey}. */
  line?: number;
  column?: number;
  /** Whether the lines are those of the text of `key`, since it does not stand in the file as it is. */
  isInKey?: boolean;
  /** The job's name, or `#3`. */
  job?: string;
  /** Dotted path; empty for the whole file or job. */
  path: string;
  message: string;
  /** Which check found it: a word that does not change. */
  rule: string;
  /** `warning`: it prevents nothing, and changes no exit code. */
  severity: "error" | "warning";
}

/** Where the file's own line is known. */
export function lineInFile({ line, isInKey }: Problem): number | undefined {
  return isInKey ? undefined : line;
}

/** The finding as one line: `file:line: path: problem` of a config, `file: job: field: problem` of a job. */
export function formatProblemLine(problem: Problem): string {
  const { file, key, line, job, path, message } = problem;
  // A line of a job would have a place of its own among these; a parser's message says where by itself.
  const isPlaced = line !== undefined && job === undefined && !/ at (?:line )?\d+[:,]/.test(message);
  const place = isPlaced && !problem.isInKey ? file : nameOf(file, key);
  return [isPlaced ? `${place}:${line}` : place, job, path, message].filter(Boolean).join(": ");
}

/** The name of a file, or of a ConfigMap's key in it. */
export function nameOf(file: string, key: string | undefined): string {
  return key === undefined ? file : `${file}#${key}`;
}

/** `agents.list.0."a b"`, as OpenClaw names it, with quotes around a key that has other characters. */
export function formatPath(path: KeyPath): string {
  return path.map((part) => formatKey(String(part))).join(".");
}
