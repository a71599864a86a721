import { createHash, timingSafeEqual } from "node:crypto";
import { ManagerError, toResult } from "../errors.ts";
import { capProblems } from "../printable.ts";
import type { SidecarState } from "../reconcile/sidecar-state.ts";
import type { Standing } from "../reconcile/standing.ts";
import { boundText } from "../text/bounded.ts";
import { POD_HEADER, isPodName } from "./pod-name.ts";
import type { Asked, Page } from "./server.ts";

/**
 * Reads the gateway's token or password anew; undefined if there is none.
 *
 * @throws {ManagerError} `refused` if it cannot be read
 */
export type ReadSecret = () => Promise<string | undefined>;

export interface StatusAccess {
  readSecret: ReadSecret;
  /** Masks the values of mounted secrets. */
  mask: (text: string) => string;
  /** The name of this host, which in a Pod is the Pod's. */
  hostName: string;
}

/** The most characters of one problem: with a hundred of them per kind, `wait` reads them all. */
const MAX_PROBLEM = 1_000;

/** How long a secret is used again, in milliseconds: whoever asks without end must not have files read without end. */
const KEEP_MS = 1_000;

const TEXT = "text/plain; charset=utf-8";
const REFUSED: Page = { status: 401, type: TEXT, body: "not allowed\n", headers: "www-authenticate: Bearer\r\n" };

/**
 * The standing of each kind as JSON, for whoever has the gateway's token. Others learn nothing; so does everybody if the
 * gateway has none.
 */
export function createStatusPage(
  state: SidecarState,
  { readSecret, mask, hostName }: StatusAccess,
  uptimeMs: () => number = () => performance.now(),
): (asked: Asked) => Promise<Page> {
  // Beside the kinds, not among them: an older `wait` takes each key of the body for a kind.
  const headers = isPodName(hostName) ? `${POD_HEADER}: ${hostName}\r\n` : "";
  let read: { secret: Promise<string | undefined | ManagerError>; atMs: number } | undefined;
  return async ({ bearer }) => {
    if (bearer === undefined) return REFUSED;
    if (!read || uptimeMs() - read.atMs >= KEEP_MS) read = { secret: toResult(readSecret()), atMs: uptimeMs() };
    const secret = await read.secret;
    if (secret instanceof ManagerError) return { status: 503, type: TEXT, body: "not now\n" };
    if (!secret?.trim() || !areEqual(bearer, secret.trim())) return REFUSED;
    const kinds = state.flatMap(({ reconciler: { name, standing } }) =>
      standing ? [[name, toJson(standing(), mask)]] : [],
    );
    return { status: 200, type: "application/json", body: `${JSON.stringify(Object.fromEntries(kinds))}\n`, headers };
  };
}

/** In constant time. @param bearer one character per byte */
function areEqual(bearer: string, secret: string): boolean {
  const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest();
  return timingSafeEqual(digest(Buffer.from(bearer, "latin1")), digest(Buffer.from(secret)));
}

function toJson(standing: Standing | undefined, mask: StatusAccess["mask"]) {
  if (!standing) return { checksum: null, state: "unknown", problems: [] };
  const { checksum = null, state, problems, held } = standing;
  const bounded = capProblems(problems.map((problem) => boundText(mask(problem), MAX_PROBLEM)));
  return { checksum, state, problems: bounded, ...(held ? { held: { paths: capProblems(held.paths) } } : {}) };
}
