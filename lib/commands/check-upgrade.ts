import { dirname } from "node:path";
import { readIncludeRoots } from "../text/include-files.ts";
import { readOutside } from "../config/read.ts";
import { ManagerError } from "../errors.ts";
import { type Check, pass, skip, warn } from "../reconcile/check.ts";
import { type ChosenRelease, KNOWN_RELEASES, chooseRelease } from "../schema/releases.ts";
import type { Environment } from "../setting-sources.ts";
import { releaseOf } from "./gateway-release.ts";
import { type SchemaChecks, chooseJudge } from "./judge.ts";
import { readLiveSources, withoutStamp } from "./live-sources.ts";
import type { Snapshot } from "./snapshot.ts";
import { validate } from "./validate.ts";

const UPGRADE = "upgrade";

/** The rules of keys that a release migrates by itself. */
const OLD_KEYS: ReadonlySet<string> = new Set(["old-key", "migrated-key"]);

/** What a release says to what is live. */
interface Tally {
  problems: number;
  oldKeys: number;
}

/** Checks what is live and the mounted jobs against the gateway's release and the newest known one. */
export async function checkUpgrade(
  { gateway, settings }: Pick<Snapshot, "gateway" | "settings">,
  env: Environment,
  checks?: SchemaChecks,
): Promise<Check> {
  const directory = dirname(settings.pvcConfig);
  const files = await readLiveSources(settings, env);
  if (files.some(({ kind }) => kind === "unread")) return skip(UPGRADE, "live config");
  const newest = KNOWN_RELEASES.at(-1) ?? "";
  const own = gateway instanceof ManagerError ? undefined : releaseOf(gateway);
  const count = async (release: string): Promise<Tally> => {
    const { judge } = await chooseJudge(release, async () => undefined, checks);
    const roots = { directory, includeRoots: readIncludeRoots(env), readOutside };
    const { problems, warnings } = await validate(files, { ...roots, judge: withoutStamp(judge), release });
    return { problems: problems.length, oldKeys: warnings.filter(({ rule }) => OLD_KEYS.has(rule)).length };
  };
  const nearest = own === undefined ? undefined : chooseRelease(own);
  const then = await count(newest);
  const hint = `config-manager validate --openclaw ${newest} --live`;
  if (nearest?.release === newest) {
    const which = nearest.isExact ? `${newest}, the newest that is known` : `${own}, as far as ${newest} tells`;
    const detail = describeOwn(then, `this gateway, ${which}`);
    return then.problems === 0 ? pass(UPGRADE, detail) : warn(UPGRADE, detail, hint);
  }
  const now = nearest
    ? describeOwn(await count(nearest.release), nameOwn(nearest))
    : "this gateway's release is not known";
  const detail = `${now}; with ${newest}: ${formatTally(then)}`;
  return then.problems === 0 ? pass(UPGRADE, detail) : warn(UPGRADE, detail, hint);
}

function nameOwn({ release, isExact }: ChosenRelease): string {
  return isExact ? "this gateway" : `this gateway, as far as ${release} tells`;
}

function describeOwn(tally: Tally, gateway: string): string {
  if (tally.problems > 0) return `with ${gateway}: ${formatTally(tally)}`;
  const oldKeys = tally.oldKeys > 0 ? `, which migrates ${formatCount(tally.oldKeys, "old key")}` : "";
  return `goes with ${gateway}${oldKeys}`;
}

function formatTally({ problems, oldKeys }: Tally): string {
  const found = problems === 0 ? "no problem" : formatCount(problems, "problem");
  return oldKeys === 0 ? found : `${found}, and ${formatCount(oldKeys, "old key")} that it migrates`;
}

function formatCount(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}
