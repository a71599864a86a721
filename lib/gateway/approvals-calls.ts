import * as v from "valibot";
import { ManagerError } from "../errors.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import type { Gateway } from "./connection.ts";
import { isScopeMissing, isUnavailable, isUnknownMethod } from "./refusal.ts";

/** The exec approvals, as the gateway holds them. */
export interface ApprovalsView {
  /** The document, of version 1, with the path of its `socket` and without the token. Its inner shape is not checked. */
  file: JsonObject;
  /** Identifies the document: {@link writeApprovals} takes it. */
  hash: string;
}

/** The gateway does not have these calls, or does not let us use them. */
export class MissingApprovalsError extends ManagerError {}

/** The gateway refuses the document itself: another try with the same one is of no use. */
export class RefusedApprovalsError extends ManagerError {}

/** More than a ConfigMap can hold, with what the gateway stamps, and a person has granted. In characters of JSON. */
const MAX_LENGTH = 4 * 1024 * 1024;

const ViewSchema = v.object({
  hash: v.pipe(v.string(), v.nonEmpty(), v.maxLength(4_096)),
  file: v.pipe(
    v.custom<JsonObject>((value) => isJsonObject(value as Json)),
    v.check(({ version }) => version === 1, "version"),
    v.check((file) => JSON.stringify(file).length <= MAX_LENGTH, "size"),
  ),
});

/**
 * `exec.approvals.get`. 2026.2.9 writes its file anew at each call, with the same content.
 *
 * @throws {MissingApprovalsError} `refused`; {@link ManagerError} as {@link Gateway.call}, and `rejected` for a reply that
 * makes no sense
 */
export async function readApprovals(gateway: Gateway): Promise<ApprovalsView> {
  return toView(await ask(gateway, "exec.approvals.get", {}));
}

/**
 * `exec.approvals.set`: replaces the document, unless it has changed since `baseHash` was read. Both releases that were
 * tried keep the socket of a document that is sent without one.
 *
 * @returns what the gateway holds now
 * @throws {ManagerError} `conflict` if it has changed: read again; {@link RefusedApprovalsError} `rejected`; else as
 * {@link readApprovals}
 */
export async function writeApprovals(gateway: Gateway, file: JsonObject, baseHash: string): Promise<ApprovalsView> {
  return toView(await ask(gateway, "exec.approvals.set", { file, baseHash }));
}

async function ask(gateway: Gateway, method: string, params: object): Promise<unknown> {
  try {
    return await gateway.call(method, params);
  } catch (error) {
    if (!(error instanceof ManagerError)) throw error;
    const { message, cause } = error;
    if (isScopeMissing(error)) throw new MissingApprovalsError("refused", message, withHint(error));
    if (error.code !== "rejected" || isUnavailable(error)) throw error;
    if (isUnknownMethod(error)) throw new MissingApprovalsError("refused", `the gateway has no ${method}`, { cause });
    // 2026.2.9 and 2026.9.6: "exec approvals changed since last load; re-run exec.approvals.get and retry".
    if (/re-run exec\.approvals\.get/.test(message)) throw new ManagerError("conflict", message, { cause });
    throw method === "exec.approvals.set" ? new RefusedApprovalsError("rejected", message, { cause }) : error;
  }
}

function withHint({ hint, cause }: ManagerError) {
  return hint === undefined ? { cause } : { hint, cause };
}

function toView(reply: unknown): ApprovalsView {
  const parsed = v.safeParse(ViewSchema, reply, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [{ message }] = parsed.issues;
  const reason =
    message === "version"
      ? "a document of another version than 1"
      : message === "size"
        ? `a document of more than ${MAX_LENGTH / 1024 ** 2} MiB`
        : `no sense at ${v.getDotPath(parsed.issues[0]) ?? "the whole of it"}`;
  throw new ManagerError("rejected", `exec.approvals: the reply holds ${reason}`);
}
