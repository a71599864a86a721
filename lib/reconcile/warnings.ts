import type { Log } from "../log.ts";

/** Says a standing problem once, not at every pass that meets it. */
export interface Complaints {
  /** Logs the messages, unless they are what was said last about the topic. `occasion` tells apart two of the same words. */
  raise(topic: string, messages: readonly string[], occasion?: string): void;
  /** The topic is fine again: the next problem is said, even if it is the same. */
  settle(topic: string): void;
}

export function createComplaints(log: Log): Complaints {
  const standing = new Map<string, string>();
  return {
    raise(topic, messages, occasion = "") {
      const complaint = JSON.stringify([occasion, messages]);
      if (standing.get(topic) === complaint) return;
      standing.set(topic, complaint);
      for (const message of messages) log(message);
    },
    settle(topic) {
      standing.delete(topic);
    },
  };
}
