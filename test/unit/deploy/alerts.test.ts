// The alerts: what they ask for and say, and when they fire by Prometheus's own promtool.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as yaml from "yaml";
import { type Rule, readRules } from "../../support/alerts.ts";
import { type Scratch, createScratch } from "../../support/fakes.ts";
import { mustRun, run } from "../../support/process.ts";
import { getPrometheus } from "../../support/prometheus.ts";
import { GOLDEN } from "../../support/repository.ts";

/** One moment of a case of promtool. */
interface Moment {
  alertname: string;
  exp_alerts: unknown[];
}

const resource = await readRules();
const rules = resource.spec.groups.flatMap((group) => group.rules);
const named = rules.map((rule) => [rule.alert, rule] as const);

const casesText = await readFile(join(GOLDEN, "alert-cases.yaml"), "utf8");
const cases = yaml.parse(casesText) as { tests: { alert_rule_test: Moment[] }[] };
const moments = cases.tests.flatMap((each) => each.alert_rule_test);

const tools = await getPrometheus();

describe("deploy/alerts/config-manager.yaml", () => {
  test("is a PrometheusRule, in which each alert has its name once", () => {
    expect(resource).toMatchObject({ apiVersion: "monitoring.coreos.com/v1", kind: "PrometheusRule" });
    expect(rules.length).toBeGreaterThan(4);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });

  test.each(named)("%s waits a while, and says what to type next", (_, rule) => {
    expect(rule.for).toMatch(/^\d+m$/);
    expect(["critical", "warning"]).toContain(rule.labels.severity ?? "");
    const { summary, description } = rule.annotations;
    if (rule.expr.startsWith("absent(")) {
      expect(description).toContain("kubectl get pods ");
      return;
    }
    expect(summary).toContain("{{ $labels.namespace }}/{{ $labels.pod }}");
    const command =
      "kubectl exec -n {{ $labels.namespace }} {{ $labels.pod }} -c config-manager-sidecar -- config-manager ";
    expect(description.slice(description.indexOf("kubectl"))).toMatch(/ -- config-manager (doctor|diff)$/);
    expect(description).toContain(command);
  });

  test.each(named)("%s has a case in which it fires, and one in which it does not", (alert) => {
    const own = moments.filter(({ alertname }) => alertname === alert);
    expect(own.some(({ exp_alerts }) => exp_alerts.length > 0)).toBeTrue();
    expect(own.some(({ exp_alerts }) => exp_alerts.length === 0)).toBeTrue();
  });

  test("no case is for an alert that is not there: promtool would take it for silent", () => {
    const alerts = new Set(rules.map(({ alert }) => alert));
    expect(moments.map(({ alertname }) => alertname).filter((name) => !alerts.has(name))).toEqual([]);
  });
});

describe.skipIf(tools === undefined)("promtool", () => {
  let scratch: Scratch;
  beforeAll(async () => void (scratch = await createScratch()));
  afterAll(() => scratch[Symbol.asyncDispose]());

  /** Runs the cases with these rules. */
  async function tryCases(changed: readonly Rule[]) {
    await writeFile(scratch.in("rules.yaml"), yaml.stringify({ groups: [{ name: "config-manager", rules: changed }] }));
    await writeFile(scratch.in("cases.yaml"), casesText);
    return run(tools?.promtool ?? "", ["test", "rules", "cases.yaml"], { cwd: scratch.path });
  }

  test("takes the rules, and says nothing against them", async () => {
    await writeFile(scratch.in("rules.yaml"), yaml.stringify(resource.spec));
    const said = await mustRun(tools?.promtool ?? "", ["check", "rules", scratch.in("rules.yaml")]);
    expect(said).toContain(`SUCCESS: ${rules.length} rules found`);
  });

  test("finds that in every case those fire that should, with these texts, and no others", async () => {
    const { exitCode, stdout, stderr } = await tryCases(rules);
    expect(`${stdout}${stderr}`).toContain("SUCCESS");
    expect(exitCode).toBe(0);
  });

  test.each(["vector(1) > 1", "vector(1)"])(
    "finds a case that fails for each alert whose expression is %s",
    async (expr) => {
      const { exitCode, stdout, stderr } = await tryCases(rules.map((rule) => ({ ...rule, expr })));
      const failed = [...`${stdout}${stderr}`.matchAll(/alertname: (\w+)/g)].map(([, alert = ""]) => alert);
      expect([...new Set(failed)].toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted());
      expect(exitCode).toBe(1);
    },
  );
});
