import { ManagerError } from "../errors.ts";
import { capProblems } from "../printable.ts";
import type { StatusReport } from "../reconcile/report.ts";
import { readBuild } from "../version.ts";
import type { Snapshot } from "./snapshot.ts";

/** The state of the gateway and of every kind of setting. */
export interface Status {
  /** Whether the gateway answers and every kind that Git has is in sync. A job whose runs fail does not count. */
  healthy: boolean;
  /** The version of config-manager. */
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

/** Collects the status of all kinds. Pure. */
export function toStatus({ gateway, settings, reports }: Snapshot): Status {
  const isConnected = !(gateway instanceof ManagerError);
  const kinds = reports.map(({ name, report }) => {
    const { json, notes = [], ...rest } = report.status();
    return { name, ...rest, notes: capProblems(notes), json: { ...json, problems: capProblems(json.problems) } };
  });
  return {
    healthy: isConnected && kinds.every(isSound),
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

/** Whether a kind is as Git says, or Git says nothing about it. */
export function isSound({ json, isUnused = false }: Pick<NamedStatus, "json" | "isUnused">): boolean {
  return json.state === "in-sync" || isUnused;
}

/** Returns the shape of `status --json`: an object per kind under its name, and the kinds' further keys. */
export function toStatusJson({ kinds, ...status }: Status): Readonly<Record<string, unknown>> {
  return {
    ...status,
    ...Object.fromEntries(kinds.map(({ name, json }) => [name, json])),
    ...Object.assign({}, ...kinds.map(({ beside }) => beside)),
  };
}
