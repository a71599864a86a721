import { describe, expect, test } from "bun:test";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";
import { type ErrorCode, ManagerError } from "../../../lib/errors.ts";
import type { PassOutcome } from "../../../lib/reconcile/loop.ts";
import { FAILED, UNHEALED, NOT_VALIDATED, attemptPass } from "../../../lib/reconcile/pass.ts";
import { thrownBy } from "../../support/fakes.ts";

function start() {
  const lines: string[] = [];
  const warnings = createWarnings((line) => lines.push(line));
  const attempt = (pass: () => Promise<PassOutcome>) => attemptPass("Failed to sync", pass, warnings);
  return { lines, attempt };
}

const failing = (code: ErrorCode, options?: ConstructorParameters<typeof ManagerError>[2]) => async () => {
  throw new ManagerError(code, "no answer", options);
};

describe("attemptPass()", () => {
  test.each([{ kind: "equal" }, { kind: "rejected" }, FAILED, NOT_VALIDATED, UNHEALED] satisfies PassOutcome[])(
    "hands on %j",
    async (outcome) => {
      const { lines, attempt } = start();
      expect(await attempt(async () => outcome)).toEqual(outcome);
      expect(lines).toEqual([]);
    },
  );

  test("makes a failed pass of an error, and says why with its hint", async () => {
    const { lines, attempt } = start();
    expect(await attempt(failing("file", { hint: "make room" }))).toMatchObject({ kind: "failed" });
    expect(lines).toEqual(["WARNING: Failed to sync: no answer (make room)"]);
  });

  test("says it once for as long as it stays the same", async () => {
    const { lines, attempt } = start();
    for (let pass = 0; pass < 3; pass++) await attempt(failing("unreachable"));
    expect(lines).toHaveLength(1);
  });

  test("says it again after a pass that went well, but not after one that was rejected", async () => {
    const { lines, attempt } = start();
    await attempt(failing("file"));
    await attempt(async () => ({ kind: "rejected" }));
    await attempt(failing("file"));
    expect(lines).toHaveLength(1);
    await attempt(async () => ({ kind: "equal" }));
    await attempt(failing("file"));
    expect(lines).toHaveLength(2);
  });

  test("says it again after one that only awaits somebody else's word: what we could do went well", async () => {
    for (const pending of [NOT_VALIDATED, UNHEALED]) {
      const { lines, attempt } = start();
      await attempt(failing("file"));
      await attempt(async () => pending);
      await attempt(failing("file"));
      expect(lines).toHaveLength(2);
    }
  });

  test("says it once over passes that failed without an error", async () => {
    const { lines, attempt } = start();
    await attempt(failing("file"));
    await attempt(async () => FAILED);
    await attempt(failing("file"));
    expect(lines).toHaveLength(1);
  });

  test("looks for a gateway's word as often as for the gateway, for a healing that has to wait once a minute", () => {
    expect(NOT_VALIDATED).toEqual({ kind: "pending", maxPauseMs: 5_000 });
    expect(UNHEALED).toEqual({ kind: "pending", maxPauseMs: 60_000 });
  });

  test("asks for no longer pauses than a gateway may be away, where it is away", async () => {
    const { attempt } = start();
    expect(await attempt(failing("unreachable"))).toMatchObject({ maxPauseMs: 5_000 });
    for (const code of ["refused", "rejected", "file", "conflict"] as const) {
      expect(await attempt(failing(code))).toMatchObject({ maxPauseMs: 60_000 });
    }
  });

  test("hands on how long the gateway asked to be left alone", async () => {
    const { attempt } = start();
    expect(await attempt(failing("rejected", { retryAfterMs: 41_000 }))).toMatchObject({ retryAfterMs: 41_000 });
  });

  test("says nothing where it was told to stop", async () => {
    const { lines, attempt } = start();
    expect(await attempt(failing("aborted"))).toMatchObject({ kind: "failed" });
    expect(lines).toEqual([]);
  });

  test("does not hide a bug", async () => {
    const { lines, attempt } = start();
    const bug = new TypeError("a bug");
    const attempted = attempt(async () => {
      throw bug;
    });
    expect(await thrownBy(attempted)).toBe(bug);
    expect(lines).toEqual([]);
  });
});
