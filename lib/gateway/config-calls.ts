import * as v from "valibot";
import { ManagerError } from "../errors.ts";
import type { Gateway } from "./connection.ts";
import { refusalDetails } from "./refusal.ts";

/** What a change does to a running gateway, in its own words. */
export type ReloadKind = "hot" | "restart" | "none";

/** One thing that a gateway says about a config. The message may quote a value. */
export interface ConfigIssue {
  /** Dotted path; empty where it is about the whole. */
  path: string;
  message: string;
}

/** What a gateway sees of its config file. */
export interface ConfigView {
  /** The file that it reads, by its own path. */
  path: string | undefined;
  isValid: boolean;
  issues: ConfigIssue[];
  /** What it has to say about a valid one. */
  warnings: ConfigIssue[];
  /** Another for other bytes: their sha256 in hex (up to 2026.6.11), or something opaque (from 2026.7.35). */
  hash: string | undefined;
  /** Whether the gateway runs on it; undefined where the release does not tell (before 2026.8.2). */
  isApplied: boolean | undefined;
}

/** The config, as a gateway has it. Its methods throw a {@link ManagerError}, as {@link Gateway.call} does. */
export interface ConfigGateway {
  /** The gateway's release, `dev` on 2026.2.9. */
  readonly release: string;
  /**
   * `config.get`. 2026.9.6 answers from a cache until its watcher has noticed the file, 200 ms after a write;
   * 2026.8.2 until it has taken it, and of one that it does not take it says nothing, ever. Whether the view
   * is of the new bytes, only its hash tells.
   */
  readView(): Promise<ConfigView>;
  /**
   * What is wrong with the file as it is now, past that cache; undefined where the gateway cannot be asked so.
   *
   * By a `config.patch` that is none: from 2026.8.2 the file is read and judged before the patch is looked at.
   * Nothing can come of it, for a patch that is no object is refused by every release.
   */
  readIssues(): Promise<ConfigIssue[] | undefined>;
  /** `config.schema.lookup`; undefined where the gateway does not tell (before 2026.5.20), or does not know the path. */
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
      // A quoted key is one that the call does not take; for those, the schema is that of any key.
      const pattern = path.replace(/"(?:[^"\\]|\\.)*"/g, "*");
      try {
        const parsed = v.safeParse(LookupSchema, await gateway.call("config.schema.lookup", { path: pattern }));
        return parsed.success ? parsed.output.reloadKind : undefined;
      } catch (error) {
        // `unknown method` before some release, `config schema path not found` for what no schema knows.
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
  const tells = typeof appliedConfigHash === "string" && typeof configRevisionHash === "string";
  return {
    path,
    isValid: valid,
    // Of a field that has moved, only the second list says where to.
    issues: valid ? [] : [...issues, ...legacyIssues],
    warnings,
    hash,
    isApplied: tells ? appliedConfigHash === configRevisionHash : undefined,
  };
}
