import { ManagerError } from "../errors.ts";

/** The releases of OpenClaw whose config schema is in the binary, oldest first. */
export const KNOWN_RELEASES: readonly string[] = ["2026.2.9", "2026.9.6"];

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
  throw new ManagerError("usage", asked);
}
