import { dirname } from "node:path";
import { readIncludeRoots } from "../config/includes.ts";
import { readOutside } from "../config/read.ts";
import { ManagerError } from "../errors.ts";
import { type Check, pass, skip, warn } from "../reconcile/check.ts";
import { type ChosenRelease, KNOWN_RELEASES, chooseRelease } from "../schema/releases.ts";
import type { Environment } from "../settings.ts";
import { readRelease } from "./gateway-release.ts";
import { type SchemaChecks, chooseJudge } from "./judge.ts";
import { readLiveSources, withoutStamp } from "./live-sources.ts";
import type { Snapshot } from "./snapshot.ts";
import { validate } from "./validate.ts";

const UPGRADE = "upgrade";

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
  const own = gateway instanceof ManagerError ? undefined : readRelease(gateway);
  const count = async (release: string) => {
    const { judge } = await chooseJudge(release, async () => undefined, checks);
    const roots = { directory, includeRoots: readIncludeRoots(env), readOutside };
    const { problems } = await validate(files, { ...roots, judge: withoutStamp(judge), release });
    return problems.length;
  };
  const nearest = own === undefined ? undefined : chooseRelease(own);
  const problems = await count(newest);
  const hint = `config-manager validate --openclaw ${newest} --live`;
  if (nearest?.release === newest) {
    const which = nearest.isExact ? `${newest}, the newest that is known` : `${own}, as far as ${newest} tells`;
    if (problems === 0) return pass(UPGRADE, `goes with this gateway, ${which}`);
    return warn(UPGRADE, `with this gateway, ${which}: ${formatCount(problems)}`, hint);
  }
  const now = nearest ? describeOwn(await count(nearest.release), nearest) : "this gateway's release is not known";
  const detail = `${now}; with ${newest}: ${formatCount(problems)}`;
  return problems === 0 ? pass(UPGRADE, detail) : warn(UPGRADE, detail, hint);
}

function describeOwn(problems: number, { release, isExact }: ChosenRelease): string {
  const which = isExact ? "this gateway" : `this gateway, as far as ${release} tells`;
  return problems === 0 ? `goes with ${which}` : `with ${which}: ${formatCount(problems)}`;
}

function formatCount(count: number): string {
  if (count === 0) return "no problem";
  return count === 1 ? "1 problem" : `${count} problems`;
}
