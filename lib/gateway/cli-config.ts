import * as v from "valibot";
import { systemCode } from "../errors.ts";
import { MAX_TEXT } from "../text/bounded.ts";
import { findJsonObjects } from "./cli-output.ts";
import { CALL_TIMEOUT_MS, spawnOpenclaw } from "./cli-process.ts";
import type { ConfigIssue } from "./config-calls.ts";

const AnswerSchema = v.object({
  valid: v.boolean(),
  issues: v.optional(v.array(v.object({ path: v.optional(v.string(), ""), message: v.string() })), []),
});

export type CliVerdict =
  /** The message may quote a value. */
  { kind: "answered"; issues: ConfigIssue[] } | { kind: "none"; reason: string };

/** Asks `openclaw config validate` about the config at this path. It takes seconds; 2026.2 has no such command. */
export async function validateByCli(path: string): Promise<CliVerdict> {
  const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
  const { stdout, cause } = await spawnOpenclaw(["config", "validate", "--json"], signal, {
    OPENCLAW_CONFIG_PATH: path,
  });
  if (systemCode(cause) === "ENOENT") return { kind: "none", reason: "there is no openclaw command on PATH" };
  if (signal.aborted)
    return { kind: "none", reason: `openclaw config validate: no answer for ${CALL_TIMEOUT_MS / 1000} s` };
  for (const text of findJsonObjects(stdout.slice(0, MAX_TEXT))) {
    const answer = v.safeParse(v.pipe(v.string(), v.parseJson(), AnswerSchema), text);
    if (answer.success) return { kind: "answered", issues: answer.output.valid ? [] : answer.output.issues };
  }
  return { kind: "none", reason: "the openclaw command on PATH has no config validate --json" };
}
