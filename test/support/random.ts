/** Numbers that look random, and are the same for the same seed. */
export interface Random {
  /** From 0 up to `end`, which is left out. */
  below(end: number): number;
  /** A whole number from 0 to `end - 1`. */
  integer(end: number): number;
  /** One of these, each as often as its weight says. */
  pick<T extends { readonly weight: number }>(choices: readonly T[]): T;
}

/** Creates a generator: mulberry32, which is short and good enough for tests. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (end) => next() * end,
    integer: (end) => Math.floor(next() * end),
    pick(choices) {
      let left = next() * choices.reduce((sum, { weight }) => sum + weight, 0);
      for (const choice of choices) {
        left -= choice.weight;
        if (left < 0) return choice;
      }
      const last = choices.at(-1);
      if (!last) throw new Error("there is nothing to pick from");
      return last;
    },
  };
}
