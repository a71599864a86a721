import type { KeyPath } from "../text/duplicate-keys.ts";
import type { ParsedText } from "../text/yaml.ts";
import { hasOnlyExtensions, omitExtensions } from "./extensions.ts";
import { type FieldProblem, kindOf } from "./field-problem.ts";
import { type Json, isJsonObject } from "../json.ts";

/** What the documents of one file declare, before any job is checked. */
export interface Declared {
  inputs: Json[];
  problems: TextProblem[];
}

/** A problem of the text. `index`: of which job; undefined if it is of none. */
interface TextProblem extends FieldProblem {
  index: number | undefined;
}

/**
 * Collects the jobs of all documents of a file. A document is a list of jobs, one job, or keys that begin with `x-`, with
 * or without a list in `jobs` beside them. Beside other documents, an empty one counts for nothing.
 */
export function collectJobs(documents: readonly ParsedText[]): Declared {
  const inputs: Json[] = [];
  const problems: TextProblem[] = [];
  const report = (problem: string, index?: number, field = "") => problems.push({ index, field, problem });
  const read = documents.flatMap((document, position) => (isEmpty(document) ? [] : [{ document, position }]));
  let isDeclared = read.length === 0;
  if (read.length === 0) inputs.push(null);
  for (const { document, position } of read) {
    if (document.kind === "unreadable") {
      report(documents.length > 1 ? `document ${position + 1}: ${document.problem}` : document.problem);
      continue;
    }
    const { jobs, findJob } = findJobs(document.value);
    for (const { path, problem } of document.problems) {
      const { index, field } = findJob(path);
      report(problem, index === undefined ? undefined : inputs.length + index, field.join("."));
    }
    isDeclared ||= jobs !== undefined;
    if (Array.isArray(jobs)) inputs.push(...jobs);
    else if (jobs !== undefined) report(`expected a list of jobs but received ${kindOf(jobs)}`, undefined, "jobs");
  }
  // The jobs beside the anchors may have been lost. That there are none, somebody has to say.
  if (!isDeclared && problems.length === 0) report("holds only keys that begin with x-; write [] to declare no jobs");
  return { inputs, problems };
}

function isEmpty(document: ParsedText): boolean {
  return document.kind === "parsed" && document.value === null && document.problems.length === 0;
}

interface Found {
  /** Anything but a list is a problem; undefined if the document is not about jobs. */
  jobs: Json | undefined;
  /** Of which job, and of which field of it, a path in the document is. */
  findJob: (path: KeyPath) => { index: number | undefined; field: KeyPath };
}

function findJobs(value: Json): Found {
  const notOfJob = (path: KeyPath) => ({ index: undefined, field: path });
  const inList = ([index, ...field]: KeyPath) => (typeof index === "number" ? { index, field } : notOfJob(field));
  if (Array.isArray(value)) return { jobs: value, findJob: inList };
  if (isJsonObject(value)) {
    if (hasOnlyExtensions(value)) return { jobs: undefined, findJob: notOfJob };
    const own = omitExtensions(value);
    const { jobs, ...others } = own;
    // Without such a key beside it, this is what `openclaw cron list --json` prints.
    if (own !== value && jobs !== undefined && Object.keys(others).length === 0) {
      return { jobs, findJob: (path) => (path[0] === "jobs" ? inList(path.slice(1)) : notOfJob(path)) };
    }
  }
  return { jobs: [value], findJob: (path) => ({ index: 0, field: path }) };
}
