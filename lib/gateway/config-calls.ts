import * as v from "valibot";
import { ManagerError } from "../errors.ts";
import type { Gateway } from "./connection.ts";
import { refusalDetails } from "./refusal.ts";

/** What a change does to a running gateway, in OpenClaw's words. */
export type ReloadKind = "hot" | "restart" | "none";

/** A problem or a warning of the gateway about a config. The message may quote a value. */
export interface ConfigIssue {
  /** Dotted path; empty when it is about the whole config. */
  path: string;
  message: string;
}

/** The config file, as the gateway sees it. */
export interface ConfigView {
  /** The path of the file, in the container of the gateway. */
  path: string | undefined;
  isValid: boolean;
  issues: ConfigIssue[];
  /** Of a valid config. */
  warnings: ConfigIssue[];
  /** Identifies the bytes: their SHA-256 in hexadecimal (up to 2026.6.11), or an opaque text (from 2026.7.35). */
  hash: string | undefined;
  /** Whether the gateway runs with this config; undefined when it does not tell (before 2026.8.2). */
  isApplied: boolean | undefined;
}

/** Asks the gateway about its config. The methods throw a {@link ManagerError} as {@link Gateway.call} does. */
export interface ConfigGateway {
  /** The gateway's release; `dev` on 2026.2.9. */
  readonly release: string;
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
  /** `config.schema.lookup`; undefined when the gateway has no such call (before 2026.5.20) or does not know the path. */
  lookUpReload(path: string): Promise<ReloadKind | undefined>;
}

const IssuesSchema = v.optional(v.array(v.object({ path: v.optional(v.string(), ""), message: v.string() })), []);

const ViewSchema = v.object({
  path: v.optional(v.string()),
  valid: v.boolean(),
  issues: IssuesSchema,
  warnings: IssuesSchema,
  legacyIssues: IssuesSchema,
  hash: v.optional(v.string()),
  configRevisionHash: v.nullish(v.string()),
  appliedConfigHash: v.nullish(v.string()),
});

const LookupSchema = v.object({ reloadKind: v.picklist(["hot", "restart", "none"]) });

export function createConfigGateway(gateway: Gateway): ConfigGateway {
  return {
    release: gateway.version,
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
    async lookUpReload(path) {
      // The call refuses quoted keys; `*` has the schema of all keys that are not in the schema by name.
      const pattern = path.replace(/"(?:[^"\\]|\\.)*"/g, "*");
      try {
        const parsed = v.safeParse(LookupSchema, await gateway.call("config.schema.lookup", { path: pattern }));
        return parsed.success ? parsed.output.reloadKind : undefined;
      } catch (error) {
        // `unknown method`, or `config schema path not found`.
        if (error instanceof ManagerError && error.code === "rejected") return undefined;
        throw error;
      }
    },
  };
}

function toView(reply: unknown): ConfigView {
  const parsed = v.safeParse(ViewSchema, reply);
  if (!parsed.success) {
    const field = v.getDotPath(parsed.issues[0]) ?? "the whole of it";
    throw new ManagerError("rejected", `config.get: the reply makes no sense at ${field}`);
  }
  const { path, valid, issues, warnings, legacyIssues, hash, configRevisionHash, appliedConfigHash } = parsed.output;
  const isKnown = typeof appliedConfigHash === "string" && typeof configRevisionHash === "string";
  return {
    path,
    isValid: valid,
    // Only the second list says where a field has moved to.
    issues: valid ? [] : [...issues, ...legacyIssues],
    warnings,
    hash,
    isApplied: isKnown ? appliedConfigHash === configRevisionHash : undefined,
  };
}
