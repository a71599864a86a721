import type { Gateway } from "../gateway/connection.ts";

type Calls = Pick<Gateway, "call">;

/** How long a gateway may still answer from before a change, in milliseconds. */
const SETTLED_MS = 30_000;

/** How long an answer holds at most, in milliseconds. */
const HOLDS_MS = 600_000;

/**
 * What a gateway has said of its agents and skills. To find out takes it more than all else in a pass with nothing to do,
 * so an answer is used again until what it depends on changes, the connection is another one, or it is ten minutes old.
 */
export interface Answers {
  /**
   * Asks, unless the same has been answered.
   *
   * @param question stands for what `ask` asks
   * @param about stands for what the answer depends on, as far as we know it
   * @throws what `ask` throws; then nothing is kept
   */
  get<T>(calls: Calls, question: string, about: string, ask: (calls: Calls) => Promise<T>): Promise<T>;
  /** Lets all be asked again. */
  forget(): void;
}

interface Answer {
  calls: Calls;
  about: string;
  /** When it was asked first, and last, since what it is about has changed. */
  firstMs: number;
  lastMs: number;
  value: unknown;
}

/** Keeps no answer. */
export const ALWAYS_ASKED: Answers = { get: (calls, _question, _about, ask) => ask(calls), forget: () => undefined };

export function createAnswers(uptimeMs: () => number): Answers {
  const answers = new Map<string, Answer>();
  return {
    async get<T>(calls: Calls, question: string, about: string, ask: (calls: Calls) => Promise<T>): Promise<T> {
      const nowMs = uptimeMs();
      const former = answers.get(question);
      const isSame = former?.calls === calls && former?.about === about;
      const isSettled = isSame && former.lastMs - former.firstMs >= SETTLED_MS;
      if (isSettled && nowMs - former.lastMs < HOLDS_MS) return former.value as T;
      answers.delete(question);
      const value = await ask(calls);
      answers.set(question, { calls, about, firstMs: isSame ? former.firstMs : nowMs, lastMs: nowMs, value });
      return value;
    },
    forget() {
      answers.clear();
    },
  };
}
