export type MotdPlan = { kind: "missing" } | { kind: "none" | "update"; text: string };

/** Pure. */
export function planMotd(desired: string | undefined, observed: string | undefined): MotdPlan {
  if (desired === undefined) return { kind: "missing" };
  return { kind: desired === observed ? "none" : "update", text: desired };
}
