import { computeDigest } from "../digest.ts";
import type { Log } from "../log.ts";
import { capLines } from "../printable.ts";

/** How many lines of one kind are logged at once. */
const MAX_LINES = 10;

/** Logs the first ten, and how many more there are: a file or a gateway may have any number of problems. */
export function logSome(log: Log, messages: readonly string[], limit = MAX_LINES): void {
  for (const message of capLines(messages, limit, describeMore)) log(message);
}

function describeMore(count: number): string {
  return `WARNING: More of the same are not logged: ${count} (config-manager diff lists them, validate those of a file)`;
}

/** Logs a lasting problem once instead of at every pass. */
export interface Warnings {
  /**
   * Logs the messages unless they equal the last ones of the topic. A new `occasion` logs equal messages again. Of more
   * than `limit` messages, ten unless told otherwise, the rest is counted.
   */
  warnOnce(topic: string, messages: readonly string[], occasion?: string, limit?: number): void;
  /** Marks the topic as solved: the next problem is logged even if it is the same. */
  clear(topic: string): void;
}

export function createWarnings(log: Log): Warnings {
  const lastByTopic = new Map<string, string>();
  return {
    warnOnce(topic, messages, occasion = "", limit = MAX_LINES) {
      const warning = computeDigest("sha256", JSON.stringify([occasion, messages]));
      if (lastByTopic.get(topic) === warning) return;
      lastByTopic.set(topic, warning);
      logSome(log, messages, limit);
    },
    clear(topic) {
      lastByTopic.delete(topic);
    },
  };
}
