import process from "node:process";
import { formatJson } from "../json.ts";
import type { WorkInvocation } from "./invocation.ts";
import type { Runtime } from "./runtime.ts";
import { takeSnapshot } from "./snapshot.ts";
import { describeTerminal } from "./terminal.ts";

type Inspection = Extract<WorkInvocation, { command: "status" | "diff" | "doctor" }>;

/** Runs `status`, `diff` or `doctor` on one snapshot and prints the result. @returns the exit code. */
export async function inspect(invocation: Inspection, runtime: Runtime): Promise<number> {
  const snapshot = await takeSnapshot(runtime);
  const terminal = describeTerminal(process.stdout);
  const { json } = invocation;
  switch (invocation.command) {
    case "status": {
      const { toStatus, toStatusJson } = await import("./status.ts");
      const { renderStatus } = await import("./status-text.ts");
      const status = toStatus(snapshot);
      await runtime.print(json ? formatJson(toStatusJson(status)) : renderStatus(snapshot, status, terminal));
      return status.healthy ? 0 : 1;
    }
    case "diff": {
      const { toDiff, toDiffJson } = await import("./diff.ts");
      const { renderDiff } = await import("./diff-text.ts");
      const diff = toDiff(snapshot);
      await runtime.print(json ? formatJson(toDiffJson(diff)) : renderDiff(diff, terminal));
      if (diff.isBroken) return 1;
      return invocation.exitCode && diff.changes > 0 ? 2 : 0;
    }
    case "doctor": {
      const { examine } = await import("./doctor.ts");
      const { renderDiagnosis } = await import("./doctor-text.ts");
      const diagnosis = await examine(snapshot, process.env);
      await runtime.print(json ? formatJson(diagnosis) : renderDiagnosis(diagnosis, terminal));
      return diagnosis.ok ? 0 : 1;
    }
  }
}
