import * as v from "valibot";
import { ManagerError, toResult } from "../errors.ts";
import { type ActiveWork, createWorkReader } from "./active-work.ts";
import type { Gateway } from "./connection.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { refusalDetails } from "./refusal.ts";
import { type ReloadOutcome, readReloadOutcome } from "./reload-log.ts";

/** What a change does to a running gateway, in OpenClaw's words. */
export type ReloadKind = "hot" | "restart" | "none";

/** A problem or a warning of the gateway about a config. The message may quote a value. */
export interface ConfigIssue {
  /** Dotted path; empty when it is about the whole config. */
  path: string;
  message: string;
}

/** What gateways send instead of a secret. */
export const REDACTED = "__OPENCLAW_REDACTED__";

/** The config file, as the gateway sees it. */
export interface ConfigView {
  /** The path of the file, in the container of the gateway. */
  path: string | undefined;
  /** The parsed root file, with its secrets replaced by {@link REDACTED}; undefined if there is none. */
  parsed: unknown;
  isValid: boolean;
  issues: ConfigIssue[];
  /** Of a valid config. */
  warnings: ConfigIssue[];
  /** Identifies the bytes: their SHA-256 in hexadecimal (up to 2026.6.11), or an opaque text (from 2026.7.35). */
  hash: string | undefined;
  /** Whether the gateway runs with this config; undefined when it does not tell (before 2026.8.2). */
  isApplied: boolean | undefined;
}

/** A start of a gateway, with the failed ones before it. What it changes in its config meanwhile is its own doing. */
export interface GatewayStart {
  /** No gateway was ready between this time and `readyMs`; in milliseconds since 1970. */
  sinceMs: number;
  /** When it was ready, at the latest. */
  readyMs: number;
}

/** Asks the gateway about its config. The methods throw a {@link ManagerError} as {@link Gateway.call} does. */
export interface ConfigGateway {
  /** The gateway's release; `dev` on 2026.2.9. */
  readonly release: string;
  /** When its process started, in milliseconds since 1970; undefined if it does not tell. */
  readonly processStartedMs: number | undefined;
  /** Its last start, in its process or of it; undefined if it does not tell. */
  readonly start: GatewayStart | undefined;
  /**
   * `config.get`. 2026.9.6 answers from its cache until its watcher notices the file, 200 ms after a write. 2026.8.2
   * answers from its cache until it loads the file, and never reports a file that it rejects. Only the hash shows
   * whether the view is of the new bytes.
   */
  readView(): Promise<ConfigView>;
  /**
   * Returns the problems of the file as it is now, past that cache; undefined when the gateway cannot tell.
   *
   * Sends a `config.patch` of `null`: from 2026.8.2 the gateway reads and validates the file before it looks at the
   * patch. It cannot change anything, because every release refuses a patch that is no object.
   */
  readIssues(): Promise<ConfigIssue[] | undefined>;
  /** How the last reload since this time ended, see {@link readReloadOutcome}. */
  readReload(sinceMs: number): Promise<ReloadOutcome | undefined>;
  /** `config.schema.lookup`; undefined when the gateway has no such call (before 2026.5.20) or does not know the path. */
  lookUpReload(path: string): Promise<ReloadKind | undefined>;
  /** What a restart would cut off, see {@link createWorkReader}. */
  readActiveWork(): Promise<ActiveWork>;
  /** The JSON Schema of `config.schema`, with that of each plugin in it; undefined if the reply makes no sense. */
  readSchema(): Promise<JsonObject | undefined>;
}

/** How many problems of a config are read: more than anybody reads. The rest is not told. */
const MAX_ISSUES = 1_000;

const [MAX_PATH_LENGTH, MAX_MESSAGE_LENGTH] = [1_000, 4_000];

const shortText = (maxLength: number) =>
  v.pipe(
    v.string(),
    v.transform((text) => (text.length > maxLength ? `${text.slice(0, maxLength)}…` : text)),
  );

const IssuesSchema = v.optional(
  v.pipe(
    v.array(v.unknown()),
    v.transform((issues) => issues.slice(0, MAX_ISSUES)),
    v.array(v.object({ path: v.optional(shortText(MAX_PATH_LENGTH), ""), message: shortText(MAX_MESSAGE_LENGTH) })),
  ),
  [],
);

/** A hash or a path of a file. */
const WordSchema = v.pipe(v.string(), v.maxLength(4_096));

const ViewSchema = v.object({
  path: v.optional(WordSchema),
  parsed: v.optional(v.unknown()),
  valid: v.boolean(),
  issues: IssuesSchema,
  warnings: IssuesSchema,
  legacyIssues: IssuesSchema,
  hash: v.optional(WordSchema),
  configRevisionHash: v.nullish(WordSchema),
  appliedConfigHash: v.nullish(WordSchema),
});

const isRecord = (value: unknown) => isJsonObject(value as Json);

const LookupSchema = v.object({ reloadKind: v.picklist(["hot", "restart", "none"]) });

export function createConfigGateway(gateway: Gateway, start: GatewayStart | undefined): ConfigGateway {
  return {
    release: gateway.version,
    processStartedMs: gateway.processStartedMs,
    start,
    async readView() {
      return toView(await gateway.call("config.get", {}));
    },
    async readIssues() {
      try {
        await gateway.call("config.patch", { raw: "null" });
      } catch (error) {
        if (!(error instanceof ManagerError) || error.code !== "rejected") throw error;
        const issues = v.safeParse(IssuesSchema, refusalDetails(error).issues);
        if (issues.success && issues.output.length > 0) return issues.output;
        if (/raw must be an object/.test(error.message)) return [];
      }
      return undefined;
    },
    readReload: (sinceMs) => unlessRejected(readReloadOutcome(gateway, sinceMs)),
    async lookUpReload(path) {
      // The call refuses quoted keys; `*` has the schema of all keys that are not in the schema by name.
      const pattern = path.replace(/"(?:[^"\\]|\\[^])*(?:"|\\?$)/g, "*");
      // Rejected: `unknown method`, or `config schema path not found`.
      const parsed = v.safeParse(
        LookupSchema,
        await unlessRejected(gateway.call("config.schema.lookup", { path: pattern })),
      );
      return parsed.success ? parsed.output.reloadKind : undefined;
    },
    readActiveWork: createWorkReader(gateway, () => performance.now()),
    async readSchema() {
      const reply = v.safeParse(
        v.object({ schema: v.custom<JsonObject>(isRecord) }),
        await gateway.call("config.schema", {}),
      );
      return reply.success ? reply.output.schema : undefined;
    },
  };
}

async function unlessRejected<T>(reply: Promise<T>): Promise<T | undefined> {
  const result = await toResult(reply);
  if (!(result instanceof ManagerError)) return result;
  if (result.code === "rejected") return undefined;
  throw result;
}

function toView(reply: unknown): ConfigView {
  const parsed = v.safeParse(ViewSchema, reply, { abortEarly: true });
  if (!parsed.success) {
    const field = v.getDotPath(parsed.issues[0]) ?? "the whole of it";
    throw new ManagerError("rejected", `config.get: the reply makes no sense at ${field}`);
  }
  const {
    path,
    parsed: document,
    valid,
    issues,
    warnings,
    legacyIssues,
    hash,
    configRevisionHash,
    appliedConfigHash,
  } = parsed.output;
  const isKnown = typeof appliedConfigHash === "string" && typeof configRevisionHash === "string";
  return {
    path,
    parsed: document,
    isValid: valid,
    // Only the second list says where a field has moved to.
    issues: valid ? [] : [...issues, ...legacyIssues],
    warnings,
    hash,
    isApplied: isKnown ? appliedConfigHash === configRevisionHash : undefined,
  };
}
