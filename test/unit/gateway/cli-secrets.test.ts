import { describe, expect, test } from "bun:test";
import { findExposed } from "../../../lib/gateway/cli-secrets.ts";
import type { JsonObject } from "../../../lib/json.ts";

const exposedIn = (fields: JsonObject) => findExposed(fields).map(({ what }) => what);

describe("findExposed()", () => {
  test.each<[string[], JsonObject]>([
    [["payload.env"], { payload: { kind: "command", env: { A: "1" } } }],
    [["payload.input"], { payload: { kind: "command", input: "yes" } }],
    [
      ["payload.argv"],
      { payload: { kind: "command", argv: ["curl", "-H", "Authorization: Bearer abcdefghijklmnop"] } },
    ],
    [["payload.message"], { payload: { kind: "agentTurn", message: "Use sk-abcdefghijklmnopqrstuvwxyz123456." } }],
    [["payload.env", "payload.input"], { payload: { env: { A: "1" }, input: "x" }, schedule: { kind: "cron" } }],
  ])("finds %j", (names, fields) => {
    expect(exposedIn(fields)).toEqual(names);
  });

  test.each<JsonObject>([
    {},
    {
      name: "backup",
      schedule: { kind: "cron", expr: "0 3 * * *" },
      payload: { kind: "command", argv: ["backup.sh"] },
    },
    { payload: { kind: "command", env: {}, input: null } },
    { enabled: false, failureAlert: null },
  ])("finds nothing in %j", (fields) => {
    expect(exposedIn(fields)).toEqual([]);
  });

  test("says why, and what to do, without the value", () => {
    const [found] = findExposed({ payload: { input: "s3cret" } });
    expect(found).toEqual({
      what: "payload.input",
      reason:
        "would be an argument of the openclaw CLI, which others in this Pod can read; give this container the " +
        "gateway's OPENCLAW_GATEWAY_TOKEN, or allow it with --transport cli",
    });
  });
});
