import type { ConfigGateway, ReloadKind } from "../gateway/config-calls.ts";
import { ManagerError } from "../errors.ts";

export interface PathChange {
  /** Dotted path. */
  path: string;
  reload: ReloadKind;
}

/** For all questions about one change together, in milliseconds. Each takes the gateway 15 ms and more. */
const FORECAST_BUDGET_MS = 2_000;

/**
 * Says of each changed path what it does to the gateway: by the gateway's own word where it has one (from 2026.5.20),
 * else by the plan's table.
 */
export async function forecastReloads(
  paths: readonly string[],
  gateway: ConfigGateway | undefined,
  nowMs: () => number = Date.now,
): Promise<PathChange[]> {
  const untilMs = nowMs() + FORECAST_BUDGET_MS;
  const changes: PathChange[] = [];
  for (const path of paths) {
    const told = nowMs() < untilMs ? await lookUp(path, gateway) : undefined;
    changes.push({ path, reload: told ?? forecastByTable(path) });
  }
  return changes;
}

/** A config that is new altogether is not told path by path. */
const MAX_LINES = 100;

/** A line for each changed path, without values. */
export async function describeChanges(paths: readonly string[], gateway: ConfigGateway | undefined): Promise<string[]> {
  const changes = await forecastReloads(paths.slice(0, MAX_LINES), gateway);
  const lines = changes.map(({ path, reload }) => `  Changed: ${path} (${reload})`);
  return paths.length > MAX_LINES ? [...lines, `  Changed: ${paths.length - MAX_LINES} more paths`] : lines;
}

/** A gateway that goes away meanwhile is no reason to fail: most likely it is the restart that was forecast. */
async function lookUp(path: string, gateway: ConfigGateway | undefined): Promise<ReloadKind | undefined> {
  try {
    return await gateway?.lookUpReload(path);
  } catch (error) {
    if (error instanceof ManagerError) return undefined;
    throw error;
  }
}

/** What the plan calls applied without a restart; 2026.2.9 reads most of it at its next use. */
const HOT =
  "agent agents audio bindings browser channels cron hooks identity logging messages models routing session skills talk tools ui web";

/** The plan's table; the longest prefix counts. */
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

/** Unknown paths restart the gateway: so they do on every release. */
export function forecastByTable(path: string): ReloadKind {
  const segments = path.split(".");
  const prefixes = segments.map((_, index) => segments.slice(0, segments.length - index).join("."));
  const known = prefixes.find((prefix) => TABLE.has(prefix)) ?? "";
  return TABLE.get(known) ?? "restart";
}
