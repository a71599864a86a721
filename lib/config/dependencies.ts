import type { Clock } from "../clock.ts";
import type { ConfigGateway } from "../gateway/config-calls.ts";
import type { Log } from "../log.ts";
import type { Warnings } from "../reconcile/warnings.ts";
import type { Settings } from "../settings.ts";
import type { ConfigPlaces } from "./observe.ts";
import type { ConfigMode } from "./target.ts";

/** Opens the gateway's view of its config. {@link Transport} of lib/gateway implements it. */
export interface ConfigTransport {
  openConfig(limitMs: number): Promise<ConfigGateway | undefined>;
  isRestarting(): boolean;
  /** Whether there is no such view, and no wait for one: the CLI validates no config. Absent: there may be one. */
  usesCli?(): boolean;
}

export interface ConfigDependencies {
  settings: ConfigPlaces & { configMode: ConfigMode } & Partial<Pick<Settings, "restart" | "restartDeadline">>;
  /** Whether drift is reverted. */
  selfHeal: boolean;
  /** Whether this container has the gateway's token or password. */
  hasToken: boolean;
  transport: ConfigTransport;
  /** How long a pass or a report waits for a gateway that does not answer, in milliseconds. It goes on without one. */
  connectLimitMs: number;
  log: Log;
  warnings: Warnings;
  clock: Clock;
}
