import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import JSON5 from "json5";
import type { JsonObject } from "../../lib/json.ts";

/**
 * The variables that configs of the table refer to, as a gateway has them. OpenClaw knows none of these names: from the
 * token of a channel in its environment it would conclude that the channel is wanted, and download its plugin.
 */
export const VARIABLES: Record<string, string> = {
  OUR_TELEGRAM_BOT_TOKEN: "123456:AAtelegram-value-of-the-variable-000",
  OUR_DISCORD_TOKEN: "discord-value-of-the-variable",
  OUR_SLACK_BOT_TOKEN: "xoxb-value-of-the-variable",
  OUR_SLACK_APP_TOKEN: "xapp-value-of-the-variable",
  ACME_API_KEY: "acme-value-of-the-variable",
  ACME_BASE_URL: "http://127.0.0.1:9/v1",
  GATEWAY_TOKEN: "gateway-value-of-the-variable",
  HOOKS_TOKEN: "hooks-value-of-the-variable",
  OWNER_PHONE: "+15555550123",
  HEARTBEAT_EVERY: "45m",
  WORKSPACE: "/home/node/.openclaw/workspace",
  OUR_GEMINI_API_KEY: "gemini-value-of-the-variable",
};

export interface TableConfig {
  name: string;
  /** The file that it is in: what kind of config it is. */
  group: string;
  config: JsonObject;
}

const FOLDER = join(import.meta.dir, "../golden/configs");

/** The configs of test/golden/configs. Each file holds a group, by name. */
export function readConfigTable(): TableConfig[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".json5"));
  return files.toSorted().flatMap((file) => {
    const group = file.slice(0, -".json5".length);
    const configs = JSON5.parse<Record<string, JsonObject>>(readFileSync(join(FOLDER, file), "utf8"));
    return Object.entries(configs).map(([name, config]) => ({ name: `${group}: ${name}`, group, config }));
  });
}
