export type MotdPlan = { kind: "none" } | { kind: "missing" } | { kind: "update"; text: string };

/** Pure. */
export function planMotd(desired: string | undefined, observed: string | undefined): MotdPlan {
  if (desired === undefined) return { kind: "missing" };
  return desired === observed ? { kind: "none" } : { kind: "update", text: desired };
}
