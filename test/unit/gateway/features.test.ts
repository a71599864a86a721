import { describe, expect, test } from "bun:test";
import { explainMissing, featuresOf, hasFeature, learnFromRefusal } from "../../../lib/gateway/features.ts";
import { NEW, OLD } from "../../support/fakes.ts";

/** The two features that change the shape of a job. */
const both = (commandPayload: boolean, declarationKey: boolean) => ({ commandPayload, declarationKey });
const COMMANDS_ALONE = both(true, false);

describe("featuresOf()", () => {
  // As measured on the real releases.
  test.each([
    ["dev", 3, OLD], // 2026.2.9
    ["2026.2.26", 3, both(false, false)],
    ["2026.4.15", 3, both(false, false)],
    ["2026.5.20", 4, both(false, false)],
    ["2026.6.11", 4, COMMANDS_ALONE],
    ["2026.7.35", 4, both(true, true)],
    ["2026.8.2", 4, NEW],
    ["2026.9.6", 4, NEW],
  ])("knows the features of %s (protocol %d)", (version, protocol, features) => {
    expect(featuresOf(version, protocol)).toMatchObject(features);
  });

  test("compares versions by number, not as text", () => {
    expect(featuresOf("2026.10.1", 4)).toEqual(NEW);
    expect(featuresOf("2027.1.1", 4)).toEqual(NEW);
    expect(featuresOf("2025.12.31", 4)).toEqual(OLD);
    expect(featuresOf("2026.6.5", 4)).toMatchObject(COMMANDS_ALONE);
    expect(featuresOf("2026.5.100", 4)).toMatchObject(both(false, false));
  });

  test("ignores what follows the numbers of a version", () => {
    expect(featuresOf("2026.9.6-beta.1", 4)).toEqual(NEW);
    expect(featuresOf("2026.5.20-3", 4)).toEqual(featuresOf("2026.5.20", 4));
  });

  test.each(["dev", "", "unknown", "main-1a2b3c"])(
    "assumes all features of protocol 4 and none of protocol 3 for %j",
    (version) => {
      expect(featuresOf(version, 4)).toEqual(NEW);
      expect(featuresOf(version, 3)).toEqual(OLD);
    },
  );
});

describe("a feature that a later release no longer has", () => {
  const row = { since: "2026.3.1", until: "2026.10.2" };

  test.each([
    ["2026.2.26", false],
    ["2026.3.1", true],
    ["2026.10.1", true],
    ["2026.10.2", false],
    ["2026.10.2-beta.1", false],
    ["2027.1.1", false],
    ["dev", true], // the gateway refuses what it lacks
  ])("is known for %s: %p", (version, isThere) => {
    expect(hasFeature(row, version, 4)).toBe(isThere);
  });

  test("is told with both ends", () => {
    const reason = "needs OpenClaw 2026.3 or later, and one before 2026.10.2";
    expect(explainMissing(row, "delivery.threadId")).toEqual({ what: "delivery.threadId", reason });
    expect(explainMissing({ since: "2026.3.1" }, "pacing")).toEqual({ what: "pacing", since: "2026.3" });
  });
});

describe("learnFromRefusal()", () => {
  const NO_KEY = "invalid cron.add params: at root: unexpected property 'declarationKey'";
  const NO_COMMAND = "invalid cron.add params: at /payload: unexpected property 'argv'";

  test("learns that there are no declaration keys", () => {
    expect(learnFromRefusal(NEW, NO_KEY)).toMatchObject(COMMANDS_ALONE);
  });

  test("learns that there are no command jobs", () => {
    expect(learnFromRefusal(NEW, NO_COMMAND)).toEqual({ ...NEW, commandPayload: false });
  });

  test("learns from the CLI, too", () => {
    expect(learnFromRefusal(NEW, "error: unknown option '--declaration-key=x'")).toMatchObject(COMMANDS_ALONE);
    expect(learnFromRefusal(NEW, "unknown option '--command-argv'")).toMatchObject({ commandPayload: false });
  });

  test("learns both from one refusal", () => {
    expect(learnFromRefusal(NEW, `${NO_KEY}; ${NO_COMMAND}`)).toMatchObject(both(false, false));
  });

  test("learns nothing a second time, so that a caller does not retry for ever", () => {
    expect(learnFromRefusal(OLD, NO_KEY)).toBeUndefined();
    expect(learnFromRefusal(OLD, NO_COMMAND)).toBeUndefined();
  });

  test("learns nothing from any other refusal", () => {
    expect(learnFromRefusal(NEW, "invalid cron.add params: at root: unexpected property 'pacing'")).toBeUndefined();
    expect(learnFromRefusal(NEW, "invalid cron schedule: argv")).toBeUndefined();
  });
});
