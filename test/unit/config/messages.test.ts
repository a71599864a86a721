import { describe, expect, test } from "bun:test";
import {
  describeApplyTimeout,
  describeDrift,
  describeNotValidated,
  describeRejection,
} from "../../../lib/config/messages.ts";
import { fileOf } from "../../support/fakes.ts";

describe("describeRejection()", () => {
  test("returns a WARNING per problem, which says what stays in place", () => {
    expect(describeRejection("/pvc/openclaw.json", ["one", "two"])).toEqual([
      "WARNING: Config rejected, /pvc/openclaw.json stays as it is: one",
      "WARNING: Config rejected, /pvc/openclaw.json stays as it is: two",
    ]);
  });

  test("says that the rejected config is in place if there is no other", () => {
    expect(describeRejection("/pvc/openclaw.json", ["one", "two"], true)).toEqual([
      "WARNING: Config rejected, no earlier one is known to put back: one",
      "WARNING: Config rejected, no earlier one is known to put back: two",
    ]);
  });
});

describe("describeDrift()", () => {
  const describeIt = (paths: string[], selfHeal = false) => describeDrift("/pvc/openclaw.json", paths, selfHeal);
  const ten = Array.from({ length: 10 }, (_, index) => `p${index}`);

  test("is one WARNING with the paths and the way to revert them", () => {
    expect(describeIt(["gateway.port", "x"])).toBe(
      "WARNING: Config drift: /pvc/openclaw.json was changed by something else: gateway.port, x " +
        "(it stays so until the ConfigMap changes; --self-heal would put it back)",
    );
  });

  test("says when --self-heal reverts them", () => {
    expect(describeIt(["x"], true)).toBe(
      "WARNING: Config drift: /pvc/openclaw.json was changed by something else: x " +
        "(--self-heal puts it back, at most once a minute)",
    );
  });

  test("says that the file does not parse", () => {
    expect(describeIt([])).toContain("was changed by something else: it is no longer JSON5 (");
  });

  test("names ten paths and counts the others", () => {
    expect(describeIt(ten)).toContain(`: ${ten.join(", ")} (`);
    expect(describeIt([...ten, "q", "r"])).toContain(`: ${ten.join(", ")} and 2 more (`);
  });
});

describe("describeApplyTimeout()", () => {
  const describeIt = (text: string) => describeApplyTimeout(fileOf(text));

  test("names the cause if gateway.reload.mode is off", () => {
    expect(describeIt('{gateway: {reload: {mode: "off"}}}')).toBe(
      "WARNING: Config not in force after 30 s: gateway.reload.mode is off, so it takes a restart of the gateway",
    );
  });

  test.each(['{gateway: {reload: {mode: "hybrid"}}}', "{}", '{mode: "off"}', "{", ""])(
    "names the possible causes for %j",
    (text) => {
      expect(describeIt(text)).toBe(
        "WARNING: Config not in force after 30 s: a restart of the gateway may be deferred " +
          "until running work is done, or gateway.reload.mode is off",
      );
    },
  );
});
describe("describeNotValidated()", () => {
  test("is one line with the reason, or that there is no gateway", () => {
    expect(describeNotValidated({ reason: "config.get: no answer" })).toBe(
      "  Not validated by the gateway yet: config.get: no answer",
    );
    expect(describeNotValidated({ reason: undefined })).toBe("  Not validated by the gateway yet: no gateway to ask");
  });
});
