import type { Log } from "./log.ts";

/** Says a standing problem once, not at every pass that meets it. */
export interface Complaints {
  /** Logs the message, unless it is what was said last about the topic. `occasion` tells apart two of the same words. */
  raise(topic: string, message: string, occasion?: string): void;
  /** The topic is fine again: the next problem is said, even if it is the same. */
  settle(topic: string): void;
}

export function createComplaints(log: Log): Complaints {
  const standing = new Map<string, string>();
  return {
    raise(topic, message, occasion = "") {
      const complaint = `${occasion} ${message}`;
      if (standing.get(topic) === complaint) return;
      standing.set(topic, complaint);
      for (const line of message.split("\n")) log(line);
    },
    settle(topic) {
      standing.delete(topic);
    },
  };
}
