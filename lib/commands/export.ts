import process from "node:process";
import { describeCaveats, exportJobs } from "../cron/export.ts";
import { formatJson } from "../json.ts";
import type { Runtime } from "./runtime.ts";

/** Prints the live jobs as a definition file. @returns whether all of them could be exported. */
export async function exportCron({ transport, settings, clock, print }: Runtime): Promise<boolean> {
  const store = await transport.open();
  const options = { owner: settings.owner, features: store.features, nowMs: clock.nowMs() };
  const exported = exportJobs(await store.listJobs(), options);
  for (const warning of describeCaveats(exported)) process.stderr.write(`warning: ${warning}\n`);
  await print(formatJson(exported.definitions));
  return exported.skipped.length === 0;
}
