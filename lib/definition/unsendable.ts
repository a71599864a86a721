import type { FieldProblem } from "./field-problem.ts";
import { type Json, isJsonObject } from "../json.ts";

/** Deeper than any job, and far below what overflows the stack. */
const MAX_DEPTH = 50;

/** Values, at any depth, that would reach the gateway changed if sent as JSON text. */
export function findUnsendable(value: Json): FieldProblem[] {
  const problems: FieldProblem[] = [];
  // With YAML aliases a part can occur in several places, even within itself.
  const seen = new Set<Json>();

  function visit(part: Json, path: readonly string[]) {
    const report = (problem: string) => problems.push({ field: path.join("."), problem });
    if (typeof part === "string" && !part.isWellFormed()) report("holds half a character, an unpaired surrogate");
    if (typeof part === "number" && !Number.isFinite(part)) report("expected a finite number");
    else if (Number.isInteger(part) && !Number.isSafeInteger(part)) {
      report("has more digits than a number keeps; write it as text, in quotes");
    }
    if (typeof part !== "object" || part === null || seen.has(part)) return;
    seen.add(part);
    if (path.length === MAX_DEPTH) {
      problems.push({ field: path[0] ?? "", problem: "is nested too deeply" });
      return;
    }
    if (isJsonObject(part) && !Object.keys(part).every((key) => key.isWellFormed())) {
      report("has a key with half a character in it, an unpaired surrogate");
    }
    for (const [key, inner] of Object.entries(part)) visit(inner, [...path, key]);
  }

  visit(value, []);
  return problems;
}
