import type { JsonObject } from "../json.ts";
import { AGENT_RULES } from "./agent-rules.ts";
import { CHANNEL_RULES } from "./channel-rules.ts";
import { COMMAND_RULES } from "./command-rules.ts";
import { DURATION_RULES } from "./duration-rules.ts";
import type { Finding } from "./finding.ts";
import { GATEWAY_RULES } from "./gateway-rules.ts";
import { HOST_RULES } from "./host-rules.ts";
import { MCP_RULES } from "./mcp-rules.ts";
import { MODEL_RULES } from "./model-rules.ts";
import { OTHER_RULES } from "./other-rules.ts";
import { PLUGIN_RULES } from "./plugin-rules.ts";
import { PROVIDER_RULES } from "./provider-rules.ts";
import { type Rule, isWithin } from "./rule.ts";
import { SANDBOX_RULES } from "./sandbox-rules.ts";
import { TOOL_RULES } from "./tool-rules.ts";
import { WORKER_RULES } from "./worker-rules.ts";

/**
 * What gateways refuse and the JSON Schema of `config.schema` does not say. Taken from the refinements in OpenClaw's
 * own schema, and held against the verdicts of real gateways (test/golden/verdicts). Where a release is not known to
 * have a rule, the nearest older known one decides.
 */
const RULES: readonly Rule[] = [
  ...DURATION_RULES,
  ...AGENT_RULES,
  ...TOOL_RULES,
  ...PROVIDER_RULES,
  ...MODEL_RULES,
  ...GATEWAY_RULES,
  ...CHANNEL_RULES,
  ...PLUGIN_RULES,
  ...SANDBOX_RULES,
  ...HOST_RULES,
  ...MCP_RULES,
  ...WORKER_RULES,
  ...COMMAND_RULES,
  ...OTHER_RULES,
];

/**
 * Finds what a release of OpenClaw refuses in a config although each field by itself is right. No finding on a config
 * that is of the wrong shape there: that is for the schema.
 *
 * @param release one of KNOWN_RELEASES
 */
export function findConflicts(config: JsonObject, release: string): Finding[] {
  return RULES.filter(({ since, before }) => isWithin(release, since, before)).flatMap(({ id, find }) =>
    find(config, release).map(({ path, message }): Finding => ({ path, message, severity: "error", rule: id })),
  );
}
