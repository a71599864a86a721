import { compareReleases, readRelease } from "../../lib/text/release.ts";
import type { Results } from "./row.ts";

/** The first release that is supported. */
export const FIRST_RELEASE = "2026.2.9";

/** Orders releases by number, the newest first. */
export function compareNewestFirst(a: string, b: string): number {
  return compareReleases(readRelease(b) ?? [], readRelease(a) ?? []);
}

/** Finds the releases to be measured among all versions on npm: stable ones since the first supported, newest first. */
export function listStable(versions: readonly string[]): string[] {
  return versions
    .filter((version) => /^\d+\.\d+\.\d+$/.test(version))
    .filter((version) => compareNewestFirst(version, FIRST_RELEASE) <= 0)
    .toSorted(compareNewestFirst);
}

/**
 * Finds what is still to be measured. A run that was broken off goes on where it was; once all has been measured, the
 * next run begins anew.
 *
 * @returns the releases, in the given order, and when the run that they belong to began
 */
export function findRemaining(
  stable: readonly string[],
  { began, rows }: Results,
  now: string,
): { began: string; remaining: readonly string[] } {
  const measured = new Set(rows.filter((row) => row.measured >= began).map(({ release }) => release));
  const remaining = stable.filter((release) => !measured.has(release));
  return remaining.length > 0 ? { began, remaining } : { began: now, remaining: stable };
}
