/** The largest text that meets a pattern, in characters: see lib/text/bounded.ts. */
const LARGEST = 65_536;

/** What growth is measured from. Smaller texts only show whether the work explodes. */
const FIRST = 4_096;

/** Less is noise, in milliseconds: work that is this fast with {@link LARGEST} characters does not grow by their square. */
const NOISE_MS = 4;

/** How many times longer than in proportion the largest text may take. Work that grows by the square takes 16 times. */
const MARGIN = 4;

const SMALL = [20, 24, 28, 32, 36, 40, 48, 56, 64, 128, 256, 512, 1_024, 2_048];

/** Work on so few characters has exploded if it takes {@link EXPLODED_MS}; an engine may give up soon after. */
const SMALLEST = 64;

const EXPLODED_MS = 25;

/** Work that takes longer is not tried often: no pause of the machine explains it. */
const LONG_MS = 200;

/**
 * Feeds work with texts of growing sizes. Returns undefined if the time grows in proportion to the size, else what it
 * did. Texts are tried in steps so small that work which explodes is found before it takes for ever.
 */
export function findGrowth(work: (text: string) => unknown, make: (size: number) => string): string | undefined {
  let before = { size: 0, ms: Number.POSITIVE_INFINITY };
  for (const size of SMALL) {
    const allowed = size <= SMALLEST ? EXPLODED_MS : Math.max(EXPLODED_MS, before.ms * 3 * (size / before.size));
    const ms = measure(work, make(size), allowed);
    if (ms > allowed) return describe(before, { size, ms });
    before = { size, ms };
  }
  const first = { size: FIRST, ms: measureOften(work, make(FIRST)) };
  for (const size of [FIRST * 4, LARGEST]) {
    const allowed = Math.max(NOISE_MS, first.ms * (size / FIRST) * MARGIN);
    const ms = measure(work, make(size), allowed);
    if (ms > allowed) return describe(first, { size, ms });
  }
  return undefined;
}

function describe(first: { size: number; ms: number }, then: { size: number; ms: number }): string {
  return `${first.size} characters take ${first.ms.toFixed(2)} ms, ${then.size} take ${then.ms.toFixed(1)}`;
}

/** One run, or the shortest of several where one takes too long: the machine may be busy meanwhile. */
function measure(work: (text: string) => unknown, text: string, allowedMs: number): number {
  let least = time(() => work(text));
  const rounds = least > LONG_MS ? 1 : 4;
  for (let round = 0; round < rounds && least > allowedMs; round += 1)
    least = Math.min(
      least,
      time(() => work(text)),
    );
  return least;
}

/** The longest of some runs of a text so short that the clock sees little of one. */
function measureOften(work: (text: string) => unknown, text: string): number {
  const once = time(() => work(text));
  const times = Math.min(50, Math.ceil(0.5 / Math.max(0.001, once)));
  const average = time(() => repeat(() => work(text), times)) / times;
  return Math.max(average, Math.min(once, average * 2));
}

function repeat(work: () => unknown, times: number): void {
  for (let round = 0; round < times; round += 1) work();
}

/** The processor time of this process: on a busy machine, the clock also counts what others do. */
function time(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
