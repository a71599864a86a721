// Makes the Grafana dashboard of what panels.ts lists. After a change:
//   node_modules/.bin/bun deploy/dashboard/dashboard.ts > deploy/dashboard/config-manager.json
//
// The classic model, not the newer v2: every Grafana that loads dashboards from ConfigMaps reads it.

import process from "node:process";
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as stateTimeline from "@grafana/grafana-foundation-sdk/statetimeline";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";
import { type Panel, ROWS, type States } from "./panels.ts";

const SOURCE: common.DataSourceRef = { type: "prometheus", uid: "${datasource}" };

/** The colors of a number: below all limits, from the first on, from the second on. */
const COLORS = ["green", "orange", "red"];

type Builder = stat.PanelBuilder | stateTimeline.PanelBuilder | timeseries.PanelBuilder;

function createPanel(panel: Panel): Builder {
  const { kind, title, description, queries, unit = "short", span, states } = panel;
  const builder = CREATE[kind]();
  builder.title(title).description(description).datasource(SOURCE).unit(unit).thresholds(createThresholds(panel));
  if (span !== undefined) builder.span(span);
  if (states) builder.mappings(toMappings(states));
  for (const [index, { expr, legend }] of queries.entries()) {
    const query = new prometheus.DataqueryBuilder()
      .refId(String.fromCodePoint(65 + index))
      .datasource(SOURCE)
      .expr(expr)
      .legendFormat(legend);
    builder.withTarget(kind === "stat" ? query.instant() : query.range());
  }
  return builder;
}

const CREATE: Record<Panel["kind"], () => Builder> = {
  stat: () =>
    new stat.PanelBuilder()
      .height(5)
      .span(4)
      .colorMode(common.BigValueColorMode.Value)
      .graphMode(common.BigValueGraphMode.None)
      .textMode(common.BigValueTextMode.ValueAndName)
      .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
      .noValue("unknown"),
  timeline: () =>
    new stateTimeline.PanelBuilder()
      .height(8)
      .span(24)
      .showValue(common.VisibilityMode.Auto)
      .legend(new common.VizLegendOptionsBuilder().showLegend(false).displayMode(common.LegendDisplayMode.List)),
  series: () =>
    new timeseries.PanelBuilder()
      .height(8)
      .span(12)
      .min(0)
      .thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Line))
      .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassic))
      .legend(
        new common.VizLegendOptionsBuilder()
          .showLegend(true)
          .displayMode(common.LegendDisplayMode.Table)
          .placement(common.LegendPlacement.Bottom)
          .calcs(["lastNotNull", "max"]),
      )
      .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi)),
};

/** The named states of a value. */
function toMappings(states: States): dashboard.ValueMapping[] {
  const options = states.map(([text, color], index) => [String(index), { text, color, index }] as const);
  return [{ type: dashboard.MappingType.ValueToText, options: Object.fromEntries(options) }];
}

/** Without limits, a number is neither good nor bad. */
function createThresholds({ limits }: Panel): dashboard.ThresholdsConfigBuilder {
  const steps = limits ? [null, ...limits].map((value, index) => ({ value, color: COLORS[index] ?? "red" })) : [];
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(limits ? steps : [{ value: null, color: "text" }]);
}

/** A choice of some values of a label, or of all. */
function createVariable(name: string, label: string, within: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(SOURCE)
    .query(`label_values(config_manager_build_info${within}, ${name})`)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue(".*") // series without the label too
    .current({ selected: true, text: ["All"], value: ["$__all"] });
}

function createDashboard(): dashboard.Dashboard {
  const builder = new dashboard.DashboardBuilder("config-manager")
    .uid("config-manager")
    .description(
      "Whether OpenClaw is what Git says, and what keeps it from that. docs/monitoring.md explains each panel.",
    )
    .tags(["openclaw", "config-manager"])
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .time({ from: "now-6h", to: "now" })
    .refresh("1m")
    .withVariable(new dashboard.DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"))
    .withVariable(createVariable("job", "Job", ""))
    .withVariable(createVariable("namespace", "Namespace", '{job=~"$job"}'))
    .withVariable(createVariable("pod", "Pod", '{job=~"$job", namespace=~"$namespace"}'));
  let id = 0;
  for (const [title, panels] of ROWS) {
    builder.withRow(new dashboard.RowBuilder(title).id(++id));
    for (const panel of panels) builder.withPanel(createPanel(panel).id(++id));
  }
  const built = builder.build();
  for (const variable of built.templating?.list ?? []) {
    // The library gives each one the fields of an interval, which Grafana's schema does not have there.
    for (const field of ["auto", "auto_min", "auto_count"] as const) delete variable[field];
  }
  return built;
}

/** The text of `config-manager.json`. */
export function formatDashboard(): string {
  return `${JSON.stringify(createDashboard(), undefined, 2)}\n`;
}

if (import.meta.main) process.stdout.write(formatDashboard());
