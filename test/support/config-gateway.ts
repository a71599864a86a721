import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { ConfigGateway, ConfigView } from "../../lib/gateway/config-calls.ts";

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
}

/**
 * A gateway that reads this file and validates it as gateways do. It rejects a config that contains `nonsense`, and warns
 * of one that contains `dubious`.
 */
export function serveFile(
  path: string,
  { release = "2026.2.9", lag = 0, canBeProbed = release !== "2026.2.9", before, after }: GatewayHabits = {},
) {
  let seen: string | undefined;
  let behind = 0;
  let asked = 0;
  const gateway: ConfigGateway = {
    release,
    async readView() {
      asked += 1;
      before?.(asked);
      const text = existsSync(path) ? readFileSync(path, "utf8") : "";
      if (text !== seen) behind += 1;
      const isSilent = release === "2026.8.2" && !isValid(text); // it never reports a file that it rejects
      if (seen === undefined || (behind > lag && !isSilent)) [seen, behind] = [text, 0];
      after?.(asked);
      return validate(seen);
    },
    async readIssues() {
      return canBeProbed ? validate(readFileSync(path, "utf8")).issues : undefined;
    },
    lookUpReload: () => Promise.reject(new Error("nobody should ask")),
  };
  const isValid = (text: string) => !text.includes("nonsense");
  const validate = (text: string): ConfigView => {
    return {
      path,
      isValid: isValid(text),
      issues: isValid(text) ? [] : [{ path: "agents", message: "nonsense: s3cret-value" }],
      warnings: text.includes("dubious") ? [{ path: "a", message: "dubious" }] : [],
      hash: HASHES[release](text),
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
