import { type ConfigPlan, type ConfigState, observeConfig, planConfig } from "../config/plan.ts";
import type { ConfigGateway } from "../gateway/config-calls.ts";
import { type DesiredSet, readDefinitions } from "../definition/files.ts";
import { ManagerError, settle } from "../errors.ts";
import type { LiveJob } from "../gateway/job.ts";
import { type Verdict, judgeView } from "../config/verdict.ts";
import { type CronPlan, planCron } from "../cron/plan.ts";
import { type PathChange, forecastReloads } from "../config/reload.ts";
import type { Settings } from "../settings.ts";
import type { CronStore } from "../gateway/store.ts";
import type { Transport } from "../gateway/transport.ts";

/** How long the config waits for a gateway that is there already, in milliseconds. */
const CONNECT_LIMIT_MS = 10_000;

/** What is wanted, what is there, and what a sync would make of it. A part that cannot be read is the error that says so. */
export interface Survey {
  settings: Settings;
  /** The way to the gateway, once it is open. */
  gateway: CronStore | ManagerError;
  config: ConfigSurvey | ManagerError;
  desired: DesiredSet | ManagerError;
  live: LiveJob[] | ManagerError;
  /** There where both the definitions and the live jobs are. */
  plan: CronPlan | undefined;
  nowMs: number;
}

export interface ConfigSurvey {
  state: ConfigState;
  plan: ConfigPlan;
  /** What each difference does to the gateway. */
  changes: PathChange[];
  /** The gateway's word on a file that is as the ConfigMap has it; undefined where it has none on these bytes. */
  verdict: Verdict | undefined;
}

export interface SurveyOptions {
  settings: Settings;
  transport: Transport;
  selfHeal: boolean;
  allowMassRemoval: boolean;
  nowMs?: number;
}

/** Reads everything once and changes nothing. */
export async function takeSurvey(options: SurveyOptions): Promise<Survey> {
  const { settings, transport, nowMs = Date.now() } = options;
  const desired = settle(readDefinitions(settings.cronDir));
  const gateway = await settle(transport.open());
  const isThere = !(gateway instanceof ManagerError);
  const [config, live] = await Promise.all([
    settle(surveyConfig(options, isThere ? await transport.openConfig(CONNECT_LIMIT_MS) : undefined)),
    isThere ? settle(gateway.listJobs()) : gateway,
  ]);
  const survey = { settings, gateway, config, desired: await desired, live, nowMs };
  return { ...survey, plan: planJobs(survey, options) };
}

async function surveyConfig(
  { settings, selfHeal }: SurveyOptions,
  gateway: ConfigGateway | undefined,
): Promise<ConfigSurvey> {
  const state = await observeConfig(settings);
  const plan = planConfig(state, { release: gateway?.release, selfHeal, isPodStart: false });
  const isDifferent = plan.kind === "update" || plan.kind === "drift";
  return {
    state,
    plan,
    changes: isDifferent ? await forecastReloads(plan.paths, gateway) : [],
    verdict: plan.kind === "none" || plan.kind === "judge" ? await askVerdict(plan.bytes, gateway) : undefined,
  };
}

/** Asks once: who reads this can ask again. A gateway that goes away meanwhile is told of by the jobs. */
async function askVerdict(bytes: Uint8Array, gateway: ConfigGateway | undefined): Promise<Verdict | undefined> {
  if (!gateway) return undefined;
  const verdict = await settle(gateway.readView().then((view) => judgeView(bytes, view, undefined, gateway)));
  return verdict instanceof ManagerError ? undefined : verdict;
}

function planJobs(
  { gateway, desired, live, settings, nowMs }: Omit<Survey, "plan">,
  { allowMassRemoval }: SurveyOptions,
): CronPlan | undefined {
  if (gateway instanceof ManagerError || live instanceof ManagerError || desired instanceof ManagerError)
    return undefined;
  if (desired.kind !== "valid") return undefined;
  const { owner, prune } = settings;
  return planCron(desired.definitions, live, { owner, prune, allowMassRemoval, features: gateway.features, nowMs });
}
