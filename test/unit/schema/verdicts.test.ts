import { describe, expect, test } from "bun:test";
import { checkConfig } from "../../../lib/schema/check-config.ts";
import { readConfigTable } from "../../support/config-table.ts";
import { VERDICT_RELEASES, readVerdicts } from "../../support/verdicts.ts";

/** Plugins that are installed apart: the config does not say whether a gateway has them, and with them their channel. */
const EXTERNAL = ["refinements: qqbot", "refinements: channel acp binding root"];

/** Refusals that are not found: what is on the gateway's disk. */
const MISSED: Readonly<Record<string, string[]>> = {
  "2026.2.9": ["channels-plugins: plugin load path missing", ...EXTERNAL],
  "2026.4.15": ["channels-plugins: plugin load path missing"],
  "2026.6.11": ["channels-plugins: plugin load path missing"],
  "2026.8.2": ["refinements: qqbot"],
  "2026.9.6": ["refinements: qqbot"],
};

/** The share of refusals that are found at least. */
const RECALL: Readonly<Record<string, number>> = { "2026.9.6": 0.97 };

const TABLE = readConfigTable();

describe("verdicts of real gateways", () => {
  test("has a verdict on each config of the table", () => {
    for (const release of VERDICT_RELEASES) {
      expect(Object.keys(readVerdicts(release)).toSorted()).toEqual(TABLE.map(({ name }) => name).toSorted());
    }
  });

  for (const release of VERDICT_RELEASES) {
    test(`finds an error where ${release} refuses, and nowhere else`, async () => {
      const verdicts = readVerdicts(release);
      const [falseAlarms, missed]: [string[], string[]] = [[], []];
      let refused = 0;
      for (const { name, config } of TABLE) {
        const findings = await checkConfig(config, release);
        const errors = findings.filter(({ severity }) => severity === "error");
        // A running gateway refuses what it migrates when it starts: that is a warning, which says so.
        const isFound = findings.some(({ severity, rule }) => severity === "error" || rule === "old-key");
        const isValid = verdicts[name]?.valid;
        if (isValid === false) refused++;
        if (isValid && errors.length > 0)
          falseAlarms.push(`${name}: ${errors.map(({ path }) => path.join(".")).join()}`);
        if (isValid === false && !isFound) missed.push(name);
      }
      expect(falseAlarms).toEqual([]);
      expect(missed.toSorted()).toEqual((MISSED[release] ?? []).toSorted());
      expect(1 - missed.length / refused).toBeGreaterThanOrEqual(RECALL[release] ?? 0.85);
    });
  }
});
