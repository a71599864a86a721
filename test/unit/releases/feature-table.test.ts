// How the table of features follows what was found on a new release.

import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Feature, featuresOf } from "../../../lib/gateway/features.ts";
import { compareFeatures, markGone } from "../../releases/feature-table.ts";
import { FEATURES } from "../../support/feature-probes.ts";
import { NEW } from "../../support/fakes.ts";
import { REPOSITORY } from "../../support/repository.ts";

const source = await readFile(join(REPOSITORY, "lib/gateway/features.ts"), "utf8");

test("compareFeatures() tells what a release no longer has, and what the table does not know of", () => {
  const table = { ...NEW, pacing: false };
  expect(compareFeatures(table, { ...NEW, trigger: false, webhook: false })).toEqual({
    gone: ["webhook", "trigger"],
    extra: ["pacing"],
  });
  expect(compareFeatures(table, table)).toEqual({ gone: [], extra: [] });
});

describe("markGone()", () => {
  test("writes the end of a feature into its row alone, on one line or on several", () => {
    expect(markGone(source, "pacing", "9999.1.1")).toBe(
      source.replace('  pacing: { since: "2026.8.1",', '  pacing: { since: "2026.8.1", until: "9999.1.1",'),
    );
    const lines = '  trigger: {\n    since: "2026.7.1",\n    field: "trigger",\n  },\n';
    expect(markGone(lines, "trigger", "9999.1.1")).toBe(lines.replace('7.1",', '7.1", until: "9999.1.1",'));
  });

  test("takes the place of a former end", () => {
    const once = markGone(source, "pacing", "9999.2.1");
    expect(markGone(once, "pacing", "9999.1.1")).toBe(markGone(source, "pacing", "9999.1.1"));
  });

  test("knows the row of every feature, and says where there is none", () => {
    for (const feature of FEATURES) expect(markGone(source, feature, "9999.1.1")).not.toBe(source);
    expect(() => markGone(source, "noSuchFeature", "9999.1.1")).toThrow("has no row noSuchFeature");
  });
});

test("every feature has a probe", () => {
  expect(FEATURES.toSorted()).toEqual((Object.keys(featuresOf("9999.1.1", 4)) as Feature[]).toSorted());
});
