import { ManagerError } from "../errors.ts";
import { compareReleases, readRelease } from "../text/release.ts";
import pool from "./schemas.json" with { type: "json" };

/** The releases of OpenClaw whose config schema is in the binary, oldest first. */
export const KNOWN_RELEASES: readonly string[] = Object.keys(pool.releases);

/** A release of {@link KNOWN_RELEASES}. */
export interface ChosenRelease {
  release: string;
  /** Whether it is the one that was asked for, and not the nearest older one. */
  isExact: boolean;
}

/**
 * The known release that stands for the one that is asked for: itself, else the nearest older one, else the oldest.
 *
 * @param asked `2026.9.6`, with or without a suffix as `-beta.1`, or `latest`
 * @throws {ManagerError} `usage` for what is no release
 */
export function chooseRelease(asked: string): ChosenRelease {
  const latest = KNOWN_RELEASES.at(-1) ?? "";
  if (asked === "latest") return { release: latest, isExact: true };
  const wanted = readRelease(asked);
  if (!wanted) {
    throw new ManagerError("usage", `${JSON.stringify(asked)} is no release of OpenClaw`, {
      hint: `config-manager validate --openclaw ${latest}`,
    });
  }
  const release = KNOWN_RELEASES.findLast((each) => compareReleases(readRelease(each) ?? [], wanted) <= 0);
  return { release: release ?? KNOWN_RELEASES[0] ?? "", isExact: release === asked.replace(/^v/, "") };
}
