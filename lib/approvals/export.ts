import { type JsonObject, formatJson, isJsonObject } from "../json.ts";
import type { Export } from "../reconcile/reconciler.ts";
import { checkApprovals, formatApprovalsProblem, toDeclared } from "./check.ts";
import { firstKeyOf, fromKeyed, mapLists, mapValues } from "./document.ts";

/**
 * Exports the live exec approvals as Git should have them: without the socket, what OpenClaw stamps, and what stands
 * twice. Pure.
 */
export function exportApprovals(file: JsonObject): Export {
  const once = mapLists(toDeclared(file), (items) => {
    return isJsonObject(items) ? mapValues(items, (item, key) => (firstKeyOf(key) === key ? item : undefined)) : items;
  });
  const text = formatJson(fromKeyed(once));
  const checked = checkApprovals(Buffer.from(text));
  const problems = checked.kind === "invalid" ? checked.problems : [];
  return {
    text,
    caveats: problems.map((problem) => `Git cannot have it so: ${formatApprovalsProblem(problem)}`),
    isComplete: problems.length === 0,
  };
}
