/** The header of `GET /status` with the name of the sidecar's Pod, for {@link file://../commands/nudge.ts}. */
export const POD_HEADER = "config-manager-pod";

/** Whether this can be the name of a Pod: such a text is safe in a path and in a line. */
export function isPodName(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(text);
}
