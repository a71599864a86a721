/** A config of ten agents has 7 KB, and one of this many 1 MiB. */
export const AGENTS_IN_A_MEBIBYTE = 2_200;

/** A channel with groups, a provider with ten models, so many agents, old and new ways to write a model. */
export function configText(agents: number, more: Record<string, unknown> = {}): string {
  const entries = countFrom1(agents).map((number) => {
    const agent = {
      name: `Agent ${number}`,
      default: number === 1,
      workspace: `~/agents/${number}`,
      model: number % 2 === 0 ? "acme/acme-1" : { primary: "acme/acme-2", fallbacks: ["acme/acme-3"] },
      identity: { name: `Number ${number}`, emoji: "🦞" },
      tools: { allow: ["read", "write", "exec"], deny: ["browser"] },
    };
    return [`agent-${number}`, agent];
  });
  const config = {
    gateway: {
      mode: "local",
      bind: "loopback",
      port: 18789,
      auth: { mode: "token", token: "${OPENCLAW_GATEWAY_TOKEN}" },
    },
    channels: {
      telegram: {
        enabled: true,
        botToken: "${TELEGRAM_BOT_TOKEN}",
        dmPolicy: "pairing",
        groups: Object.fromEntries(countFrom1(10).map((number) => [`-100200300${number}`, { requireMention: true }])),
      },
    },
    models: {
      providers: {
        acme: {
          baseUrl: "https://llm.example.com/v1",
          apiKey: "${ACME_API_KEY}",
          api: "openai-completions",
          models: countFrom1(10).map((number) => ({ id: `acme-${number}`, name: `Acme ${number}` })),
        },
      },
    },
    agents: { defaults: { timeoutSeconds: 600, heartbeat: { every: "30m" } }, entries: Object.fromEntries(entries) },
    messages: { ackReaction: "👀" },
    logging: { level: "info" },
    cron: { enabled: true },
    ...more,
  };
  return `// in Git\n${JSON.stringify(config, undefined, 2)}\n`;
}

const countFrom1 = (length: number) => Array.from({ length }, (_, index) => index + 1);
