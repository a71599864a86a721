import { join } from "node:path";
import type { TestGateway } from "./gateway.ts";

/** The variables that this config refers to. */
export const VARIABLES = {
  TELEGRAM_BOT_TOKEN: "123456:AAtelegram-value-of-the-variable-000",
  DISCORD_TOKEN: "discord-value-of-the-variable",
  ACME_API_KEY: "acme-value-of-the-variable",
};

export interface RealConfig {
  /** Keys of early 2026 that 2026.9.6 refuses, except at its start. */
  hasOldKeys?: boolean;
  ackReaction?: string;
  /** The name of the model, in a list of objects to which 2026.2.9 adds fields. */
  modelName?: string;
  timeoutSeconds?: number;
  responsePrefix?: string;
  heartbeat?: string;
  /** Further sections, as JSON5. */
  more?: Record<string, string>;
}

/**
 * A config as people have it in Git: comments, JSON5, `${VAR}`, channels, a provider with a list of models, and a
 * channel that has no entry in `plugins.entries`, which 2026.2.9 adds at its start.
 *
 * Discord is disabled: 2026.9.6 downloads the plugin of an enabled one.
 */
export function realConfig(gateway: TestGateway, options: RealConfig = {}): string {
  const { hasOldKeys = false, ackReaction = "👀", modelName = "Acme 1", timeoutSeconds = 600 } = options;
  const { responsePrefix = "", heartbeat = "30m", more = {} } = options;
  const old = (text: string) => (hasOldKeys ? text : "");
  const sections = {
    gateway: `{
    mode: "local", bind: "loopback", port: ${gateway.port},
    auth: { mode: "token", token: "\${OPENCLAW_GATEWAY_TOKEN}" },
    ${old("controlUi: { allowInsecureAuth: false },")}
  }`,
    channels: `{
    telegram: { enabled: true, botToken: "\${TELEGRAM_BOT_TOKEN}", dmPolicy: "pairing" },
    discord: {
      enabled: false, token: "\${DISCORD_TOKEN}",
      ${old('dm: { enabled: true, policy: "pairing" },')}
    },
  }`,
    models: `{
    providers: {
      acme: {
        baseUrl: "http://127.0.0.1:9/v1", apiKey: "\${ACME_API_KEY}", api: "openai-completions",
        models: [{ id: "acme-1", name: "${modelName}", contextWindow: 128000, maxTokens: 8192 }],
      },
    },
  }`,
    agents: `{
    defaults: {
      model: { primary: "acme/acme-1" }, timeoutSeconds: ${timeoutSeconds}, heartbeat: { every: "${heartbeat}" },
    },
  }`,
    messages: `{ ackReaction: "${ackReaction}", responsePrefix: "${responsePrefix}" }`,
    ...(hasOldKeys ? { tools: '{ exec: { security: "full", ask: "off" } }' } : {}),
    logging: `{ level: "info", file: "${join(gateway.home, "tmp", "openclaw.log")}" }`,
    cron: "{ enabled: true }",
    ...more,
  };
  const lines = Object.entries(sections).map(([key, text]) => `  // ${key}\n  ${key}: ${text},`);
  return `// openclaw.json, in Git 🦞\n{\n${lines.join("\n")}\n}\n`;
}
