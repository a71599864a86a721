import { dirname } from "node:path";
import process from "node:process";
import { readIncludeRoots } from "../text/include-files.ts";
import { readOutside } from "../config/read.ts";
import { formatJson } from "../json.ts";
import { capLines, escapeControls } from "../printable.ts";
import type { Environment } from "../setting-sources.ts";
import { readBuild } from "../version.ts";
import { type Judge, type SchemaChecks, chooseJudge, readSchemaJudge } from "./judge.ts";
import { print, printNotice } from "./print.ts";
import { formatProblemLine } from "./problem.ts";
import type { Invocation } from "./invocation.ts";
import { readSources } from "./sources.ts";
import { type Validation, validate } from "./validate.ts";
import { type Result, renderGithub, toSarif, toValidationJson } from "./validation-formats.ts";

type ValidateInvocation = Extract<Invocation, { command: "validate" }>;

/** How many problems, warnings and checked files are listed; definition files have at most half as many. */
const MAX_LINES = 2_000;

const describeMore = (count: number) => `… and ${count} more`;

/** Runs `validate` and prints the result. @returns the exit code. */
export async function runValidate(
  invocation: ValidateInvocation,
  env: Environment,
  checks?: SchemaChecks,
): Promise<number> {
  const { source, format } = invocation;
  const isLive = source.kind === "live";
  const files = isLive ? await readLive(invocation, env) : await readSources(source);
  const whole = await choose(invocation, env, checks);
  const chosen = isLive ? { ...whole, judge: await dropStamp(whole.judge) } : whole;
  let isIncomplete = false;
  const exact = invocation.exact ? await openExact(chosen, () => (isIncomplete = true)) : chosen;
  const found = await validate(files, {
    includeRoots: readIncludeRoots(env),
    ...(invocation.settings ? { directory: dirname(invocation.settings.pvcConfig) } : {}),
    judge: exact.judge,
    release: chosen.release,
    ...(isLive ? { readOutside } : {}),
  });
  const isHeld = found.configs > 0 || (found.jobFiles > 0 && invocation.openclaw !== undefined);
  const result = { ...found, release: isHeld ? chosen.release : undefined };
  if (format === "text") await printText(found);
  else await print(render(result, format), process.stdout);
  if (isHeld && format === "text") await print(`checked against ${escapeControls(chosen.label)}\n`, process.stdout);
  return found.problems.length > 0 || isIncomplete ? 1 : 0;
}

async function readLive({ settings }: ValidateInvocation, env: Environment) {
  const { readLiveSources } = await import("./live-sources.ts");
  return settings ? readLiveSources(settings, env) : [];
}

async function dropStamp(judge: Judge["judge"]): Promise<Judge["judge"]> {
  return (await import("./live-sources.ts")).withoutStamp(judge);
}

async function choose(
  { openclaw, schema, settings }: ValidateInvocation,
  env: Environment,
  checks: SchemaChecks | undefined,
): Promise<Judge> {
  if (schema !== undefined) return readSchemaJudge(schema, checks);
  const ask = async () => settings && (await import("./gateway-release.ts")).askRelease(settings, env);
  return chooseJudge(openclaw, ask, checks);
}

/**
 * Adds what the `openclaw` command on PATH says, once for each path. A release that is too old has no check to leave out;
 * where there is no command, or it does not answer, what was asked for is not done.
 */
async function openExact(judge: Judge, onFailure: () => void): Promise<Judge> {
  const { withOpenclaw } = await import("./exact.ts");
  return withOpenclaw(judge, (notice, isOld) => {
    printNotice(isOld ? "warning" : "error", notice);
    if (!isOld) onFailure();
  });
}

async function printText({ problems, warnings, checked }: Validation): Promise<void> {
  for (const warning of capLines(warnings.map(formatProblemLine), MAX_LINES, describeMore))
    printNotice("warning", warning);
  const lines = [problems.map(formatProblemLine), checked].flatMap((each) => capLines(each, MAX_LINES, describeMore));
  await print(lines.map((line) => `${escapeControls(line)}\n`).join(""), process.stdout);
}

function render(result: Result, format: "json" | "github" | "sarif"): string {
  switch (format) {
    case "json":
      return formatJson(toValidationJson(result));
    case "github":
      return renderGithub(result);
    case "sarif":
      return formatJson(toSarif(result, readBuild().version));
  }
}
