import type { Generation } from "../config/generation.ts";
import { ManagerError, describeError } from "../errors.ts";
import { parseJson } from "../definition/text.ts";
import { checkAgainst, checkConfig } from "../schema/check-config.ts";
import type { Finding } from "../schema/finding.ts";
import { chooseRelease } from "../schema/releases.ts";
import { readInput } from "./read-input.ts";

/** What configs are held against. */
export interface Judge {
  /** The release; undefined for a schema from a file. */
  release: string | undefined;
  /** `OpenClaw 2026.9.6 (the newest known)`, for a person. */
  label: string;
  judge: (generation: Generation) => Promise<Finding[]>;
}

/** The checks of lib/schema; a test hands in others. */
export interface SchemaChecks {
  checkConfig: typeof checkConfig;
  checkAgainst: typeof checkAgainst;
  chooseRelease: typeof chooseRelease;
}

const CHECKS: SchemaChecks = { checkConfig, checkAgainst, chooseRelease };

/**
 * Chooses the release: the one that is asked for, else the gateway's, else the newest.
 *
 * @param askGateway the gateway's release; undefined if there is none; an error if it does not say
 * @throws {ManagerError} `usage` for what is no release
 */
export async function chooseJudge(
  asked: string | undefined,
  askGateway: () => Promise<string | ManagerError | undefined>,
  checks: SchemaChecks = CHECKS,
): Promise<Judge> {
  const answer = asked === undefined ? await askGateway() : undefined;
  const refusal = answer instanceof ManagerError ? `; the gateway's is not known: ${describeError(answer)}` : "";
  const own = answer instanceof ManagerError ? undefined : answer;
  const wanted = asked ?? own ?? "latest";
  const { release, isExact } = checks.chooseRelease(wanted);
  const remark = `${describeChoice(wanted, isExact, own !== undefined)}${refusal}`;
  return {
    release,
    label: `OpenClaw ${release}${remark && ` (${remark})`}`,
    judge: ({ value }) => checks.checkConfig(value, release),
  };
}

function describeChoice(wanted: string, isExact: boolean, isGateways: boolean): string {
  if (wanted === "latest") return "the newest known";
  if (isExact) return isGateways ? "the gateway's release" : "";
  return `the nearest known to ${isGateways ? "the gateway's " : ""}${wanted}`;
}

/**
 * Reads a JSON Schema, as `schema config` prints it.
 *
 * @throws {ManagerError} `file` if it cannot be read, or is no JSON
 */
export async function readSchemaJudge(path: string, checks: SchemaChecks = CHECKS): Promise<Judge> {
  const input = await readInput(path);
  const parsed = typeof input === "string" ? undefined : parseJson(input.toString("utf8"));
  if (parsed?.kind !== "parsed") {
    const problem = typeof input === "string" ? input : parsed?.problem;
    throw new ManagerError("file", `${path}: ${problem}`, { hint: "config-manager schema config" });
  }
  const schema = parsed.value;
  return { release: undefined, label: `the schema ${path}`, judge: ({ value }) => checks.checkAgainst(value, schema) };
}
