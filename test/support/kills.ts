import { runs } from "./soak.ts";
import type { Sidecar } from "./sidecar.ts";

interface Kills {
  /** Publishes the generation of a round. */
  readonly publish: (round: number) => Promise<void>;
  /** Starts a sidecar that finds its gateway, or one that does not and only writes. */
  readonly start: (findsGateway: boolean) => Promise<Sidecar>;
  /** Judges what a killed sidecar has left. @returns which generation that is. */
  readonly judge: () => Promise<string>;
  /** How many kills. */
  readonly count?: number;
  /** How long a sidecar that finds its gateway may live, in milliseconds. */
  readonly limitMs?: number;
}

/**
 * Starts a sidecar and kills it, again and again, while what it mounts changes all the time.
 *
 * A kill comes after a random time. On a busy machine a process may not get far in that: the kills go on, each time a
 * little later, until at least two generations were seen.
 *
 * @returns how many generations were seen.
 */
export async function killUnderChange({
  publish,
  start,
  judge,
  count = runs(200),
  limitMs: longestMs = 600,
}: Kills): Promise<number> {
  const isDone = new AbortController();
  const changing = (async () => {
    for (let round = 0; !isDone.signal.aborted; round++) {
      await publish(round);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  })();
  const seen = new Set<string>();
  try {
    for (let kill = 0; kill < count || (seen.size < 2 && kill < 5 * count); kill++) {
      const findsGateway = kill % 2 === 0;
      const limitMs = (findsGateway ? longestMs : 150) * (1 + Math.floor(kill / count));
      const sidecar = await start(findsGateway);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * limitMs));
      sidecar.signal("SIGKILL");
      const exitCode = await sidecar.exited;
      if (exitCode !== null) throw new Error(`the sidecar ended by itself, with ${exitCode}, before it was killed`);
      seen.add(await judge());
    }
  } finally {
    isDone.abort();
    await changing;
  }
  return seen.size;
}
