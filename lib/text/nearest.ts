import { closest, distance } from "fastest-levenshtein";

/** Of the known names the one with the fewest letters to change. */
export interface NearestName {
  name: string;
  /** Whether it is so near that it was probably meant. */
  isNear: boolean;
}

/** The known name that is nearest to this one; undefined where none is known. Takes time by the length of both. */
export function findNearest(name: string, known: readonly string[]): NearestName | undefined {
  if (known.length === 0) return undefined;
  const nearest = closest(name, known);
  return { name: nearest, isNear: distance(name, nearest) <= Math.min(name.length - 1, Math.max(2, name.length / 3)) };
}
