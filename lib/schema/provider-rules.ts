import { type JsonObject, isJsonObject } from "../json.ts";
import { type Problem, type Rule, isSince, isWithin } from "./rule.ts";

/** Providers of which a part may be said: OpenClaw has the rest. */
const BUILT_IN =
  "amazon-bedrock amazon-bedrock-mantle anthropic anthropic-vertex arcee byteplus byteplus-plan cerebras chutes cloudflare-ai-gateway codex comfy copilot-proxy dashscope deepinfra deepseek fal fireworks github-copilot google google-antigravity google-gemini-cli google-vertex groq huggingface kilocode kimi kimi-coding litellm lmstudio microsoft-foundry minimax minimax-portal mistral modelstudio moonshot nvidia ollama openai opencode opencode-go openrouter qianfan qwen qwencloud sglang stepfun stepfun-plan synthetic tencent-tokenhub together venice vercel-ai-gateway vllm volcengine volcengine-plan vydra xai xiaomi zai".split(
    " ",
  );

/** What later releases have more: [provider, since, before]. */
const LATER: [string, string, string?][] = [
  ["openai-codex", "2026.5.20", "2026.6.11"],
  ["xiaomi-token-plan", "2026.6.11"],
  ...["azure-openai-responses", "claude-cli", "gmi", "gmi-cloud", "gmicloud", "meta", "moonshot-ai", "moonshotai"].map(
    (name): [string, string] => [name, "2026.7.35"],
  ),
  ...["novita", "novita-ai", "novitaai", "ollama-cloud", "tencent-tokenplan", "z.ai", "z-ai"].map(
    (name): [string, string] => [name, "2026.7.35"],
  ),
  ["qwen-cli", "2026.7.35", "2026.8.2"],
  ["qwen-oauth", "2026.7.35", "2026.8.2"],
  ["qwen-portal", "2026.7.35", "2026.8.2"],
  ["clawrouter", "2026.8.2"],
  ["qwen-token-plan", "2026.8.2"],
  ["x-ai", "2026.8.2"],
];

/** What 2026.5.20 takes for one of those above. */
const OTHER_NAMES =
  "z.ai z-ai opencode-zen opencode-go-auth kimi-code moonshotai moonshot-ai bedrock aws-bedrock bytedance doubao".split(
    " ",
  );

/** From 2026.5.20: before, the schema itself asks for both fields. */
export const PROVIDER_RULES: Rule[] = [
  {
    id: "custom-provider",
    since: "2026.5.20",
    find: (config, release) =>
      Object.entries(readProviders(config)).flatMap(([name, provider]): Problem[] => {
        if (!isJsonObject(provider) || isBuiltIn(name, release)) return [];
        const problems: Problem[] = [];
        const path = ["models", "providers", name];
        if (provider.baseUrl === undefined || provider.baseUrl === "") {
          problems.push({ path: [...path, "baseUrl"], message: "a provider of your own needs a baseUrl" });
        }
        if (provider.models === undefined) {
          problems.push({ path: [...path, "models"], message: "a provider of your own needs a list of models" });
        }
        return problems;
      }),
  },
  {
    // The gateway gives a provider's limits to its models that have none of their own, before it looks at them.
    id: "type",
    since: "2026.8.2",
    find: (config) =>
      Object.entries(readProviders(config)).flatMap(([name, provider]): Problem[] => {
        const models = isJsonObject(provider) && Array.isArray(provider.models) ? provider.models : [];
        return ["contextWindow", "contextTokens"]
          .filter((key) => isJsonObject(provider) && Object.hasOwn(provider, key) && !isLimit(provider[key]))
          .filter((key) => models.some((model) => isJsonObject(model) && model[key] === undefined))
          .map((key) => ({ path: ["models", "providers", name, key], message: "expected a number above 0" }));
      }),
  },
];

function isLimit(value: unknown): boolean {
  return typeof value === "number" && value > 0;
}

function readProviders(config: JsonObject): JsonObject {
  const providers = isJsonObject(config.models) ? config.models.providers : undefined;
  return isJsonObject(providers) ? providers : {};
}

function isBuiltIn(name: string, release: string): boolean {
  const id = name.trim().toLowerCase();
  if (BUILT_IN.includes(id)) return true;
  if (!isSince(release, "2026.6.11") && OTHER_NAMES.includes(id)) return true;
  return LATER.some(([later, since, before]) => later === id && isWithin(release, since, before));
}
