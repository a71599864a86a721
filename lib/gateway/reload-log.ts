import * as v from "valibot";
import { boundText } from "../text/bounded.ts";
import type { Gateway } from "./connection.ts";

/** What a gateway's log says last of a reload of its config. */
export type ReloadOutcome =
  | { kind: "applied" }
  /** Accepted: a restart follows, at once or when running work is done; or reloads are off. */
  | { kind: "pending" }
  /** The gateway keeps running on the former config. It is going to fail with the new one at its next start. */
  | { kind: "failed"; reason: string };

/** How many of the last lines to read. */
const LINES = 200;

/** The longest reason that is told, in characters. */
const MAX_REASON_LENGTH = 500;

/** The longest line that is read. A line about a reload is a few hundred characters long. */
const MAX_LINE_LENGTH = 65_536;

const TailSchema = v.object({ lines: v.array(v.string()) });
const LineSchema = v.object({ "0": v.string(), "1": v.string(), time: v.string() });

/**
 * Reads from the gateway's own log, with `logs.tail`, how its last reload ended. All releases log it with these words,
 * and tell it in no other way: `config.get` says the same of a failed reload and of a deferred restart.
 *
 * @param sinceMs ignores older lines; in milliseconds since 1970
 * @returns undefined if the log says nothing, or cannot be read
 * @throws {ManagerError} as {@link Gateway.call} does, except for `rejected`
 */
export async function readReloadOutcome(
  gateway: Pick<Gateway, "call">,
  sinceMs: number,
): Promise<ReloadOutcome | undefined> {
  const tail = v.safeParse(TailSchema, await gateway.call("logs.tail", { limit: LINES }), { abortEarly: true });
  const lines = tail.success ? tail.output.lines.slice(-LINES) : [];
  return lines.flatMap((line) => readLine(line, sinceMs)).at(-1);
}

function readLine(line: string, sinceMs: number): ReloadOutcome[] {
  if (line.length > MAX_LINE_LENGTH || !line.includes("gateway/reload")) return [];
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), LineSchema), line);
  if (!parsed.success || !(Date.parse(parsed.output.time) >= sinceMs)) return [];
  return toOutcome(boundText(parsed.output["1"]));
}

function toOutcome(message: string): ReloadOutcome[] {
  const failure = /^config (?:reload|restart) failed: (.*)/s.exec(message)?.[1];
  if (failure !== undefined) return [{ kind: "failed", reason: boundText(failure.trim(), MAX_REASON_LENGTH) }];
  if (/^config (?:hot reload|change) applied/.test(message)) return [{ kind: "applied" }];
  if (/^config (?:change requires gateway restart|reload disabled)/.test(message)) return [{ kind: "pending" }];
  return [];
}
