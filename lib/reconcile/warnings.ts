import type { Log } from "../log.ts";

/** Says a standing problem once, not at every pass that meets it. */
export interface Warnings {
  /** Logs the messages, unless they are what was said last about the topic. `occasion` tells apart two of the same words. */
  warnOnce(topic: string, messages: readonly string[], occasion?: string): void;
  /** The topic is fine again: the next problem is said, even if it is the same. */
  clear(topic: string): void;
}

export function createWarnings(log: Log): Warnings {
  const standing = new Map<string, string>();
  return {
    warnOnce(topic, messages, occasion = "") {
      const complaint = JSON.stringify([occasion, messages]);
      if (standing.get(topic) === complaint) return;
      standing.set(topic, complaint);
      for (const message of messages) log(message);
    },
    clear(topic) {
      standing.delete(topic);
    },
  };
}
