import type { ConfigFile } from "./config-file.ts";
import { readReloadMode } from "./document.ts";
import { APPLY_TIMEOUT_MS } from "./verdict.ts";

/** How many paths one line names. */
const MAX_PATHS_IN_LINE = 10;

/** Returns a WARNING per problem. `isLive`: the rejected config stays in place, since there is none to put back. */
export function describeRejection(pvcConfig: string, problems: readonly string[], isLive = false): string[] {
  const outcome = isLive ? "no earlier one is known to put back" : `${pvcConfig} stays as it is`;
  return problems.map((problem) => `WARNING: Config rejected, ${outcome}: ${problem}`);
}

/** Returns one WARNING, without values. */
export function describeDrift(pvcConfig: string, paths: readonly string[], selfHeal: boolean): string {
  const named = paths.slice(0, MAX_PATHS_IN_LINE).join(", ") || "it is no longer JSON5";
  const more = paths.length > MAX_PATHS_IN_LINE ? ` and ${paths.length - MAX_PATHS_IN_LINE} more` : "";
  const advice = selfHeal
    ? "--self-heal puts it back, at most once a minute"
    : "it stays so until the ConfigMap changes; --self-heal would put it back";
  return `WARNING: Config drift: ${pvcConfig} was changed by something else: ${named}${more} (${advice})`;
}

/** Returns one line for a config that is in place and that no gateway has validated. */
export function describeNotValidated({ reason }: { reason: string | undefined }): string {
  return `  Not validated by the gateway yet: ${reason ?? "no gateway to ask"}`;
}

/** Returns one WARNING for a config that the gateway has not applied in time, with the likely cause. */
export function describeApplyTimeout({ parsed }: ConfigFile): string {
  const mode = parsed.kind === "parsed" ? readReloadMode(parsed.value) : undefined;
  const cause =
    mode === "off"
      ? "gateway.reload.mode is off, so it takes a restart of the gateway"
      : "a restart of the gateway may be deferred until running work is done, or gateway.reload.mode is off";
  return `WARNING: Config not in force after ${APPLY_TIMEOUT_MS / 1000} s: ${cause}`;
}
