/** Replaces a secret value. */
export const MASK = "***";

/** Shorter values are no secrets, and occur in every sentence. */
const MIN_VALUE_LENGTH = 3;

/** The prime of FNV-1. */
const HASH_BASE = 0x01_00_01_93;

/** From here on, values that begin alike are told apart by as many characters, else by {@link MIN_VALUE_LENGTH}. */
const LONG_START = 32;

/**
 * The most lengths that values which begin alike can have. Where there are more, all that follows their common start is
 * masked: no config has so many, and to try each at each character would take minutes.
 */
const MAX_LENGTHS = 100;

/**
 * Returns a function that masks these values in a text, as whole words only: for the value `off`, `offset` stays as it
 * is. Values of less than three characters are not masked. `isCut`: the end of the text may be the first part of a value.
 *
 * Not one search per value, because a config has very many: at each word of the text, the function looks up one
 * candidate per length of the values that begin alike.
 */
export function createMasker(values: Iterable<string>): (text: string, isCut?: boolean) => string {
  const known = new Set([...values].filter((value) => value.length >= MIN_VALUE_LENGTH));
  const lengths = groupLengths(known);
  const hashes = new Set([...known].map((value) => createHasher(value)(0, value.length)));
  return (text, isCut = false) => {
    if (known.size === 0) return text;
    const { starts, isEnd } = findWordEdges(text);
    const hash = createHasher(text);
    const findEnd = (start: number): number | undefined => {
      for (const size of [LONG_START, MIN_VALUE_LENGTH]) {
        const candidates = lengths.get(text.slice(start, start + size)) ?? [];
        if (candidates.length > MAX_LENGTHS) return text.length;
        for (const length of candidates) {
          const end = start + length;
          if (isEnd[end] === 1 && hashes.has(hash(start, end)) && known.has(text.slice(start, end))) return end;
        }
      }
      return undefined;
    };
    const half = isCut ? findHalf(text, known, hash, starts) : text.length;
    let masked = "";
    let until = 0; // the end of the last value found
    for (const start of starts) {
      const end = start === half ? text.length : findEnd(start);
      if (end === undefined || end <= until) continue;
      if (start >= until) masked += text.slice(until, start) + MASK; // values that overlap share one mask
      until = end;
    }
    return masked + text.slice(until);
  };
}

/** The lengths of the values that begin with the same characters, the longest first: a value can contain another. */
function groupLengths(values: ReadonlySet<string>): ReadonlyMap<string, number[]> {
  const groups = new Map<string, Set<number>>();
  for (const value of values) {
    const start = value.slice(0, value.length < LONG_START ? MIN_VALUE_LENGTH : LONG_START);
    const lengths = groups.get(start) ?? new Set();
    groups.set(start, lengths.add(value.length));
  }
  return new Map([...groups].map(([start, lengths]) => [start, [...lengths].toSorted((a, b) => b - a)]));
}

/** Where the first part of a value begins that the text ends with; its length if there is none. */
function findHalf(
  text: string,
  values: ReadonlySet<string>,
  hash: (start: number, end: number) => number,
  starts: readonly number[],
): number {
  const isStart = new Set(starts);
  let first = text.length;
  for (const value of values) {
    const hashValue = createHasher(value);
    const longest = Math.min(value.length - 1, text.length);
    for (let length = longest; length >= MIN_VALUE_LENGTH; length -= 1) {
      const start = text.length - length;
      if (start >= first) break;
      if (isStart.has(start) && hash(start, text.length) === hashValue(0, length)) first = start;
    }
  }
  return first;
}

/**
 * Returns a function that hashes any part of a text, in the same time for each length. A look-up by the part itself would
 * read it, and take seconds if a hostile config has values of very many lengths.
 */
function createHasher(text: string): (start: number, end: number) => number {
  const prefixes = new Int32Array(text.length + 1);
  const powers = new Int32Array(text.length + 1).fill(1, 0, 1);
  for (let at = 0; at < text.length; at += 1) {
    prefixes[at + 1] = Math.imul(prefixes[at] ?? 0, HASH_BASE) + text.charCodeAt(at);
    powers[at + 1] = Math.imul(powers[at] ?? 0, HASH_BASE);
  }
  return (start, end) => ((prefixes[end] ?? 0) - Math.imul(prefixes[start] ?? 0, powers[end - start] ?? 0)) | 0;
}

/** Where a whole word can start, and where it can end. */
function findWordEdges(text: string): { starts: number[]; isEnd: Uint8Array } {
  const isStart = new Uint8Array(text.length + 1).fill(1);
  const isEnd = new Uint8Array(text.length + 1).fill(1);
  for (const { index, 0: character } of text.matchAll(/[\p{L}\p{N}]/gu)) {
    isStart[index + character.length] = 0;
    isEnd[index] = 0;
  }
  const starts: number[] = [];
  for (let at = 0; at < text.length; at += 1) if (isStart[at] === 1) starts.push(at);
  return { starts, isEnd };
}

/** The forms of a value in a gateway's message: as it is, trimmed, escaped, or as a resolved path. */
export function spellingsOf(value: string): string[] {
  const trimmed = value.trim();
  return [value, trimmed, JSON.stringify(trimmed).slice(1, -1), trimmed.replace(/^(?:\.{1,2}\/)+/, "")];
}
