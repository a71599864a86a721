import { ManagerError } from "../errors.ts";
import type { StatusReport } from "../reconcile/report.ts";
import { readBuild } from "../version.ts";
import type { Snapshot } from "./snapshot.ts";

/** What is in force, and whether it is what Git says. */
export interface Status {
  /** The gateway answers, and every kind of setting is in sync. That a job fails when it runs is its own affair. */
  healthy: boolean;
  /** Of config-manager. */
  version: string;
  gateway: {
    url: string;
    connected: boolean;
    version: string | null;
    protocol: number | null;
    transport: "gateway" | "cli" | null;
  };
  kinds: readonly NamedStatus[];
}

export interface NamedStatus extends StatusReport {
  name: string;
}

/** Says what is in force. Pure. */
export function toStatus({ gateway, settings, reports }: Snapshot): Status {
  const isConnected = !(gateway instanceof ManagerError);
  const kinds = reports.map(({ name, report }) => ({ name, ...report.status() }));
  return {
    healthy: isConnected && kinds.every(({ json }) => json.state === "in-sync"),
    version: readBuild().version,
    gateway: {
      url: settings.gatewayUrl,
      connected: isConnected,
      version: isConnected ? gateway.version : null,
      protocol: isConnected ? (gateway.protocol ?? null) : null,
      transport: isConnected ? gateway.transport : null,
    },
    kinds,
  };
}

/** The shape of `status --json`: an object for each kind under its name, and what stands beside them. */
export function toStatusJson({ kinds, ...status }: Status): Readonly<Record<string, unknown>> {
  return {
    ...status,
    ...Object.fromEntries(kinds.map(({ name, json }) => [name, json])),
    ...Object.assign({}, ...kinds.map(({ beside }) => beside)),
  };
}
