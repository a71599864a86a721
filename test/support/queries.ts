import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readRules } from "./alerts.ts";
import type { DashboardJson } from "./grafana-schema.ts";
import { DEPLOY } from "./manifests.ts";

/** A question to Prometheus, and who asks it. */
export interface Query {
  who: string;
  expr: string;
}

/** What Grafana puts in for its variables. */
const VARIABLES: Record<string, string> = {
  $job: ".*",
  $namespace: ".*",
  $pod: ".*",
  $__range: "1h",
  $__rate_interval: "1m",
};

/** Reads the dashboard of the manifests. */
export async function readDashboard(): Promise<DashboardJson> {
  return JSON.parse(await readFile(join(DEPLOY, "dashboard/config-manager.json"), "utf8")) as DashboardJson;
}

/** Lists every query of the panels, as Prometheus gets it. */
export async function listPanelQueries(): Promise<Query[]> {
  const { panels } = await readDashboard();
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      who: `panel ${title}`,
      expr: expr.replaceAll(/\$[a-z_]+/g, (variable) => VARIABLES[variable] ?? variable),
    })),
  );
}

/** Lists the expressions of the alerts. */
export async function listAlertQueries(): Promise<Query[]> {
  const { groups } = (await readRules()).spec;
  return groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ who: alert, expr })));
}

/** Lists the metrics that an expression names; patterns are not among them. */
export function listMetrics(expr: string): string[] {
  return [...new Set(expr.replaceAll(/"[^"]*"/g, '""').match(/\bconfig_manager_[a-z_]+/g))];
}
