// A toy kind of setting: a message of the day that is kept equal to the ConfigMap's `motd.txt`. A test copies this
// folder into a copy of lib/, adds its line to lib/commands/kinds.ts, and expects it in everything that iterates over
// the kinds.

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { replaceFile } from "../../../lib/files/replace.ts";
import type { Log } from "../../../lib/log.ts";
import { attemptPass } from "../../../lib/reconcile/pass.ts";
import type { Reconciler } from "../../../lib/reconcile/reconciler.ts";
import { createStanding } from "../../../lib/reconcile/standing.ts";
import type { Warnings } from "../../../lib/reconcile/warnings.ts";
import type { Settings } from "../../../lib/settings.ts";
import { type MotdPlan, planMotd } from "./plan.ts";
import { readMotd } from "./read.ts";
import { reportMotd } from "./report.ts";

interface MotdDependencies {
  settings: Pick<Settings, "configDir" | "pvcConfig">;
  log: Log;
  warnings: Warnings;
}

export function createMotdReconciler({ settings, log, warnings }: MotdDependencies): Reconciler {
  const path = join(dirname(settings.pvcConfig), "motd.txt");
  const plan = async (): Promise<MotdPlan> => {
    const observed = await readFile(path, "utf8").catch(() => undefined);
    return planMotd(await readMotd(settings.configDir), observed);
  };
  const standing = createStanding();
  let written = 0;
  const apply = async () => {
    const planned = await plan();
    standing.hasRead(planned.kind === "missing" ? "none" : planned.text);
    if (planned.kind === "missing") return { kind: "rejected" } as const;
    if (planned.kind === "update") {
      await replaceFile(path, Buffer.from(planned.text));
      written += 1;
      log(`Message written: ${path}`);
    }
    return { kind: "equal" } as const;
  };
  return {
    name: "toy",
    monitoring: `${settings.configDir} (message of the day)`,
    directories: [settings.configDir],
    events: [],
    needsGateway: false,
    gauges: [{ name: "toy_written", help: "How often the message was written.", read: () => written }],
    prepare: async () => (await attemptPass("Failed to write the message", apply, warnings)).kind !== "failed",
    reconcile: () => standing.attempt("Failed to write the message", apply, warnings),
    readMounted: async () => ({ checksum: await readMotd(settings.configDir) }),
    standing: () => standing.current,
    report: async () => reportMotd(await plan(), path),
  };
}
