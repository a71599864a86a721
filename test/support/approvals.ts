import type { Gateway } from "../../lib/gateway/connection.ts";
import { ManagerError } from "../../lib/errors.ts";
import type { JsonObject } from "../../lib/json.ts";

interface Entry {
  id?: string;
  pattern: string;
  [field: string]: unknown;
}

/** The approvals of a gateway, as `exec.approvals.get` shows them. */
export interface LiveApprovals {
  version: 1;
  defaults: Record<string, unknown>;
  agents: Record<string, { allowlist?: Entry[]; [field: string]: unknown }>;
  [field: string]: unknown;
}

/** Exec approvals in memory, behind the two calls. */
export interface ApprovalsGateway extends Gateway {
  file: LiveApprovals;
  /** The calls so far: `get`, `set`. */
  readonly calls: readonly string[];
  /** The documents that were sent. */
  readonly sent: readonly JsonObject[];
  /** Is called before each call, with its short name; may throw, and change the file. */
  before: (call: "get" | "set") => void;
}

/** Behaves like 2026.9.6: a hash of the whole, an id for each entry, and a socket of its own. */
export function createApprovalsGateway(agents: LiveApprovals["agents"] = {}): ApprovalsGateway {
  const calls: string[] = [];
  const sent: JsonObject[] = [];
  let made = 0;
  const view = () => {
    const file = { socket: { path: "/home/node/.openclaw/exec-approvals.sock" }, ...structuredClone(gateway.file) };
    return { path: "here", exists: true, hash: JSON.stringify(gateway.file).slice(0, 4_000), file };
  };
  const gateway: ApprovalsGateway = {
    version: "2026.9.6",
    protocol: 4,
    processStartedMs: undefined,
    isOpen: true,
    receivedLength: 0,
    file: { version: 1, defaults: {}, agents },
    calls,
    sent,
    before: () => undefined,
    async call(method, params) {
      const call = method === "exec.approvals.get" ? "get" : "set";
      calls.push(call);
      gateway.before(call);
      if (call === "get") return view();
      const { file, baseHash } = structuredClone(params) as { file: LiveApprovals; baseHash: string };
      if (baseHash !== view().hash) {
        const message = "exec approvals changed since last load; re-run exec.approvals.get and retry";
        throw new ManagerError("rejected", message);
      }
      sent.push(structuredClone(file) as unknown as JsonObject);
      for (const agent of Object.values(file.agents ?? {})) {
        for (const entry of agent.allowlist ?? []) entry.id ??= `made-${++made}`;
      }
      gateway.file = { ...file, defaults: file.defaults ?? {}, agents: file.agents ?? {} };
      return view();
    },
    close: async () => undefined,
  };
  return gateway;
}

/** Grants a command as a person does: at once, and without a hash. */
export function grant({ file }: Pick<ApprovalsGateway, "file">, pattern: string, agent = "main"): void {
  const held = (file.agents[agent] ??= {});
  held.allowlist = [...(held.allowlist ?? []), { pattern, id: `granted-${pattern}`, source: "allow-always" }];
}

/** The patterns of an agent's allowlist. */
export function patternsOf({ agents }: Pick<LiveApprovals, "agents">, agent = "main"): string[] {
  return agents[agent]?.allowlist?.map(({ pattern }) => pattern) ?? [];
}

/** Git's file with these patterns. */
export function approvalsOf(patterns: readonly string[], more: object = {}): string {
  const allowlist = patterns.map((pattern) => ({ pattern }));
  return JSON.stringify({ version: 1, agents: { main: { ...(patterns.length > 0 && { allowlist }), ...more } } });
}

/** Makes a gateway of a test one that can be asked and changed here. */
export function callsOf(gateway: {
  rpc: (method: string, params?: object) => Promise<unknown>;
}): Pick<Gateway, "call"> {
  return { call: (method, params) => gateway.rpc(method, params) };
}

/** What a gateway holds, and the hash to change it by. */
export async function getApprovals(client: Pick<Gateway, "call">): Promise<{ hash: string; file: LiveApprovals }> {
  return (await client.call("exec.approvals.get", {})) as { hash: string; file: LiveApprovals };
}

/** Changes the live approvals as another client does: reads, and writes again where somebody else was faster. */
export async function editApprovals(
  client: Pick<Gateway, "call">,
  change: (file: LiveApprovals) => Pick<LiveApprovals, "agents"> & Partial<LiveApprovals>,
): Promise<void> {
  for (;;) {
    const { file, hash } = await getApprovals(client);
    const { socket: _, ...next } = { ...file, ...change(structuredClone(file)) };
    try {
      await client.call("exec.approvals.set", { file: next, baseHash: hash });
      return;
    } catch (error) {
      if (!(error instanceof ManagerError) || !/changed since last load/.test(error.message)) throw error;
    }
  }
}

/** What a person does who allows a command always. */
export async function grantPattern(client: Pick<Gateway, "call">, pattern: string): Promise<void> {
  await editApprovals(client, ({ agents }) => {
    const { main = {} } = agents;
    return { agents: { ...agents, main: { ...main, allowlist: [...(main.allowlist ?? []), { pattern }] } } };
  });
}
