import type { Log } from "../log.ts";

/** Logs a lasting problem once instead of at every pass. */
export interface Warnings {
  /** Logs the messages unless they equal the last ones of the topic. A new `occasion` logs equal messages again. */
  warnOnce(topic: string, messages: readonly string[], occasion?: string): void;
  /** Marks the topic as solved: the next problem is logged even if it is the same. */
  clear(topic: string): void;
}

export function createWarnings(log: Log): Warnings {
  const lastByTopic = new Map<string, string>();
  return {
    warnOnce(topic, messages, occasion = "") {
      const warning = JSON.stringify([occasion, messages]);
      if (lastByTopic.get(topic) === warning) return;
      lastByTopic.set(topic, warning);
      for (const message of messages) log(message);
    },
    clear(topic) {
      lastByTopic.delete(topic);
    },
  };
}
