import { describe, expect, test } from "bun:test";
import type { Definition } from "../../../lib/definition/definition.ts";
import { isCommandAsTurn, toJobSpec } from "../../../lib/cron/job-spec.ts";
import { NEW, OLD, define } from "../../support/fakes.ts";

const specOf = (fields: Partial<Definition>) => toJobSpec(define(fields), NEW);
const payloadOf = (fields: Partial<Definition>) => specOf(fields).payload;

describe("toJobSpec()", () => {
  test("translates a definition into OpenClaw's names", () => {
    const definition = define({ description: "Nightly", timeout: 300, cwd: "/srv", env: { A: "1" } });
    expect(toJobSpec(definition, NEW)).toEqual({
      name: "backup",
      description: "Nightly",
      schedule: { kind: "cron", expr: "0 3 * * *" },
      sessionTarget: "isolated",
      wakeMode: "now",
      payload: {
        kind: "command",
        argv: ["sh", "-lc", "backup.sh"],
        cwd: "/srv",
        env: { A: "1" },
        timeoutSeconds: 300,
      },
      delivery: { mode: "none" },
    });
  });

  test("passes on the fields that OpenClaw names alike", () => {
    const same = {
      displayName: "Backup",
      sessionKey: "agent:main:main",
      deleteAfterRun: true,
      failureAlert: { after: 3 },
      pacing: { min: "1h" },
      trigger: { script: "return true" },
    };
    expect(specOf(same)).toMatchObject(same);
    const options = { cwd: "/srv", env: { A: "1" }, input: "x", noOutputTimeoutSeconds: 5, outputMaxBytes: 6 };
    expect(payloadOf(options)).toMatchObject(options);
  });

  test("keeps an argv array unchanged", () => {
    const argv = ["printf", "%s\n", "$(date)", " a b ", "it's"];
    expect(payloadOf({ command: argv })).toEqual({ kind: "command", argv });
  });

  test("translates a message into an agent turn", () => {
    const options = { model: "a/b", fallbacks: ["c/d"], thinking: "low", lightContext: true };
    const fields = { message: "Sum up.", ...options, allowUnsafeExternalContent: true };
    expect(payloadOf({ ...fields, timeout: 60, tools: ["exec"] })).toEqual({
      kind: "agentTurn",
      ...fields,
      timeoutSeconds: 60,
      toolsAllow: ["exec"],
    });
  });

  test("runs a system event in the main session, and anything else in an isolated one", () => {
    expect(specOf({ systemEvent: "Break." })).toMatchObject({
      sessionTarget: "main",
      payload: { kind: "systemEvent", text: "Break." },
    });
    expect(specOf({ message: "x" }).sessionTarget).toBe("isolated");
    expect(specOf({ command: "x" }).sessionTarget).toBe("isolated");
    expect(specOf({ payload: { kind: "systemEvent", text: "x" } }).sessionTarget).toBe("main");
    expect(specOf({ message: "x", session: "main" }).sessionTarget).toBe("main");
    expect(specOf({ systemEvent: "x", session: "isolated" }).sessionTarget).toBe("isolated");
  });

  test("delivers nothing where no delivery is declared", () => {
    expect(specOf({}).delivery).toEqual({ mode: "none" });
    expect(specOf({ delivery: { mode: "announce", to: "x" } }).delivery).toEqual({ mode: "announce", to: "x" });
  });

  test("omits enabled if it is not declared", () => {
    expect(specOf({})).not.toHaveProperty("enabled");
    expect(specOf({ enabled: false }).enabled).toBeFalse();
    expect(specOf({ enabled: true }).enabled).toBeTrue();
  });

  test.each([
    [{ timeout: 5 }, { timeoutSeconds: 5 }],
    [{ agent: "ops" }, { agentId: "ops" }],
    [{ session: "main" }, { sessionTarget: "main" }],
    [{ wake: "next-heartbeat" }, { wakeMode: "next-heartbeat" }],
    [{ tools: ["exec"] }, { toolsAllow: ["exec"] }],
  ] satisfies [Partial<Definition>, Partial<Definition>][])("takes %j for %j", (ours, theirs) => {
    expect(specOf(ours)).toEqual(specOf(theirs));
    expect(specOf(ours)).not.toEqual(specOf({}));
  });

  test("trims the description, and omits an empty one", () => {
    expect(specOf({ description: "  Nightly\n" }).description).toBe("Nightly");
    expect(specOf({ description: " \n" })).not.toHaveProperty("description");
  });

  test("puts the time zone into the schedule", () => {
    expect(specOf({ tz: "Asia/Tokyo" }).schedule).toEqual({ kind: "cron", expr: "0 3 * * *", tz: "Asia/Tokyo" });
  });

  test("keeps OpenClaw's own schedule unchanged", () => {
    const schedule = { kind: "every", everyMs: 60_000, anchorMs: 5 } as const;
    expect(specOf({ schedule }).schedule).toEqual(schedule);
  });

  test("formats a moment as the gateway stores it, whatever its zone", () => {
    const moments = ["2027-01-31T09:00:00+09:00", "2027-01-31T00:00:00Z", "2027-01-31T00:00:00.000Z", "2027-01-31"];
    for (const at of moments) {
      expect(specOf({ schedule: { kind: "at", at } }).schedule).toEqual({ kind: "at", at: "2027-01-31T00:00:00.000Z" });
    }
  });

  test("does not let a login shell reset the PATH that a command is given", () => {
    const env = { PATH: "/opt/bin:/usr/bin:/bin", A: "1" };
    expect(payloadOf({ command: "backup.sh", env })).toEqual({ kind: "command", argv: ["sh", "-c", "backup.sh"], env });
    expect(payloadOf({ command: "backup.sh", env: { A: "1" } })).toMatchObject({ argv: ["sh", "-lc", "backup.sh"] });
    expect(payloadOf({ command: ["backup.sh"], env })).toMatchObject({ argv: ["backup.sh"] });
    expect(payloadOf({ command: "backup.sh", env, retry: 2 })).toMatchObject({
      argv: ["sh", "-c", expect.any(String), "retry", "sh", "-c", "backup.sh"],
    });
  });

  test("reads a moment in the zone beside it, or inside, and sends none", () => {
    const expected = { kind: "at", at: "2027-01-31T00:00:00.000Z" };
    const at = "2027-01-31T09:00";
    expect(specOf({ schedule: { kind: "at", at }, tz: "Asia/Tokyo" }).schedule).toEqual(expected);
    expect(specOf({ schedule: { kind: "at", at, tz: "Asia/Tokyo" } }).schedule).toEqual(expected);
    expect(specOf({ schedule: { kind: "at", at: `${at}+09:00` }, tz: "Europe/Berlin" }).schedule).toEqual(expected);
  });

  test("keeps OpenClaw's own payload, with the gateway's default limits of a script", () => {
    const payload = { kind: "script", script: "return 1", toolBudget: 3 } as const;
    expect(payloadOf({ payload })).toEqual({ ...payload, timeoutSeconds: 300 });
  });

  test("omits undeclared fields: on the wire, absent and undefined differ", () => {
    const specs = [define(), define({ message: "x" }), define({ systemEvent: "x" })].flatMap((definition) => [
      toJobSpec(definition, NEW),
      toJobSpec(definition, OLD),
    ]);
    // toStrictEqual distinguishes an absent field from an undefined one
    for (const spec of specs) expect(spec).toStrictEqual(JSON.parse(JSON.stringify(spec)));
  });

  test("does not modify the definition", () => {
    const definition = define({ delivery: { mode: "announce" }, schedule: { kind: "every", everyMs: 5 }, retry: 1 });
    const before = structuredClone(definition);
    toJobSpec(definition, NEW);
    toJobSpec(definition, OLD);
    expect(definition).toEqual(before);
  });
});

describe("isCommandAsTurn()", () => {
  test("is true for a command on a gateway without command jobs", () => {
    expect(isCommandAsTurn(define(), OLD)).toBeTrue();
    expect(isCommandAsTurn(define({ payload: { kind: "command", argv: ["x"] } }), OLD)).toBeTrue();
  });

  test("is false for any other payload, and on a gateway with command jobs", () => {
    expect(isCommandAsTurn(define(), NEW)).toBeFalse();
    expect(isCommandAsTurn(define({ message: "x" }), OLD)).toBeFalse();
    expect(isCommandAsTurn(define({ systemEvent: "x" }), OLD)).toBeFalse();
  });
});
