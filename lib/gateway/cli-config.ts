import * as v from "valibot";
import { systemCode } from "../errors.ts";
import { MAX_TEXT } from "../text/bounded.ts";
import { findJsonObjects } from "./cli-output.ts";
import { CALL_TIMEOUT_MS, spawnOpenclaw } from "./cli-process.ts";
import type { ConfigIssue } from "./config-calls.ts";

const AnswerSchema = v.object({
  valid: v.boolean(),
  issues: v.optional(v.array(v.object({ path: v.optional(v.string(), ""), message: v.string() })), []),
  /** 2026.9.6 says so of a file that it cannot read. */
  error: v.optional(v.object({ message: v.string() })),
});

export type CliVerdict =
  /** The message may quote a value. */
  | { kind: "answered"; issues: ConfigIssue[] }
  /** `isOld`: this release has no such command. Any other should have answered. */
  | { kind: "none"; reason: string; isOld: boolean };

/**
 * Asks `openclaw config validate` about the config at this path. It takes seconds; 2026.2 has no such command.
 *
 * @param limitMs how long it may take, in milliseconds
 */
export async function validateByCli(path: string, limitMs = CALL_TIMEOUT_MS): Promise<CliVerdict> {
  const none = (reason: string, isOld = false): CliVerdict => ({ kind: "none", reason, isOld });
  const signal = AbortSignal.timeout(limitMs);
  const variables = { OPENCLAW_CONFIG_PATH: path };
  const ended = await spawnOpenclaw(["config", "validate", "--json"], signal, variables);
  const { exitCode, killedBy, stdout, stderr, cause } = ended;
  if (systemCode(cause) === "ENOENT") return none("there is no openclaw command on PATH");
  if (signal.aborted) return none(`openclaw config validate: no answer for ${limitMs / 1000} s`);
  for (const text of findJsonObjects(stdout.slice(0, MAX_TEXT))) {
    const answer = v.safeParse(v.pipe(v.string(), v.parseJson(), AnswerSchema), text);
    if (!answer.success) continue;
    const { valid, issues, error } = answer.output;
    if (valid) return { kind: "answered", issues: [] };
    if (issues.length > 0) return { kind: "answered", issues };
    return { kind: "answered", issues: [{ path: "", message: error?.message ?? "not valid; it does not say why" }] };
  }
  if (/\bunknown (?:option|command) /.test(stderr.slice(-MAX_TEXT)))
    return none("the openclaw command on PATH has no config validate --json", true);
  return none(`openclaw config validate: its output makes no sense (it ended with ${killedBy ?? exitCode})`);
}
