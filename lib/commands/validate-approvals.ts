import { checkApprovals } from "../approvals/check.ts";
import { decodeText } from "../definition/text.ts";
import { findPositions } from "../text/positions.ts";
import type { ContentPart } from "./part.ts";
import { formatPath } from "./problem.ts";
import { type PartProblem, toProblem } from "./validate-config.ts";

/**
 * Checks exec approvals by the same rules as the sidecar. Each problem has the line of its place.
 *
 * @returns `line`: what to say if there is no problem
 */
export function checkApprovalsPart({ name, bytes }: ContentPart): { problems: PartProblem[]; line: string } {
  const checked = checkApprovals(bytes);
  if (checked.kind === "valid") {
    const { entries } = checked;
    return { problems: [], line: `${name}: ${entries} exec ${entries === 1 ? "approval" : "approvals"}, no problem` };
  }
  const { problems } = checked;
  const positions = findPositions(
    decodeText(bytes) ?? "",
    problems.map(({ path }) => path),
  );
  const placed = problems.map(({ path, message }, index): PartProblem => {
    const { line, column = 1 } = path.length === 0 ? toProblem(name, message) : (positions[index] ?? {});
    const found: PartProblem = { part: name, path: formatPath(path), message, rule: "approvals", severity: "error" };
    return line === undefined ? found : Object.assign(found, { line, column });
  });
  return { problems: placed, line: "" };
}
