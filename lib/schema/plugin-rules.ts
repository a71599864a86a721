import { type JsonObject, isJsonObject } from "../json.ts";
import { type Place, type Rule, findAll, findTexts, isSince, isWithin } from "./rule.ts";

/** The plugins that came with OpenClaw before 2026.4: [since, before, names]. From the manifests of the packages. */
const EARLY: [string, string | undefined, string][] = [
  [
    "2026.2.9",
    undefined,
    "bluebubbles copilot-proxy device-pair diagnostics-otel discord feishu google-gemini-cli-auth googlechat imessage line llm-task lobster matrix mattermost memory-core memory-lancedb minimax-portal-auth msteams nextcloud-talk nostr open-prose phone-control qwen-portal-auth signal slack talk-voice telegram tlon twitch voice-call whatsapp zalo zalouser",
  ],
  ["2026.2.9", "2026.2.26", "google-antigravity-auth"],
  ["2026.2.26", undefined, "acpx irc synology-chat thread-ownership"],
  ["2026.3.13", undefined, "diffs ollama sglang vllm"],
];

/** What a slot for memory may hold later: these come with OpenClaw, or are its own and installed apart. */
const MEMORY_PLUGINS = new Set(["memory-core", "memory-lancedb", "memory-wiki", "active-memory"]);

/** Whether plugins are named that come from elsewhere: what they bring is not known here. */
export function hasInstalledPlugins(config: JsonObject): boolean {
  const [paths] = findAll(config, ["plugins.load.paths"]);
  const [installs] = findAll(config, ["plugins.installs"]);
  const hasPaths = Array.isArray(paths?.value) && paths.value.length > 0;
  return hasPaths || (isJsonObject(installs?.value) && Object.keys(installs.value).length > 0);
}

/** A plugin of that name is in the config: newer gateways take it for one that is not there yet. */
export function isNamedPlugin(config: JsonObject, name: string): boolean {
  const plugins = isJsonObject(config.plugins) ? config.plugins : {};
  const named = [plugins.entries, plugins.installs].some((each) => isJsonObject(each) && Object.hasOwn(each, name));
  return named || (Array.isArray(plugins.allow) && plugins.allow.includes(name));
}

export const PLUGIN_RULES: Rule[] = [
  {
    id: "unknown-plugin",
    find: (config, release) =>
      findTexts(config, ["plugins.slots.memory"])
        .filter(({ value }) => !isMemoryPlugin(value, release) && !hasInstalledPlugins(config))
        .map(({ path }) => ({ path, message: "a plugin that this OpenClaw has, or none, is expected" })),
  },
  {
    id: "unknown-plugin",
    before: "2026.2.26",
    find: (config, release) =>
      findAll(config, ["plugins.entries"])
        .flatMap(({ path, value }): Place[] =>
          isJsonObject(value) ? Object.keys(value).map((name) => ({ path: [...path, name], value: name })) : [],
        )
        .filter(({ value }) => isUnknown(value as string, release) && !hasInstalledPlugins(config))
        .map(({ path }) => ({ path, message: `no plugin of OpenClaw ${release}` })),
  },
  {
    id: "unknown-plugin",
    before: "2026.5.20",
    find: (config, release) =>
      findTexts(config, isSince(release, "2026.4.15") ? ["plugins.deny.*"] : ["plugins.allow.*", "plugins.deny.*"])
        .filter(({ value }) => isUnknown(value, release) && !hasInstalledPlugins(config))
        .map(({ path }) => ({ path, message: `no plugin of OpenClaw ${release}` })),
  },
];

function isMemoryPlugin(name: string, release: string): boolean {
  const id = name.trim();
  if (id === "" || id.toLowerCase() === "none" || MEMORY_PLUGINS.has(id)) return true;
  // The slot takes a plugin of another kind too. Which there are, the schema of later releases says.
  return isSince(release, "2026.4.15") ? LATER_PLUGINS.includes(id) : !isUnknown(id, release);
}

function isUnknown(name: string, release: string): boolean {
  if (name.trim() === "") return false;
  if (isSince(release, "2026.4.15")) return !LATER_PLUGINS.includes(name);
  return !EARLY.some(([since, before, names]) => isWithin(release, since, before) && names.split(" ").includes(name));
}

/** All that came with any release from 2026.4.15 on. */
const LATER_PLUGINS =
  "a2a acpx active-memory admin-http-rpc alibaba amazon-bedrock amazon-bedrock-mantle anthropic anthropic-vertex apple-fm arcee azure-speech beam bluebubbles bonjour brave browser byteplus canvas cerebras chutes clawrouter clickclack cloudflare-ai-gateway code-mode-quickjs codex codex-supervisor cohere comfy copilot-proxy crabbox cua-computer deepgram deepinfra deepseek device-pair diagnostics-otel diffs discord document-extract duckduckgo elevenlabs exa fal feishu file-transfer firecrawl fireworks geolocation github github-copilot google googlechat gradium groq huggingface imap imessage inworld irc kilocode kimi line linux-node litellm llm-task lmstudio lobster logbook matrix mattermost memory-core memory-lancedb memory-wiki meta microsoft microsoft-foundry migrate-claude migrate-hermes minimax mistral moonshot msteams nextcloud-talk nostr novita nvidia oc-path ollama onepassword open-prose openai opencode opencode-go openrouter openshell perplexity phone-control policy qianfan qqbot qwen reef runway searxng senseaudio session-share sglang signal skill-workshop slack stepfun synology-chat synthetic talk-voice tavily telegram tencent thread-ownership tlon together tokenjuice tts-local-cli twitch vault venice vercel-ai-gateway vllm voice-call volcengine voyage vydra web-readability webhooks whatsapp workboard xai xiaomi zai zalo zalouser".split(
    " ",
  );
