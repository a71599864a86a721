import type { FieldProblem } from "./field-problem.ts";
import type { JsonObject } from "../json.ts";
import { findZoneProblems } from "./zone-problems.ts";

/** The fields that say what to do. A definition has exactly one of them. */
export const PAYLOADS = ["command", "message", "systemEvent", "payload"] as const;

/** The payloads that each flat field goes with. With another payload it would silently have no effect. */
const PAYLOAD_FIELDS = {
  retry: ["command"],
  env: ["command"],
  cwd: ["command"],
  input: ["command"],
  noOutputTimeoutSeconds: ["command"],
  outputMaxBytes: ["command"],
  model: ["message"],
  fallbacks: ["message"],
  thinking: ["message"],
  lightContext: ["message"],
  allowUnsafeExternalContent: ["message"],
  timeout: ["command", "message"],
  timeoutSeconds: ["command", "message"],
  tools: ["command", "message", "systemEvent"],
  toolsAllow: ["command", "message", "systemEvent"],
} as const;

const SYNONYMS = [
  ["timeout", "timeoutSeconds"],
  ["agent", "agentId"],
  ["session", "sessionTarget"],
  ["wake", "wakeMode"],
  ["tools", "toolsAllow"],
] as const;

/** Flat fields that do not go together. Works on any object, so that these problems are reported with all others. */
export function findContradictions(definition: JsonObject): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const report = (field: string, problem: string) => problems.push({ field, problem });

  const payloads = PAYLOADS.filter((field) => definition[field] !== undefined);
  if (payloads.length !== 1) {
    const found = payloads.length === 0 ? "none of them" : payloads.join(" and ");
    report(payloads[1] ?? "command", `expected exactly one of ${PAYLOADS.join(", ")} but received ${found}`);
  }
  const [payload] = payloads;
  for (const [field, allowed] of Object.entries(PAYLOAD_FIELDS)) {
    if (definition[field] === undefined || payload === undefined) continue;
    if (allowed.some((kind) => kind === payload)) continue;
    const isInside = payload === "payload" && field !== "retry";
    const advice = isInside ? "put it inside payload" : `it goes with ${allowed.join(" or ")}`;
    report(field, `does not go with ${payload}; ${advice}`);
  }
  for (const [ours, theirs] of SYNONYMS) {
    if (definition[ours] !== undefined && definition[theirs] !== undefined) {
      report(theirs, `means the same as ${ours}; keep one of the two`);
    }
  }
  problems.push(...findZoneProblems(definition));
  if (definition.retry !== undefined && definition.input !== undefined) {
    report("retry", "does not go with input; only the first attempt would read it");
  }
  return problems;
}
