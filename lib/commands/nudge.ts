import type { Clock } from "../clock.ts";
import { ManagerError, toResult } from "../errors.ts";

/** The annotation. The kubelet looks at no key of its own: any change of a Pod makes it sync that Pod. */
const ANNOTATION = "config-manager/nudged-at";

/**
 * The pause after the first nudge, in milliseconds. Each further one doubles it: a nudge comes too early only where the
 * node does not know the new ConfigMap yet, which takes moments, or minutes with `Cache` on a large cluster.
 */
const FIRST_PAUSE_MS = 2_000;
const MAX_PAUSE_MS = 30_000;

export interface NudgeDependencies {
  clock: Pick<Clock, "nowMs" | "uptimeMs">;
  /** @throws {ManagerError} if the Pod could not be annotated. */
  annotate: (pod: string, annotations: Readonly<Record<string, string>>, limitMs: number) => Promise<void>;
  /** Prints what has been done. */
  tell: (line: string) => void;
  /** Prints why it could not be done. */
  notice: (kind: "warning" | "hint", line: string) => void;
}

/** @param pod the sidecar's, as it says itself. @returns whether the Pod has been annotated: it is soon worth another look. */
export type Nudge = (pod: string | undefined, limitMs: number) => Promise<boolean>;

/**
 * Makes the kubelet refresh the volumes of the sidecar's Pod at once: to be called as long as the sidecar has other files
 * than this container. A failure is a warning, since the kubelet comes by itself.
 */
export function createNudge({ clock, annotate, tell, notice }: NudgeDependencies): Nudge {
  let pauseMs = FIRST_PAUSE_MS;
  let nextMs = -Infinity;
  let said: string | undefined;
  const say = (line: string, print: () => void) => {
    if (line !== said) print();
    said = line;
  };
  return async (pod, limitMs) => {
    if (clock.uptimeMs() < nextMs) return false;
    nextMs = clock.uptimeMs() + pauseMs;
    pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
    const result = await toResult(pod === undefined ? Promise.reject(NAMELESS) : annotateNow(pod));
    if (!(result instanceof ManagerError)) {
      const line = `nudged the Pod ${pod}, so that the kubelet refreshes its volumes`;
      say(line, () => tell(line));
      return true;
    }
    const { message, hint } = result;
    say(message, () => {
      notice("warning", `cannot nudge the sidecar's Pod, and wait for the kubelet: ${message}`);
      if (hint !== undefined) notice("hint", hint);
    });
    return false;

    function annotateNow(name: string): Promise<void> {
      return annotate(name, { [ANNOTATION]: new Date(clock.nowMs()).toISOString() }, limitMs);
    }
  };
}

const NAMELESS = new ManagerError("rejected", "the sidecar does not say which Pod it is in", {
  hint: "it is older than this program, or its host name is not a Pod's",
});
