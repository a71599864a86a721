import { isEmptyVolume } from "../files/volume.ts";
import { type Mounted, NOTHING, type StandingKeeper, createStanding } from "../reconcile/standing.ts";
import type { Confirmation } from "./apply.ts";
import type { ConfigTransport } from "./dependencies.ts";
import { type Generation, ROOT_NAME } from "./generation.ts";
import { describeChanged, describeMissing, explainApplyTimeout, nameSource } from "./messages.ts";
import { type ConfigPlaces, toIncludePlaces } from "./observe.ts";
import type { ConfigPlan } from "./plan.ts";
import { readDesiredConfig } from "./read.ts";

/** Keeps what the passes over the config find. Each is to be called when a pass ends so. */
export interface ConfigStanding extends StandingKeeper {
  isRefused(plan: Extract<ConfigPlan, { kind: "missing" | "reject" }>): void;
  hasDrifted(paths: readonly string[]): void;
  /** No gateway has found the live files valid yet. */
  isNotValidated(hasGateway: boolean): void;
  /** The live files are valid, as far as is known. `applied`: undefined without a gateway. */
  isValid(applied: Exclude<Confirmation, { kind: "invalid" }> | undefined, live: Generation): void;
}

export function createConfigStanding(
  { configDir, pvcConfig }: Pick<ConfigPlaces, "configDir" | "pvcConfig">,
  { usesCli = () => false }: Pick<ConfigTransport, "usesCli">,
): ConfigStanding {
  const keeper = createStanding();
  const noteAbsence = () => (usesCli() ? keeper.note([], "in-sync") : keeper.note(["no gateway answers"], "pending"));
  return Object.assign(keeper, {
    isRefused(plan) {
      if (plan.kind === "missing") keeper.note([describeMissing(configDir, false)]);
      // Another gateway than that of the record may take it, and will be asked.
      else keeper.note(nameSource(pvcConfig, plan), plan.source === "record" ? "pending" : undefined);
    },
    hasDrifted: (paths) => keeper.note([describeChanged(pvcConfig, paths)], "drifted"),
    isNotValidated(hasGateway) {
      if (hasGateway) keeper.note(["the gateway has not validated it yet"]);
      else noteAbsence();
    },
    isValid(applied, live) {
      if (!applied) noteAbsence();
      else if (applied.kind === "timeout") keeper.note([explainApplyTimeout(live)], "pending");
      else if (applied.kind === "unknown" && applied.isOpen)
        keeper.note(["the gateway has not said yet that it runs on it"], "pending");
      else keeper.note([]);
    },
  } satisfies Omit<ConfigStanding, keyof StandingKeeper>);
}

/** @throws {ManagerError} `file` if the directory or a file exists and cannot be read. */
export async function readMountedConfig(places: ConfigPlaces): Promise<Mounted> {
  const { configDir } = places;
  const desired = await readDesiredConfig(configDir, toIncludePlaces(places));
  if (desired)
    return { checksum: desired.md5, file: desired.hasIncludes ? `${ROOT_NAME} or an included file` : ROOT_NAME };
  return { checksum: (await isEmptyVolume(configDir)) ? undefined : NOTHING };
}
