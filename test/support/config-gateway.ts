import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ConfigGateway, ConfigView, GatewayStart } from "../../lib/gateway/config-calls.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** The hash of a config file, as gateways of these releases report it. */
export const HASHES = {
  "2026.2.9": sha256,
  "2026.8.2": (text: string) => `hmac-sha256:v1:${sha256(`pepper ${text}`)}`,
  "2026.9.6": (text: string) => `hmac-sha256:v1:${sha256(`salt ${text}`)}`,
} as const;

interface GatewayHabits {
  release?: keyof typeof HASHES;
  /** How many reads after a change it still answers from its cache. */
  lag?: number;
  /** Whether the cache can be bypassed. */
  canBeProbed?: boolean;
  /** Called before the file is read for an answer, with the number of reads so far. */
  before?: (asked: number) => void;
  /** Called after the file is read for an answer. */
  after?: (asked: number) => void;
  /** Files that the config includes, beside it. Since 2026.8.2, the hash depends on them. */
  includes?: string[];
  /** Its last start, see {@link ConfigGateway.start}. */
  start?: GatewayStart | undefined;
}

/**
 * A gateway that reads this file and validates it as gateways do. It rejects a config that contains `nonsense`, and warns
 * of one that contains `dubious`.
 */
export function serveFile(
  path: string,
  {
    release = "2026.2.9",
    lag = 0,
    canBeProbed = release !== "2026.2.9",
    before,
    after,
    includes = [],
    start,
  }: GatewayHabits = {},
) {
  const readFile = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : "");
  const read = () => [path, ...includes.map((name) => join(dirname(path), name))].map(readFile).join("\0");
  let seen: string | undefined;
  let behind = 0;
  let asked = 0;
  const gateway: ConfigGateway = {
    release,
    processStartedMs: start?.sinceMs,
    start,
    async readView() {
      asked += 1;
      before?.(asked);
      const text = read();
      if (text !== seen) behind += 1;
      const isSilent = release === "2026.8.2" && !isValid(text); // it never reports a file that it rejects
      if (seen === undefined || (behind > lag && !isSilent)) [seen, behind] = [text, 0];
      after?.(asked);
      return validate(seen);
    },
    async readIssues() {
      return canBeProbed ? validate(read()).issues : undefined;
    },
    readReload: async () => undefined,
    readSchema: async () => undefined,
    readActiveWork: () => Promise.reject(new Error("nobody should ask")),
    lookUpReload: () => Promise.reject(new Error("nobody should ask")),
  };
  const isValid = (text: string) => !text.includes("nonsense");
  const validate = (text: string): ConfigView => {
    return {
      path,
      parsed: undefined,
      isValid: isValid(text),
      issues: isValid(text) ? [] : [{ path: "agents", message: "nonsense: s3cret-value" }],
      warnings: text.includes("dubious") ? [{ path: "a", message: "dubious" }] : [],
      hash: HASHES[release](release === "2026.2.9" ? (text.split("\0")[0] ?? "") : text),
      isApplied: release === "2026.2.9" ? undefined : true,
    };
  };
  return {
    gateway,
    get asked() {
      return asked;
    },
  };
}
