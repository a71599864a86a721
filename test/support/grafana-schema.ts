import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { run } from "./process.ts";
import { REPOSITORY } from "./repository.ts";

const NODE_MODULES = resolve(REPOSITORY, "node_modules");

/** A dashboard of the classic model, as far as this has to know it. */
export interface DashboardJson {
  panels: PanelJson[];
  [field: string]: unknown;
}

export interface PanelJson {
  type: string;
  title: string;
  description?: string;
  targets?: { expr: string; [field: string]: unknown }[];
  [field: string]: unknown;
}

/** Grafana's own types of each kind of panel that is used, by the `type` in the JSON. */
const PANELS: Record<string, string> = {
  row: 'Omit<grafana.RowPanel, "type"> & { type: "row" }',
  stat: "Of<'stat', stat.Options, never>",
  timeseries: "Of<'timeseries', timeseries.Options, timeseries.FieldConfig>",
  "state-timeline": "Of<'state-timeline', timeline.Options, timeline.FieldConfig>",
};

/**
 * Grafana publishes the schema of dashboards as types. JSON has strings and numbers where they have enums, and no field is
 * ever undefined.
 */
const HEAD = `
import type * as grafana from "@grafana/schema";
import type * as stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as timeline from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type * as timeseries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
import type * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";

type Json<T> = unknown extends T ? unknown
  : T extends string ? \`\${T}\`
  : T extends number ? (\`\${T}\` extends \`\${infer N extends number}\` ? N : T)
  : T extends readonly (infer E)[] ? Json<E>[]
  : T extends object ? { [K in keyof T]: Json<T[K]> }
  : T;
type Config<Custom> = Omit<grafana.FieldConfigSource, "defaults"> & {
  defaults: Omit<grafana.FieldConfig, "custom"> & { custom?: Custom };
};
type Target = Omit<prometheus.Dataquery, "_implementsDataqueryVariant">;
type Of<Type, Options, Custom> = Omit<grafana.Panel, "type" | "options" | "fieldConfig" | "targets"> & {
  type: Type; options: Options; fieldConfig: Config<Custom>; targets: Target[];
};
`;

/** Lists what is wrong with a dashboard by the types that Grafana publishes on npm: a line each, with panel and field. */
export async function validateDashboard({ panels, ...rest }: DashboardJson): Promise<string[]> {
  const strange = panels.filter(({ type }) => PANELS[type] === undefined);
  const checked = panels.filter((panel) => !strange.includes(panel));
  const parts = [
    { name: "the dashboard", source: toSource("head", 'Omit<grafana.Dashboard, "panels">', rest) },
    ...checked.map((panel, index) => ({
      name: `panel ${panel.title}`,
      source: toSource(`panel${index}`, PANELS[panel.type] ?? "never", panel),
    })),
  ];
  const found = await compile(parts);
  return [...strange.map(({ title, type }) => `panel ${title}: its type ${type} is not known here`), ...found];
}

function toSource(name: string, type: string, value: unknown): string {
  return `export const ${name}: Json<${type}> = ${JSON.stringify(value, undefined, 1)};\n`;
}

/** A file for each part, so that an error names the part. */
async function compile(parts: readonly { name: string; source: string }[]): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), "config-manager-types-"));
  try {
    await symlink(NODE_MODULES, join(directory, "node_modules"));
    const files = parts.map((_, index) => `part${index}.ts`);
    for (const [index, { source }] of parts.entries())
      await writeFile(join(directory, `part${index}.ts`), HEAD + source);
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "preserve", "--target", "esnext"];
    const tsc = join(NODE_MODULES, ".bin/tsc");
    const { exitCode, stdout } = await run(tsc, [...options, ...files], { cwd: directory, env: process.env });
    if (exitCode === 0) return [];
    const name = (_: string, index: string) => `${parts[Number(index)]?.name}: `;
    return stdout
      .trim()
      .split("\n")
      .map((line) => line.replace(/^part(\d+)\.ts\(\d+,\d+\): error \w+: /, name));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
