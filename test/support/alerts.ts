import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as yaml from "yaml";
import { DEPLOY } from "./manifests.ts";

/** An alert. */
export interface Rule {
  alert: string;
  expr: string;
  for: string;
  labels: Record<string, string>;
  annotations: { summary: string; description: string; runbook_url: string };
}

/** The PrometheusRule of the manifests. */
export interface PrometheusRule {
  apiVersion: string;
  kind: string;
  spec: { groups: { name: string; rules: Rule[] }[] };
}

/** Reads the alerts. */
export async function readRules(): Promise<PrometheusRule> {
  return yaml.parse(await readFile(join(DEPLOY, "alerts/config-manager.yaml"), "utf8")) as PrometheusRule;
}
