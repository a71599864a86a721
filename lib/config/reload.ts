import type { ConfigGateway, ReloadKind } from "../gateway/config-calls.ts";
import { ManagerError } from "../errors.ts";

export interface PathChange {
  /** Dotted path. */
  path: string;
  reload: ReloadKind;
}

/** The time for all lookups of one update together, in milliseconds. Each takes the gateway 15 ms or more. */
const FORECAST_BUDGET_MS = 2_000;

/**
 * Forecasts what each changed path does to the gateway: by the gateway's own lookup (since 2026.5.20), else by
 * {@link forecastByTable}.
 */
export async function forecastReloads(
  paths: readonly string[],
  gateway: ConfigGateway | undefined,
  uptimeMs: () => number = () => performance.now(),
): Promise<PathChange[]> {
  const untilMs = uptimeMs() + FORECAST_BUDGET_MS;
  const changes: PathChange[] = [];
  for (const path of paths) {
    const known = uptimeMs() < untilMs ? await lookUp(path, gateway) : undefined;
    changes.push({ path, reload: known ?? forecastByTable(path) });
  }
  return changes;
}

/** How many changed paths are logged. A completely new config would fill the log. */
const MAX_LINES = 100;

/** Returns a line per changed path, without values. */
export async function describeChanges(paths: readonly string[], gateway: ConfigGateway | undefined): Promise<string[]> {
  const changes = await forecastReloads(paths.slice(0, MAX_LINES), gateway);
  const lines = changes.map(({ path, reload }) => `  Changed: ${path} (${reload})`);
  return paths.length > MAX_LINES ? [...lines, `  Changed: ${paths.length - MAX_LINES} more paths`] : lines;
}

/** Returns undefined if the gateway goes away meanwhile: most likely it restarts for this very change. */
async function lookUp(path: string, gateway: ConfigGateway | undefined): Promise<ReloadKind | undefined> {
  try {
    return await gateway?.lookUpReload(path);
  } catch (error) {
    if (error instanceof ManagerError) return undefined;
    throw error;
  }
}

/** Paths that are applied without a restart. 2026.2.9 reads most of them at their next use. */
const HOT =
  "agent agents audio bindings browser channels cron hooks identity logging messages models routing session skills talk tools ui web";

/** The table of the original design, for gateways that have no lookup. The longest prefix counts. */
const TABLE = new Map<string, ReloadKind>([
  ...HOT.split(" ").map((prefix) => [prefix, "hot"] as const),
  ["gateway", "restart"],
  ["gateway.reload", "none"],
  ["gateway.remote", "none"],
  ["discovery", "restart"],
  ["canvasHost", "restart"],
  ["plugins", "restart"],
  ["meta", "none"],
]);

/** Forecasts by {@link TABLE}. An unknown path restarts the gateway, as it does in every release. */
export function forecastByTable(path: string): ReloadKind {
  const segments = path.split(".");
  const prefixes = segments.map((_, index) => segments.slice(0, segments.length - index).join("."));
  const known = prefixes.find((prefix) => TABLE.has(prefix)) ?? "";
  return TABLE.get(known) ?? "restart";
}
