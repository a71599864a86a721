import * as v from "valibot";
import { ManagerError } from "../errors.ts";
import type { Gateway } from "./connection.ts";

type Calls = Pick<Gateway, "call">;

/** More agents than anybody has. */
const MAX_AGENTS = 200;

const MAX_SKILLS = 5_000;

const Word = v.pipe(v.string(), v.maxLength(4_096));

/** A list of which the rest is left out. */
const some = <T>(item: v.GenericSchema<unknown, T>, limit: number) =>
  v.pipe(
    v.array(v.unknown()),
    v.transform((items) => items.slice(0, limit)),
    v.array(item),
  );

const AgentListSchema = v.object({
  agents: some(v.object({ id: Word, workspace: v.optional(Word) }), MAX_AGENTS),
});

const FilesSchema = v.object({ workspace: Word });

/**
 * Asks where agents' workspaces lie: `agents.list` tells it on 2026.9.6, `agents.files.list` on 2026.2.9 too.
 *
 * @returns by the agents' ids; without those that the gateway does not know
 * @throws {ManagerError} as {@link Gateway.call} does, but not `rejected`.
 */
export async function readWorkspaces(gateway: Calls): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const reply = v.safeParse(AgentListSchema, await unlessRejected(gateway.call("agents.list", {})));
  for (const { id, workspace } of reply.success ? reply.output.agents : []) {
    if (workspace !== undefined) {
      found.set(id, workspace);
      continue;
    }
    const files = v.safeParse(FilesSchema, await unlessRejected(gateway.call("agents.files.list", { agentId: id })));
    if (files.success) found.set(id, files.output.workspace);
  }
  return found;
}

const Words = v.optional(some(Word, 20), []);

const Flag = v.optional(v.boolean(), false);

const SkillSchema = v.object({
  name: Word,
  /** The folder of its SKILL.md. */
  baseDir: Word,
  disabled: Flag,
  blockedByAllowlist: Flag,
  /** From 2026.9.6 on. */
  blockedByAgentFilter: Flag,
  eligible: v.optional(v.boolean(), true),
  missing: v.optional(v.object({ bins: Words, anyBins: Words, env: Words, config: Words, os: Words })),
});

/** A skill as the gateway has loaded it. One that it cannot load is not in its list, and no reason is told. */
export type LoadedSkill = v.InferOutput<typeof SkillSchema>;

const SkillsSchema = v.object({ skills: some(SkillSchema, MAX_SKILLS) });

/**
 * Asks which skills an agent has: `skills.status`, on 2026.2.9 and 2026.9.6.
 *
 * @returns undefined if the gateway does not tell
 * @throws {ManagerError} as {@link Gateway.call} does, but not `rejected`.
 */
export async function readSkills(gateway: Calls, agentId: string): Promise<readonly LoadedSkill[] | undefined> {
  const reply = v.safeParse(SkillsSchema, await unlessRejected(gateway.call("skills.status", { agentId })));
  return reply.success ? reply.output.skills : undefined;
}

async function unlessRejected(reply: Promise<unknown>): Promise<unknown> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof ManagerError && error.code === "rejected") return undefined;
    throw error;
  }
}
