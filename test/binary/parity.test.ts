// The reference sidecar in shell and config-manager over the same ConfigMap changes. What each of them says, does and
// leaves behind is put down line by line, and the two accounts have to be the same, but for the lines that DIFFERENCES
// accounts for. `openclaw` is a stub; jq is this machine's, or a stand-in where it has none.

import { readFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { DIFFERENCES, SCENARIOS, type Step } from "../reference/scenarios.ts";
import { SIDECAR_SH } from "../support/manager-sh.ts";
import { createSide, startOurs, startScript } from "../support/side.ts";

/** To end a broken test, not to measure. */
const LIMIT_MS = 300_000;

describe("parity with the shell sidecar", () => {
  const runScenario = async (_name: string, steps: readonly Step[]) => {
    const theirs = await createSide(startScript(() => readFile(SIDECAR_SH, "utf8")));
    const ours = await createSide(startOurs);
    try {
      for (const step of steps) {
        const accounts = await Promise.all([theirs.take(step), ours.take(step)]);
        const accountedFor = (step.differs ?? []).flatMap(([, ...lines]) => lines);
        expect({ [step.what]: diffLines(...accounts) }).toEqual({ [step.what]: accountedFor });
      }
      expect(await ours.stop()).toEqual([]);
    } finally {
      await theirs.dispose();
      await ours.dispose();
    }
  };
  test.each(Object.entries(SCENARIOS))("%s", runScenario, LIMIT_MS);

  test("every row of the table is shown by a step", () => {
    const steps = Object.values(SCENARIOS).flat();
    const rows = new Set<string>(steps.flatMap(({ differs = [] }) => differs.map(([row]) => row)));
    expect([...rows].toSorted()).toEqual(Object.keys(DIFFERENCES).toSorted());
  });
});

/** What makes ours of theirs: empty for the same lines in the same order. */
function diffLines(theirs: readonly string[], ours: readonly string[]): string[] {
  const left = [...theirs];
  const diff: string[] = [];
  for (const line of ours) {
    const place = left.indexOf(line);
    if (place === -1) diff.push(`+ ${line}`);
    else diff.push(...left.splice(0, place).map((skipped) => `- ${skipped}`));
    if (place !== -1) left.shift();
  }
  return [...diff, ...left.map((line) => `- ${line}`)];
}
