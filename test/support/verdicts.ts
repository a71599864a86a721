import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The releases whose gateways have judged the configs of test/golden/configs. */
export const VERDICT_RELEASES = ["2026.2.9", "2026.4.15", "2026.6.11", "2026.8.2", "2026.9.6"];

export interface VerdictIssue {
  path: string;
  message: string;
}

/** What a real gateway says about a config. */
export interface Verdict {
  valid: boolean;
  issues: VerdictIssue[];
  /** Old keys: `legacyIssues`. */
  legacy: VerdictIssue[];
  warnings: VerdictIssue[];
}

export function verdictFile(release: string): string {
  return join(import.meta.dir, "../golden/verdicts", `${release}.json`);
}

/** The recorded verdicts of a release, by the name of the config; see test/golden/record-verdicts.ts. */
export function readVerdicts(release: string): Record<string, Verdict> {
  const file = verdictFile(release);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, Verdict>) : {};
}
