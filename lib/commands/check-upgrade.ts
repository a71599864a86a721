import { readIncludeRoots } from "../config/includes.ts";
import { readOutside } from "../config/read.ts";
import { ManagerError } from "../errors.ts";
import { type Check, pass, skip, warn } from "../reconcile/check.ts";
import { KNOWN_RELEASES } from "../schema/releases.ts";
import type { Environment } from "../settings.ts";
import { readRelease } from "./gateway-release.ts";
import { type SchemaChecks, chooseJudge } from "./judge.ts";
import { readLiveSources } from "./live-sources.ts";
import type { Snapshot } from "./snapshot.ts";
import { validate } from "./validate.ts";

const UPGRADE = "upgrade";

/** Checks what is live and the mounted jobs against the gateway's release and the newest known one. */
export async function checkUpgrade(
  { gateway, settings }: Pick<Snapshot, "gateway" | "settings">,
  env: Environment,
  checks?: SchemaChecks,
): Promise<Check> {
  const files = await readLiveSources(settings, env);
  if (files.some(({ kind }) => kind === "unread")) return skip(UPGRADE, "live config");
  const newest = KNOWN_RELEASES.at(-1) ?? "";
  const own = gateway instanceof ManagerError ? undefined : readRelease(gateway);
  const count = async (release: string) => {
    const { judge } = await chooseJudge(release, async () => undefined, checks);
    return (await validate(files, { includeRoots: readIncludeRoots(env), readOutside, judge, release })).problems
      .length;
  };
  const problems = await count(newest);
  const hint = `config-manager validate --openclaw ${newest} --live`;
  if (own === newest) {
    if (problems === 0) return pass(UPGRADE, `goes with this gateway, ${newest}, the newest that is known`);
    return warn(UPGRADE, `with this gateway, ${newest}: ${formatCount(problems)}`, hint);
  }
  const ownProblems = own === undefined ? undefined : await count(own);
  const now = ownProblems === undefined ? [] : [describeOwn(ownProblems)];
  const detail = [...now, `with ${newest}: ${formatCount(problems)}`].join("; ");
  return problems === 0 ? pass(UPGRADE, detail) : warn(UPGRADE, detail, hint);
}

function describeOwn(problems: number): string {
  return problems === 0 ? "goes with this gateway" : `with this gateway: ${formatCount(problems)}`;
}

function formatCount(count: number): string {
  if (count === 0) return "no problem";
  return count === 1 ? "1 problem" : `${count} problems`;
}
