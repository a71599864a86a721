// What the probes of a release say of the table in lib/gateway/features.ts, and how that is written into it.

import type { Feature, Features } from "../../lib/gateway/features.ts";

/** What differs between the table and a release. */
interface Difference {
  /** The table has these, and the release has not. */
  gone: Feature[];
  /** The release has these, and the table has not. */
  extra: Feature[];
}

/** Compares what the table says of a release with what its gateway has. */
export function compareFeatures(table: Features, found: Features): Difference {
  const names = Object.keys(table) as Feature[];
  return {
    gone: names.filter((name) => table[name] && !found[name]),
    extra: names.filter((name) => !table[name] && found[name]),
  };
}

/**
 * Writes `until` into the row of a feature, in place of a former one.
 *
 * @param source the text of lib/gateway/features.ts
 * @param release the first one that no longer has the feature
 */
export function markGone(source: string, feature: string, release: string): string {
  const row = new RegExp(`^(  ${feature}: \\{\\s*since: "[^"]*")(?:,\\s*until: "[^"]*")?`, "m");
  if (!row.test(source)) throw new Error(`lib/gateway/features.ts has no row ${feature}`);
  return source.replace(row, `$1, until: "${release}"`);
}
