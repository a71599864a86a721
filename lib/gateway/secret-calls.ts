import * as v from "valibot";
import { ManagerError, toResult } from "../errors.ts";
import type { Gateway } from "./connection.ts";
import { isUnknownMethod } from "./refusal.ts";

/** 2026.9.6 sends `{ok: true, warningCount}`. A warning is a provider that failed: what it gave before stays. */
const ReplySchema = v.object({ warningCount: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0) });

/** How a gateway answers to `secrets.reload`. */
export type ReloadReply =
  /** `warnings`: how many providers of secrets failed; the gateway keeps their former values, if it has any. */
  | { kind: "reloaded"; warnings: number }
  /** The gateway has no such call. Measured: 2026.2.9 has not, 2026.6.11 and 2026.9.6 have. */
  | { kind: "unsupported" };

/**
 * Lets the gateway read all secrets that its config refers to anew, without a restart. 2026.9.6 takes 0.1 to 0.8 s.
 * Where `gateway.auth.token` has another value then, it closes every connection: this one after its answer.
 *
 * @throws {ManagerError} as {@link Gateway.call} does: `rejected` if the gateway keeps all its former secrets.
 */
export async function reloadSecrets(gateway: Gateway): Promise<ReloadReply> {
  let reply: unknown;
  try {
    reply = await gateway.call("secrets.reload", {});
  } catch (error) {
    if (isUnknownMethod(error)) return { kind: "unsupported" };
    throw error;
  }
  const parsed = v.safeParse(ReplySchema, reply);
  if (!parsed.success) throw new ManagerError("rejected", "secrets.reload: the reply makes no sense");
  return { kind: "reloaded", warnings: parsed.output.warningCount };
}

/**
 * Returns whether the gateway has `secrets.reload`, without calling it: a release that has it also has
 * `secrets.resolve`, and refuses one that names nothing.
 *
 * @throws {ManagerError} as {@link Gateway.call} does, unless it rejects the call
 */
export async function canReloadSecrets(gateway: Gateway): Promise<boolean> {
  const reply = await toResult(gateway.call("secrets.resolve", {}));
  if (!(reply instanceof ManagerError)) return true;
  if (reply.code !== "rejected") throw reply;
  return !isUnknownMethod(reply);
}
