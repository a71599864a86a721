import { pass, warn } from "../../../lib/reconcile/check.ts";
import type { Report } from "../../../lib/reconcile/report.ts";
import type { MotdPlan } from "./plan.ts";

export function reportMotd(plan: MotdPlan, path: string): Report {
  const isPending = plan.kind === "update";
  const check = isPending ? warn("message", `${path} is not what Git says`) : pass("message", path);
  return {
    status: () => ({ json: { state: isPending ? "pending" : "in-sync", problems: [], length: 1 }, detail: path }),
    diff: () => ({
      json: { action: plan.kind, problems: [] },
      changes: isPending ? 1 : 0,
      isBroken: false,
      heading: isPending ? `Message: ${path}` : undefined,
      notes: [],
      entries: isPending ? [{ mark: "~ write", meaning: "change", text: path, changes: [] }] : [],
      counts: { planned: [isPending ? "1 message to write" : "0 messages to write"], unchanged: ["1 message"] },
    }),
    check: async () => ({ source: [], place: [], ownership: [], applied: [check] }),
  };
}
