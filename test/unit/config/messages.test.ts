import { describe, expect, test } from "bun:test";
import {
  describeApplyTimeout,
  describeDrift,
  describeMigrated,
  describeNotValidated,
  describeRejection,
  describeRestored,
  describeStartChanges,
} from "../../../lib/config/messages.ts";
import type { HealDecision } from "../../../lib/reconcile/healing.ts";
import { generationOf } from "../../support/fakes.ts";

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

  test("completes OpenClaw's own advice, which mends the live file only, by the way into Git", () => {
    const problem = 'agents: Unrecognized key: "cli"; run "openclaw doctor --fix"';
    expect(describeRejection("/pvc/openclaw.json", [problem, "gateway.port: Invalid input"])).toEqual([
      `WARNING: Config rejected, /pvc/openclaw.json stays as it is: ${problem} ` +
        "(in Git: config-manager export config prints it as OpenClaw has migrated it)",
      "WARNING: Config rejected, /pvc/openclaw.json stays as it is: gateway.port: Invalid input",
    ]);
  });
});

describe("describeDrift()", () => {
  const describeIt = (paths: string[], healing?: HealDecision) => describeDrift("/pvc/openclaw.json", paths, healing);
  const ten = Array.from({ length: 10 }, (_, index) => `p${index}`);

  test("is one WARNING with the paths and the way to revert them", () => {
    expect(describeIt(["gateway.port", "x"])).toBe(
      "WARNING: Config drift: /pvc/openclaw.json was changed by something else: gateway.port, x " +
        "(it stays so until the ConfigMap changes; --self-heal would put it back)",
    );
  });

  test("says when --self-heal reverts them", () => {
    for (const decision of ["now", "later"] as const) {
      expect(describeIt(["x"], decision)).toBe(
        "WARNING: Config drift: /pvc/openclaw.json was changed by something else: x " +
          "(--self-heal puts it back, at most once a minute)",
      );
    }
  });

  test("says that --self-heal has given up, and how the change gets into Git", () => {
    expect(describeIt(["x"], "given-up")).toBe(
      "WARNING: Config drift: /pvc/openclaw.json was changed by something else: x " +
        "(--self-heal gives up: two heals did not last; put it into Git: config-manager export config)",
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

describe("describeStartChanges() and describeMigrated()", () => {
  const twelve = Array.from({ length: 12 }, (_, index) => `plugins.entries.p${index}`);

  test("are one line each, with the paths", () => {
    expect(describeStartChanges(["agents.defaults.maxConcurrent", "plugins.entries.telegram"])).toBe(
      "  OpenClaw changed its config at its start: agents.defaults.maxConcurrent, plugins.entries.telegram",
    );
    expect(describeMigrated(["routing.allowFrom"])).toBe(
      "WARNING: Config merged: OpenClaw has migrated keys that Git still has: routing.allowFrom " +
        "(in Git: config-manager export config)",
    );
  });

  test("a restored backup is one WARNING with the paths that Git delivers again", () => {
    expect(describeRestored(["channels.discord.token", "x"])).toBe(
      "WARNING: OpenClaw put an older config back at its start; Git's is delivered again: channels.discord.token, x",
    );
  });

  test("name every path: they are told once, and people look theirs up", () => {
    expect(describeStartChanges(twelve)).toEndWith(`: ${twelve.join(", ")}`);
    expect(describeMigrated(twelve)).toContain(`: ${twelve.join(", ")} (in Git: `);
    const many = Array.from({ length: 120 }, (_, index) => `a.b${index}`);
    expect(describeStartChanges(many)).toEndWith("a.b99 and 20 more");
  });
});

describe("describeApplyTimeout()", () => {
  const describeIt = (text: string) => describeApplyTimeout(generationOf(text));

  test("names the cause if gateway.reload.mode is off", () => {
    expect(describeIt('{gateway: {reload: {mode: "off"}}}')).toBe(
      "WARNING: Config not in force after 30 s: gateway.reload.mode is off, so it takes a restart of the gateway",
    );
  });

  test("finds it in an included file", () => {
    const files = { "gateway.json5": '{reload: {mode: "off"}}' };
    const line = describeApplyTimeout(generationOf('{gateway: {$include: "./gateway.json5"}}', files));
    expect(line).toContain("gateway.reload.mode is off, so it takes a restart");
  });

  test.each(['{gateway: {reload: {mode: "hybrid"}}}', "{}", '{mode: "off"}', "{", ""])(
    "names the possible causes for %j",
    (text) => {
      expect(describeIt(text)).toBe(
        "WARNING: Config not in force after 30 s: a restart may be deferred until running work is done, or the " +
          "gateway cannot apply it and would not start with it; read its log before you restart it",
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
