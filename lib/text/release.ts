const RELEASE = /^v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?![\d.])/;

/**
 * The three numbers that a release of OpenClaw begins with, as in `2026.9.6-beta.1`; undefined for other text: 2026.2.9,
 * 2026.2.26 and builds from source call themselves `dev`.
 */
export function readRelease(version: string): readonly number[] | undefined {
  return RELEASE.exec(version)?.slice(1).map(Number);
}

/** Negative where the first is older, positive where it is newer, 0 where both are the same. */
export function compareReleases(one: readonly number[], other: readonly number[]): number {
  const place = one.findIndex((part, index) => part !== other[index]);
  return place === -1 ? 0 : (one[place] ?? 0) - (other[place] ?? 0);
}
