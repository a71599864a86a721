import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { tightenReason } from "../../releases/reason.ts";
import type { Results } from "../../releases/row.ts";
import { REPOSITORY } from "../../support/repository.ts";

test.each([
  [
    "what npm cannot find",
    "Error: npm install ended with 1:\nnpm error code ETARGET\nnpm error notarget No matching version found for " +
      "@aws-sdk/core@^3.981.2.\nnpm error notarget In most cases you or one of your dependencies are requesting\n" +
      "npm error notarget a package version that doesn't exist.\n" +
      "npm error A complete log of this run can be found in: /home/me/.npm/_logs/debug-0.log\n",
    "No matching version found for @aws-sdk/core@^3.981.2.",
  ],
  [
    "what a test has found",
    'expect(received).toEqual(expected)\n\n- []\n+ [\n+   "toolsOfTurn is not there",\n+   "fallbacks is not there",\n' +
      "+ ]\n\n- Expected  - 1\n+ Received  + 4\n",
    "toolsOfTurn is not there, fallbacks is not there",
  ],
  [
    "what was waited for",
    'waited 120000 ms for config to be in sync\n{\n  "healthy": false,',
    "waited 120000 ms for config to be in sync",
  ],
  [
    "a file by its name alone",
    "waited 9 ms for /home/me/volume/openclaw.json at ws://127.0.0.1:1/x",
    "waited 9 ms for openclaw.json at ws://127.0.0.1:1/x",
  ],
  ["no more than a reader takes in", "x".repeat(500), `${"x".repeat(159)}…`],
])("tightenReason() tells %s", (_, message, reason) => {
  expect(tightenReason(message)).toBe(reason);
});

test("the reasons in results.json are tight, and name no place of a machine", async () => {
  const { rows } = JSON.parse(await readFile(join(REPOSITORY, "test/releases/results.json"), "utf8")) as Results;
  const reasons = rows.flatMap(({ cells }) =>
    Object.values(cells).flatMap((cell) => ("reason" in cell ? cell.reason : [])),
  );
  expect(reasons.map((reason) => tightenReason(reason))).toEqual(reasons);
});
