import { type DefinitionProblem, isDefinitionFile, parseDefinitionFiles } from "../definition/files.ts";
import type { Definition } from "../definition/definition.ts";
import { parseMoment } from "../definition/moment.ts";
import type { ContentPart } from "./part.ts";
import type { PartProblem } from "./validate-config.ts";

/** A problem of a job, which `PartProblem` has no name for. */
type JobProblem = PartProblem & { job?: string };

/**
 * Checks all definition files together, since a job's name is unique over all files.
 *
 * @param nowMs which moments have passed
 * @param release whose features the jobs may use; undefined: any
 */
export async function checkDefinitionParts(
  parts: readonly ContentPart[],
  nowMs: number,
  release: string | undefined,
): Promise<{ problems: JobProblem[]; checked: { name: string; line: string }[] }> {
  // The file extension selects the parser. stdin and the like have none.
  const named = parts.map(({ name, bytes, isYaml }) => ({
    name: isDefinitionFile(name) ? name : `${name}${isYaml ? ".yaml" : ".json"}`,
    bytes,
    label: name,
  }));
  const labelOf = new Map(named.map(({ name, label }) => [name, label]));
  const set = await parseDefinitionFiles(named, nowMs);
  const place = ({ file, job, field, problem }: DefinitionProblem, severity: JobProblem["severity"]): JobProblem => {
    const [, line, column] = / at line (\d+), column (\d+)/.exec(problem) ?? / at (\d+):(\d+)$/.exec(problem) ?? [];
    return {
      part: labelOf.get(file) ?? file,
      ...(job === "" ? {} : { job }),
      ...(line === undefined ? {} : { line: Number(line), column: Number(column) }),
      path: field,
      message: problem,
      rule: "job",
      severity,
    };
  };
  const wrong = set.kind === "invalid" ? set.problems : [];
  const wrongFiles = new Set(wrong.map(({ file }) => file));
  const problems = [
    ...wrong.map((problem) => place(problem, "error")),
    ...set.warnings.map((problem) => place(problem, "warning")),
  ];
  if (release !== undefined && named.length > 0) {
    for (const file of named) {
      if (wrongFiles.has(file.name)) continue;
      const alone = await parseDefinitionFiles([file]);
      const definitions = alone.kind === "valid" ? alone.definitions : [];
      problems.push(...(await findLacking(file.label, definitions, release, nowMs)));
    }
  }
  const checked = named.flatMap(({ name, label }) => {
    const count = set.counts.get(name);
    if (wrongFiles.has(name) || count === undefined) return [];
    return [{ name: label, line: `${label}: ${count} ${count === 1 ? "job" : "jobs"}, no problem` }];
  });
  return { problems, checked };
}

/** Finds what the release lacks for these jobs: a sync with it would fail for them, or run a command in another way. */
async function findLacking(part: string, definitions: readonly Definition[], release: string, nowMs: number) {
  const { featuresOf, findMissingFeatures, releaseWith } = await import("../gateway/features.ts");
  const { isCommandAsTurn, toJobSpec } = await import("../cron/job-spec.ts");
  const features = featuresOf(release, 0); // a release with numbers is known by them
  if (!Object.values(features).includes(false)) return [];
  return definitions.flatMap((definition): JobProblem[] => {
    const job = definition.name;
    const spec = toJobSpec(definition, features);
    const { schedule } = spec;
    const momentMs = schedule.kind === "at" && typeof schedule.at === "string" ? parseMoment(schedule.at) : undefined;
    if (momentMs !== undefined && momentMs <= nowMs) return []; // a sync never adds it
    const missing = findMissingFeatures(spec, features).map((one): JobProblem => {
      const message = "since" in one ? `needs OpenClaw ${one.since} or later; this is ${release}` : one.reason;
      return { part, job, path: one.what, message, rule: "job-feature", severity: "error" };
    });
    if (missing.length > 0 || !isCommandAsTurn(definition, features)) return missing;
    const since = releaseWith("commandPayload");
    const message = `runs as an agent turn and costs model tokens: OpenClaw ${release} has no command jobs (${since} has)`;
    return [{ part, job, path: "", message, rule: "job-feature", severity: "warning" }];
  });
}
