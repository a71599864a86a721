// The Grafana dashboard: made by its script, held against the types that Grafana publishes, and against its document.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { formatDashboard } from "../../../deploy/dashboard/dashboard.ts";
import { type DashboardJson, type PanelJson, validateDashboard } from "../../support/grafana-schema.ts";
import { DEPLOY, renderManifests } from "../../support/manifests.ts";
import { listAlertQueries, listMetrics, listPanelQueries, readDashboard } from "../../support/queries.ts";
import { REPOSITORY } from "../../support/repository.ts";

const committed = await readFile(join(DEPLOY, "dashboard/config-manager.json"), "utf8");
const document = await readFile(join(REPOSITORY, "docs/monitoring.md"), "utf8");
const dashboard = await readDashboard();
const shown = dashboard.panels.filter(({ type }) => type !== "row");

describe("deploy/dashboard/", () => {
  test("has the JSON that its script makes", () => {
    expect(committed).toBe(formatDashboard());
  });

  test("becomes a ConfigMap that Grafana's sidecar loads, with the whole dashboard in it", async () => {
    expect(await renderManifests(join(DEPLOY, "dashboard"))).toEqual([
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "config-manager-dashboard", labels: { grafana_dashboard: "1" } },
        data: { "config-manager.json": committed },
      } as never,
    ]);
  });
});

describe("the dashboard", () => {
  test("is what Grafana's published types take", async () => {
    expect(await validateDashboard(dashboard)).toEqual([]);
  });

  test("has an id, a title, a description and a query in each panel, and no title twice", () => {
    expect(shown.length).toBeGreaterThan(10);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    expect(new Set(shown.map(({ title }) => title)).size).toBe(shown.length);
    for (const { title, description = "", targets = [] } of shown) {
      expect(title).not.toBe("");
      expect(description).toEndWith(".");
      expect(targets.length).toBeGreaterThan(0);
    }
  });

  test.each<[what: string, change: (panel: PanelJson, all: DashboardJson) => void, said: string]>([
    [
      "an option that there is not",
      ({ options }) => void Object.assign(options as object, { colour: 1 }),
      "'\"colour\"'",
    ],
    [
      "a value that an option has not",
      ({ options }) => void Object.assign(options as object, { colorMode: "blue" }),
      "blue",
    ],
    ["a field that a panel has not", (panel) => void Object.assign(panel, { titel: "" }), "'\"titel\"'"],
    ["no options", (panel) => void delete panel.options, "'options' is missing"],
    ["a panel of no type", (panel) => void (panel.type = "stats"), "its type stats is not known"],
    ["a query without a name", (panel) => void (panel.targets = [{ expr: "up", refid: "A" }]), "'\"refid\"'"],
    ["a number for a query", (panel) => void (panel.targets = [{ expr: 1 as never, refId: "A" }]), "number"],
    ["a field that a dashboard has not", (_, all) => void (all.refesh = "1m"), "'\"refesh\"'"],
    ["a cursor that there is not", (_, all) => void (all.graphTooltip = 9), "'9'"],
  ])("would be refused with %s", async (_, change, said) => {
    const broken = structuredClone(dashboard);
    const panel = broken.panels.find(({ type }) => type === "stat");
    if (!panel) throw new Error("there is no stat panel");
    change(panel, broken);
    const problems = await validateDashboard(broken);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(said);
  });
});

describe("docs/monitoring.md", () => {
  test("has every panel in its tables, in the order of the dashboard, with the metrics that it draws", () => {
    const rows = [...document.matchAll(/^\| \*\*(.+?)\*\* \| (.+?) \|/gm)];
    expect(rows.map(([, title]) => title)).toEqual(shown.map(({ title }) => title));
    for (const [index, { title, targets = [] }] of shown.entries()) {
      const drawn = [...(rows[index]?.[2] ?? "").matchAll(/`([a-z_*]+)`/g)].map(([, name]) => `config_manager_${name}`);
      const asked = targets.flatMap(({ expr }) => listMetrics(expr));
      const patterns = targets.flatMap(({ expr }) =>
        [...expr.matchAll(/__name__=~"([^"]+)"/g)].map(([, pattern = ""]) => pattern.replace("[a-z]+", "*")),
      );
      expect(new Set(drawn), title).toEqual(new Set([...asked, ...patterns]));
    }
  });

  test("has a heading for every alert, to which its runbook_url leads", async () => {
    const alerts = (await listAlertQueries()).map(({ who }) => who);
    expect([...document.matchAll(/^### (ConfigManager\w+)$/gm)].map(([, alert]) => alert)).toEqual(alerts);
    const rules = await readFile(join(DEPLOY, "alerts/config-manager.yaml"), "utf8");
    const links = [...rules.matchAll(/runbook_url: \S+\/docs\/monitoring\.md#(\w+)$/gm)].map(([, anchor]) => anchor);
    expect(links).toEqual(alerts.map((alert) => alert.toLowerCase()));
  });
});

describe("the queries of panels and alerts", () => {
  test("name only metrics that docs/operations.md lists, whose test knows that they are there", async () => {
    const operations = await readFile(join(REPOSITORY, "docs/operations.md"), "utf8");
    const listed = (metric: string) => operations.includes(`\`${metric}\``);
    const queries = [...(await listPanelQueries()), ...(await listAlertQueries())];
    const named = [...new Set(queries.flatMap(({ expr }) => listMetrics(expr)))];
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((metric) => !listed(metric))).toEqual([]);
  });

  test("have no variable left that Grafana would fill in", async () => {
    for (const { expr } of await listPanelQueries()) expect(expr.replaceAll('"$1"', "")).not.toContain("$");
  });
});
