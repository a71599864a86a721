import * as v from "valibot";

const Id = v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(200));

const MarkSchema = v.object({ default: v.optional(v.boolean(), false) });

const AgentsSchema = v.object({
  defaults: v.optional(v.object({ systemAgent: v.optional(v.object({ agentId: Id })) })),
  /** From 2026.8.2 on. */
  ownership: v.optional(v.string()),
  entries: v.optional(v.record(v.string(), MarkSchema), {}),
  /** Up to 2026.7; later releases read it as entries. */
  list: v.optional(v.array(v.object({ id: Id, ...MarkSchema.entries })), []),
});

/**
 * Returns the id of the agent whose a job is that names none, in lower case, as OpenClaw resolves it: the system agent,
 * else the one marked `default`, else the only one, else, where they are a list, the first. The call `agents.list` tells
 * something else (2026.9.6: the first agent, where another one is marked).
 *
 * @param agents the section `agents` of a gateway's config
 * @returns undefined where several could be meant, and where the section makes no sense
 */
export function findDefaultAgent(agents: unknown): string | undefined {
  const parsed = v.safeParse(AgentsSchema, agents);
  if (!parsed.success) return undefined;
  const { defaults, ownership, entries, list } = parsed.output;
  const system = defaults?.systemAgent?.agentId;
  if (system !== undefined) return system.toLowerCase();
  const all = [...Object.entries(entries).map(([id, entry]) => ({ id, default: entry.default })), ...list];
  const marked = ownership === "explicit" ? [] : all.filter((agent) => agent.default);
  const [first = { id: "main" }, ...others] = marked.length > 0 ? marked : all;
  const isKnown = others.length === 0 || all.length === list.length;
  return isKnown ? first.id.toLowerCase() : undefined;
}
