import { afterEach, describe, expect, spyOn, test } from "bun:test";
import process from "node:process";
import { printExport } from "../../../lib/commands/export.ts";
import type { Runtime } from "../../../lib/commands/runtime.ts";
import type { Export } from "../../../lib/reconcile/reconciler.ts";
import { createFakeReconciler, refusalOf } from "../../support/fakes.ts";

const stderr = spyOn(process.stderr, "write").mockImplementation(() => true);
afterEach(() => stderr.mockClear());

/** Exports from a kind that answers with this, or that has no export. */
async function print(answer: Export | undefined) {
  const printed: string[] = [];
  const cron = createFakeReconciler("cron");
  const config = createFakeReconciler("config", answer ? { export: async () => answer } : {});
  const runtime = { reconcilers: { config, cron }, print: async (text: string) => void printed.push(text) };
  const isComplete = await printExport(runtime as unknown as Runtime, "config");
  return { isComplete, printed, warned: stderr.mock.calls.map(([text]) => String(text)) };
}

describe("printExport()", () => {
  test("prints the file alone on stdout, and a line for each caveat on stderr", async () => {
    expect(await print({ text: "{}\n", caveats: ["one", "two"], isComplete: true })).toEqual({
      isComplete: true,
      printed: ["{}\n"],
      warned: ["warning: one\n", "warning: two\n"],
    });
  });

  test("prints what there is, and returns that it is not all", async () => {
    expect(await print({ text: "[]\n", caveats: [], isComplete: false })).toEqual({
      isComplete: false,
      printed: ["[]\n"],
      warned: [],
    });
  });

  test("refuses a kind without an export as wrong usage", async () => {
    expect(await refusalOf(print(undefined))).toMatchObject({
      code: "usage",
      message: "config cannot be exported",
      hint: "config-manager help export",
    });
  });
});
