import { describe, expect, test } from "bun:test";
import type { Json } from "../../../lib/json.ts";
import { createRedactor } from "../../../lib/text/redaction.ts";

const SECRET = "s3cret-Value";
const BOT_TOKEN = "123456789:AAFhV9s_kQ2xB7dLm3Zt0Rp8YcWn5JgUe1o";
const DISCORD_TOKEN = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs";
const GATEWAY_TOKEN = "token-550e8400-e29b-41d4-a716-446655440000";

/** What a real one looks like: agents, models, channels, plugins, references, and keys of older releases. */
const CONFIG: Json = {
  $include: ["./agents.json5", "./parts/9f86d081884c7d65.json5"],
  gateway: {
    mode: "local",
    bind: "lan",
    port: 18_789,
    auth: { mode: "token", token: GATEWAY_TOKEN },
    reload: { mode: "hybrid" },
    remote: { url: "wss://me:rosebud@gateway.example.com" },
  },
  agent: { model: "openai/gpt-5.1" },
  agents: {
    defaults: {
      model: { primary: "openai/gpt-5.1", fallbacks: ["anthropic/claude-sonnet-4-5-20250929", "qwen3-30b-a3b"] },
      workspace: "~/.openclaw/workspace",
      heartbeat: { every: "30m", target: "telegram", to: "+4915112345678" },
      sandbox: {
        docker: {
          binds: ["relative:/x"],
          network: "host",
          seccompProfile: "unconfined",
          env: { NODE_ENV: "production" },
        },
      },
    },
    list: [
      { id: "main", name: "openclaw", default: true },
      { id: "work", name: "Open Claw, the second", agentDir: "/home/node/.openclaw/agents/work" },
    ],
  },
  auth: { profiles: { "openai:default": { provider: "openai", mode: "api_key", email: "me@example.com" } } },
  bindings: [{ agentId: "wrok", match: { channel: "telegram", peer: { kind: "direkt", id: "4915112345678" } } }],
  channels: {
    telegram: {
      enabled: true,
      botToken: BOT_TOKEN,
      dmPolicy: "open",
      allowFrom: ["+4915112345678", "tg:12345678", "alice"],
      customCommands: [{ command: "hush!", description: "says nothing" }],
    },
    discord: { token: DISCORD_TOKEN, allowFrom: [123_456_789_012] },
    telegramm: { botToken: "${TELEGRAM_TOKEN}" },
  },
  env: { vars: { GREETING: "good morning", SHORT: "cat", USER: "node" } },
  logging: { level: "warn", redactSensitive: "tools" },
  mcp: { servers: { github: { command: "npx", env: { GITHUB_TOKEN: "${GITHUB_TOKEN}" } } } },
  messages: { ackReactoin: "eyes", responsePrefix: "s3cret-Prefix" },
  models: {
    providers: {
      openai: {
        baseUrl: "https://api.openai.com/v1",
        apiKey: "${OPENAI_API_KEY}",
        headers: { authorization: "Bearer hunter-two", "x-request": "blue" },
      },
      anthropic: { apiKey: { source: "env", provider: "default", id: "ANTHROPIC_API_KEY" } },
    },
  },
  plugins: {
    allow: ["discrod", "memory-core"],
    entries: { "memory-cor": { enabled: true, config: { secret: "swordfish", tokenFile: "/run/secrets/memory" } } },
    slots: { memory: "memory-lance" },
    load: { paths: ["/opt/plugins/mine"] },
  },
  secrets: { providers: { default: { source: "env" }, vault: { source: "exec", command: "/usr/local/bin/vault" } } },
  tools: { exec: { mode: "full", security: "full", ask: "off" } },
};

const redact = createRedactor(CONFIG);

describe("createRedactor()", () => {
  // Messages of 2026.2.9 and 2026.9.6.
  test.each([
    "plugin not found: discrod",
    "plugin not found: discrod (stale config entry ignored; remove it from plugins config)",
    "plugin not found: memory-lance",
    "plugin: plugin path not found: /opt/plugins/mine",
    "unknown channel id: telegramm",
    "unknown heartbeat target: telegram",
    'Unknown agent id "wrok" (not in agents.list).',
    'agents.list.0: unknown agent "main"',
    'Unrecognized keys: "ackReactoin", "foo"',
    'Unrecognized key: "agnets"',
    "Invalid input",
    'Invalid input: expected "http/protobuf" (allowed: "http/protobuf")',
    'Invalid input (allowed: "direct", "group", "channel", "acp")',
    'Invalid input (allowed: "none", "token", "password", "trusted-proxy")',
    'Invalid input (allowed: "api_key", "aws-sdk", "oauth", "token")',
    'Invalid option: expected one of "main"|"per-peer"|"per-channel-peer"|"per-account-channel-peer"',
    'Invalid option: expected one of "openai-completions"|"openai-chatgpt-responses"|"bedrock-converse-stream"',
    "Invalid input: expected boolean, received string (allowed: true, false)",
    "Invalid input: expected string, received undefined",
    "Too big: expected number to be <=23 (maximum: 23)",
    "invalid duration (use ms, s, m, h)",
    'invalid time (use "HH:MM" 24h format)',
    "expected hex color (RRGGBB)",
    'invalid config: must not have additional properties: "streamMode"',
    "gateway.token is ignored; use gateway.auth.token instead (auto-migrated on load).",
    'routing.allowFrom was removed; use channels.whatsapp.allowFrom instead. Run "openclaw doctor --fix".',
    "agent.* was moved; use agents.defaults (and tools.* for tool/elevated/exec settings) instead (auto-migrated on load).",
    'agents.list moved to keyed agents.entries. Run "openclaw doctor --fix".',
    'channels.telegram.groupMentionsOnly was removed; use channels.telegram.groups."*".requireMention instead.',
    "channels.discord.guilds.<id>.channels.<id>.allow is legacy; use channels.discord.guilds.<id>.channels.<id>.enabled",
    "talk.voiceId/talk.voiceAliases/talk.modelId/talk.outputFormat/talk.apiKey are legacy; use talk.providers.<provider>",
    "use channels.telegram.streaming.{mode,chunkMode,preview.chunk,block.enabled,block.coalesce}.",
    'Replace security/ask with mode="full" (the equivalent of security="full" + ask="off").',
    'channels.telegram.dmPolicy="open" requires channels.telegram.allowFrom to include "*"',
    'channels.slack.mode="http" requires channels.slack.signingSecret',
    'multi-agent rosters require agents.ownership="explicit"; add agents.ownership="explicit" or run openclaw doctor',
    "Moved agents.list to keyed agents.entries.",
    'Configured retired or noncanonical model refs are no longer in the bundled catalogs; run "openclaw doctor --fix"',
    'Sandbox security: network mode "host" is blocked. Use "bridge" or "none" instead.',
    'Sandbox security: bind mount "relative:/x" uses a non-absolute source path "relative".',
    'Sandbox security: seccomp profile "unconfined" is blocked.',
    'Missing env var "OPENAI_API_KEY" - feature using this value will be unavailable',
    'Missing env var "OPENAI_API_KEY" referenced at config path: models.providers.openai.apiKey',
    "models.providers.openai.apiKey: Missing env var ${OPENAI_API_KEY}",
    'Env secret reference id must match /^[A-Z][A-Z0-9_]{0,127}$/ (example: "OPENAI_API_KEY").',
    'Secret reference provider must match /^[a-z][a-z0-9_-]{0,63}$/ (example: "default").',
    "secrets.providers.*.command must be an absolute path.",
    "Failed to read include file: ./agents.json5 (resolved: /home/node/.openclaw/agents.json5)",
    "Failed to parse include file: ./parts/9f86d081884c7d65.json5 (resolved: /home/node/parts/9f86d081884c7d65.json5)",
    "Include path escapes config directory: ../outside.json5 (root: /tmp/openclaw-2026.9.6-XPE0kU/.openclaw)",
    "Invalid $include value: expected string or array of strings, got object",
    "model not found: anthropic/claude-sonnet-4-5-20250929, openai/gpt-5.1, qwen3-30b-a3b",
    'channels.feishu.defaultAccount="work" does not match a configured account key',
    "cannot read /run/secrets/memory",
  ])("keeps %s", (message) => {
    expect(redact(message)).toBe(message);
  });

  test.each([
    [`plugin not found: ${BOT_TOKEN}`, "plugin not found: ***"],
    [`unknown agent "${DISCORD_TOKEN}"`, 'unknown agent "***"'],
    [`password mismatch: ${GATEWAY_TOKEN}`, "password mismatch: ***"],
    ["plugin not found: swordfish", "plugin not found: ***"],
    ["unknown mode cat, 'good morning', `production`", "unknown mode ***, '***', `***`"],
    ["invalid header: Bearer hunter-two", "invalid header: ***"],
    ["cannot reach wss://me:rosebud@gateway.example.com", "cannot reach ***"],
    ["cannot reach wss://you:unknown@gateway.example.com", "cannot reach wss://***@gateway.example.com"],
    ['invalid sender "+4915112345678"', 'invalid sender "***"'],
    ["invalid senders tg:12345678, alice, 123456789012", "invalid senders ***, ***, ***"],
    ["invalid peer 4915112345678", "invalid peer ***"],
    ["invalid address: me@example.com", "invalid address: ***"],
    [
      'Telegram custom command "/hush!" is invalid (use a-z, 0-9, underscore; max 32 chars).',
      'Telegram custom command "/***" is invalid (use a-z, 0-9, underscore; max 32 chars).',
    ],
    ['bad prefix "s3cret-Prefix"', 'bad prefix "***"'],
    ['name "Open Claw, the second" is taken', 'name "***" is taken'],
  ])("masks in %s", (message, masked) => {
    expect(redact(message)).toBe(masked);
  });

  test("masks secrets that are not in the config: a variable or an included file can hold them", () => {
    const unknown = createRedactor({ plugins: { allow: ["${PLUGIN}"] } });
    for (const secret of [
      BOT_TOKEN,
      DISCORD_TOKEN,
      "550e8400-e29b-41d4-a716-446655440000",
      "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
      "nT3kq/0xWf+8aJm2Yb9LzRc7Hd5VgQ1sEu6pKo4iXw==",
      "sk-hushhushhush",
      "me@example.com",
      "+4915112345678",
    ]) {
      expect(unknown(`plugin not found: ${secret}`)).toBe("plugin not found: ***");
      expect(unknown(`plugin "${secret}" is unknown`)).toBe('plugin "***" is unknown');
    }
  });
});

describe("createRedactor() of a value under a secret key", () => {
  const redactIn = (config: Json, message: string) => createRedactor(config)(message);

  test.each<[Json]>([
    [{ token: "rosebud" }],
    [{ apiKey: "rosebud" }],
    [{ env: { ANY: "rosebud" } }],
    [{ env: { mode: "rosebud" } }],
    [{ headers: { authorization: "rosebud" } }],
    [{ credentials: [{ deep: { down: ["rosebud"] } }] }],
    [{ channels: { signal: { groupAllowFrom: ["rosebud"] } } }],
    [{ token: "\trosebud  " }],
  ])("masks a word: %j", (config) => {
    expect(redactIn(config, "no rosebud, no rosebuds")).toBe("no ***, no rosebuds");
  });

  test("keeps the kind of a secret, and the place where it is", () => {
    const config = {
      auth: { mode: "password", provider: "openai" },
      apiKey: { source: "file", provider: "vault", id: "/openai/key" },
      tokenFile: "/run/secrets/token",
    };
    const message = "password of openai: file in vault at /openai/key, see /run/secrets/token";
    expect(redactIn(config, message)).toBe(message);
  });

  test("masks no word in the gateway's own words, in a path of keys or of a file", () => {
    const config = { env: { A: "string", B: "openclaw", C: "openai", D: "node", E: "off" } };
    for (const message of [
      "Invalid input: expected string, received number",
      'Run "openclaw doctor --fix".',
      "use models.providers.openai.apiKey",
      "Failed to read include file: ./x (resolved: /home/node/x)",
      'Invalid input (allowed: "off", "hybrid")',
      'expected one of "on"|"off"',
    ]) {
      expect(redactIn(config, message)).toBe(message);
    }
    expect(redactIn(config, "string openai openclaw, node off")).toBe("*** *** ***, *** ***");
  });

  test("masks a secret that is no word even there", () => {
    const config = { token: SECRET };
    expect(redactIn(config, `(allowed: "${SECRET}") /home/${SECRET}/x a.b.${SECRET}`)).toBe(
      '(allowed: "***") /home/***/x a.b.***',
    );
  });

  test("masks a path or a domain in whole", () => {
    expect(redactIn({ env: { A: "/tg/hook", B: "rosebud.com" } }, "no /tg/hook, no rosebud.com")).toBe(
      "no ***, no ***",
    );
  });

  test("masks a number of three digits or more", () => {
    expect(redactIn({ pin: { secret: 1234 }, env: { A: -0.5, B: 12 } }, "no 1234, no -0.5, no 12")).toBe(
      "no ***, no ***, no 12",
    );
  });
});

describe("createRedactor() of a value under any key", () => {
  test("masks what does not read as a name", () => {
    for (const value of [
      SECRET,
      "p4ssw0rd",
      "xKqZbTwLpR",
      "a1b2-c3d4-e5f6-a7b8",
      "correct horse battery",
      "Tr0ub4dor&3",
      "alice@example.com",
      "49151-12345678",
      "4915112345678@s.whatsapp.net",
      "https://example.com/hooks?key=rosebud",
      "https://api.telegram.org/bot" + BOT_TOKEN,
      "/tg/Zx81kQ2xB7dLm3Zt0Rp8YcWn5JgUe1o",
      "秘密の鍵",
      "schlüssel-größe",
      "🦞🦞🦞",
      "مفتاح",
      "first\nsecond",
      's3"cret',
      "$&$1x",
    ]) {
      const redact = createRedactor({ unknownKey: [{ value }] });
      expect(redact(`no "${value}" (${value})`)).toBe('no "***" (***)');
    }
    expect(createRedactor({ a: 's3"cret' })('no "s3\\"cret"')).toBe('no "***"');
  });

  test("keeps names, settings and files", () => {
    const values = [
      "main",
      "hybrid",
      "per-channel-peer",
      "openai/gpt-5.1",
      "gpt-4o-mini-2024-07-18",
      "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
      "accounts/fireworks/models/kimi-k2p5",
      "Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8",
      "mixtral-8x7b-instruct-v0.1",
      "@openclaw/discord",
      "MiniMax-M2",
      "Europe/Berlin",
      "0.0.0.0",
      "08:30",
      "https://api.openai.com/v1",
      "~/.openclaw/workspace",
      "/opt/hooks/a1b2c3d4e5f6a7b8c9d0.mjs",
      "hooks/transform.js",
    ];
    const redact = createRedactor({ values, port: 18_789 });
    for (const value of [...values, "18789"])
      expect(redact(`no "${value}" (${value})`)).toBe(`no "${value}" (${value})`);
  });

  test("keeps keys, which are the path to the problem", () => {
    const config = {
      gateway: { auth: { token: "gateway" } },
      agents: [{ "qwen3coder-x": "a" }, { env: "qwen3coder-x" }],
    };
    expect(createRedactor(config)("gateway.auth: qwen3coder-x")).toBe("gateway.auth: qwen3coder-x");
  });

  test("never masks the name of an included file", () => {
    const file = "./s3cret-Value/550e8400-e29b-41d4-a716-446655440000";
    const message = `Failed to read include file: ${file} (resolved: /home/node/${file.slice(2)})`;
    expect(createRedactor({ env: { $include: file } })(message)).toBe(message);
  });

  test("does not change the config", () => {
    const config = { a: [SECRET, { b: 5 }] };
    createRedactor(config)(SECRET);
    expect(config).toEqual({ a: [SECRET, { b: 5 }] });
  });
});

describe("createRedactor() in linear time", () => {
  const mustTakeMs = (limitMs: number, work: () => void) => {
    const beganMs = performance.now();
    work();
    expect(performance.now() - beganMs).toBeLessThan(limitMs);
  };

  test("handles a config of 1 MiB with a hundred messages", () => {
    const values = Array.from({ length: 40_000 }, (_, index) => `p4ss word ${index} ${"x".repeat(index % 20)}`);
    mustTakeMs(3_000, () => {
      const redact = createRedactor({ values });
      const message = `no ${values[7_777]}! ${"plugin not found: p4ss word, ".repeat(200)}`;
      for (let round = 0; round < 100; round += 1) expect(redact(message)).toStartWith("no ***! plugin");
    });
  });

  test("handles values that begin alike, each of another length", () => {
    const values = Array.from({ length: 1_400 }, (_, index) => `${"a ".repeat(index)}b`);
    const redact = createRedactor({ values });
    mustTakeMs(3_000, () => redact("a ".repeat(4_000)));
  });

  test.each([
    "a",
    "a.",
    "a=",
    "=/;",
    "a-",
    "-eyJ",
    ".:",
    "/",
    "(allowed: a",
    'expected "',
    "a://",
    "http://a/",
    "authorization: ",
    "token ",
    " -token",
    "?token",
    "a@",
    "a@a.",
    "+1",
    "openclaw a --a",
    "1a-",
    "${",
    "\\",
    " ",
  ])("handles a text of %j again and again", (piece) => {
    const text = piece.repeat(Math.ceil(50_000 / piece.length));
    const redact = createRedactor({ a: text, token: text, $include: text });
    mustTakeMs(2_000, () => {
      redact(text);
      redact(`${text}!`);
    });
  });
});
