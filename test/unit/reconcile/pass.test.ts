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

  test("turns an error into a failed pass, and logs it with its hint", async () => {
    const { lines, attempt } = start();
    expect(await attempt(failing("file", { hint: "make room" }))).toMatchObject({ kind: "failed" });
    expect(lines).toEqual(["WARNING: Failed to sync: no answer (make room)"]);
  });

  test("runs a pass again at once whose connection has ended, and says nothing", async () => {
    const { lines, attempt } = start();
    let runs = 0;
    const pass = async () => {
      runs += 1;
      return runs < 3 ? await failing("interrupted")() : ({ kind: "equal" } as const);
    };
    expect(await attempt(pass)).toEqual({ kind: "equal" });
    expect(runs).toBe(3);
    expect(lines).toEqual([]);
  });

  test("gives up on a pass that is interrupted each time, and tries again as for an unreachable gateway", async () => {
    const { lines, attempt } = start();
    let runs = 0;
    const pass = async () => {
      runs += 1;
      return await failing("interrupted")();
    };
    expect(await attempt(pass)).toMatchObject({ kind: "failed", maxPauseMs: 5_000 });
    expect(runs).toBe(4);
    expect(lines).toEqual(["WARNING: Failed to sync: no answer"]);
  });

  test("logs an error once, until it changes", async () => {
    const { lines, attempt } = start();
    for (let pass = 0; pass < 3; pass++) await attempt(failing("unreachable"));
    expect(lines).toHaveLength(1);
  });

  test("logs it again after an equal pass, but not after a rejected one", async () => {
    const { lines, attempt } = start();
    await attempt(failing("file"));
    await attempt(async () => ({ kind: "rejected" }));
    await attempt(failing("file"));
    expect(lines).toHaveLength(1);
    await attempt(async () => ({ kind: "equal" }));
    await attempt(failing("file"));
    expect(lines).toHaveLength(2);
  });

  test("logs it again after a pending pass: our own part succeeded", async () => {
    for (const pending of [NOT_VALIDATED, UNHEALED]) {
      const { lines, attempt } = start();
      await attempt(failing("file"));
      await attempt(async () => pending);
      await attempt(failing("file"));
      expect(lines).toHaveLength(2);
    }
  });

  test("logs it once across passes that failed without an error", async () => {
    const { lines, attempt } = start();
    await attempt(failing("file"));
    await attempt(async () => FAILED);
    await attempt(failing("file"));
    expect(lines).toHaveLength(1);
  });

  test("retries an unvalidated config as often as the connection, and a delayed self-healing once a minute", () => {
    expect(NOT_VALIDATED).toEqual({ kind: "pending", maxPauseMs: 5_000 });
    expect(UNHEALED).toEqual({ kind: "pending", maxPauseMs: 60_000 });
  });

  test("limits the pause to a few seconds while the gateway is unreachable", async () => {
    const { attempt } = start();
    expect(await attempt(failing("unreachable"))).toMatchObject({ maxPauseMs: 5_000 });
    for (const code of ["refused", "rejected", "file", "conflict"] as const) {
      expect(await attempt(failing(code))).toMatchObject({ maxPauseMs: 60_000 });
    }
  });

  test("passes on how long the gateway asked to wait", async () => {
    const { attempt } = start();
    expect(await attempt(failing("rejected", { retryAfterMs: 41_000 }))).toMatchObject({ retryAfterMs: 41_000 });
  });

  test("logs nothing if it was aborted", async () => {
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
