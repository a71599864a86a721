import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import * as yaml from "yaml";
import { createMetrics } from "../../../lib/http/metrics.ts";
import { createSidecarState } from "../../../lib/reconcile/sidecar-state.ts";
import { createClock, createScratch } from "../../support/fakes.ts";
import { STEADY, layOut } from "../../support/snapshot.ts";
import { REPOSITORY } from "../../support/repository.ts";

interface Rule {
  alert: string;
  expr: string;
  for: string;
  labels: Record<string, string>;
  annotations: { summary: string; description: string };
}

const FILE = join(REPOSITORY, "deploy/alerts/config-manager.yaml");

const resource = yaml.parse(await readFile(FILE, "utf8")) as {
  apiVersion: string;
  kind: string;
  spec: { groups: { name: string; rules: Rule[] }[] };
};
const rules = resource.spec.groups.flatMap((group) => group.rules);

/** What the language of the rules brings along. */
const PROMQL = new Set(["absent", "time", "increase", "or", "and", "unless"]);

/** Every metric that is exported, with the values of its labels. */
async function readExported(): Promise<Map<string, Map<string, Set<string>>>> {
  const { nowMs } = createClock();
  await using scratch = await createScratch();
  const kinds = Object.values((await layOut(scratch, STEADY)).reconcilers);
  for (const kind of kinds) await kind.reconcile({ isSuperseded: () => false, beat: () => undefined });
  const state = createSidecarState(kinds, { nowMs, uptimeMs: nowMs });
  const exported = new Map<string, Map<string, Set<string>>>();
  for (const line of (await createMetrics(state, () => true).render()).split("\n")) {
    const [, name, labels = ""] = /^([a-z_]+)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined) continue;
    const known = exported.get(name) ?? new Map<string, Set<string>>();
    exported.set(name, known);
    for (const [, label = "", value = ""] of labels.matchAll(/([a-z_]+)="([^"]*)"/g)) {
      known.set(label, (known.get(label) ?? new Set()).add(value));
    }
  }
  return exported;
}

describe("deploy/alerts/config-manager.yaml", () => {
  test("is a PrometheusRule, in which each alert has its name once", () => {
    expect(resource).toMatchObject({ apiVersion: "monitoring.coreos.com/v1", kind: "PrometheusRule" });
    expect(rules.length).toBeGreaterThan(4);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });

  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    "%s asks for nothing that is not exported",
    async (_, rule) => {
      const exported = await readExported();
      const selectors = [...rule.expr.matchAll(/\b(config_manager_[a-z_]+)(?:\{([^}]*)\})?/g)];
      expect(selectors.length).toBeGreaterThan(0);
      for (const [, metric = "", matchers = ""] of selectors) {
        const labels = exported.get(metric);
        expect(labels, metric).toBeDefined();
        for (const [, label = "", value = ""] of matchers.matchAll(/([a-z_]+)="([^"]*)"/g)) {
          expect([...(labels?.get(label) ?? [])], `${metric}{${label}}`).toContain(value);
        }
        expect(matchers.replaceAll(/[a-z_]+="[^"]*",?/g, "")).toBe(""); // no matcher that was not looked at
      }
      const words = rule.expr.replaceAll(/config_manager_[a-z_]+(\{[^}]*\})?|\[\d+m\]/g, "").match(/[a-z_]+/gi) ?? [];
      expect(words.filter((word) => !PROMQL.has(word))).toEqual([]);
    },
  );

  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    "%s waits a while, and says what to type next",
    (_, rule) => {
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
    },
  );
});
