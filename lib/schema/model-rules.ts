import { type JsonObject, isJsonObject } from "../json.ts";
import { type Place, type Rule, findAll, isSince, isTemplate, isWithin } from "./rule.ts";

/**
 * Models that OpenClaw's own plugins name as gone: [providers, since, models, before]. Their manifests hold them. Not
 * `gemini-3-pro-preview`, which a gateway reads as the model after it.
 */
const RETIRED: [string, string, string, string?][] = [
  [
    "google google-gemini-cli google-vertex",
    "2026.5.20",
    "gemini-1.5-flash gemini-1.5-flash-8b gemini-1.5-pro gemini-2.0-flash-exp gemini-2.0-flash-exp-image-generation gemini-2.0-flash-lite-preview gemini-2.0-flash-lite-preview-02-05 gemini-2.0-flash-live-001 gemini-2.0-flash-preview-image-generation gemini-2.0-flash-thinking-exp gemini-2.0-flash-thinking-exp-01-21 gemini-2.0-flash-thinking-exp-1219 gemini-2.0-pro-exp gemini-2.0-pro-exp-02-05 gemini-2.5-flash-exp-native-audio-thinking-dialog gemini-2.5-flash-image-preview gemini-2.5-flash-lite-preview-06-17 gemini-2.5-flash-lite-preview-09-2025 gemini-2.5-flash-lite-preview-09-25 gemini-2.5-flash-preview-04-17 gemini-2.5-flash-preview-05-20 gemini-2.5-flash-preview-09-2025 gemini-2.5-flash-preview-09-25 gemini-2.5-flash-preview-native-audio-dialog gemini-2.5-pro-exp-03-25 gemini-2.5-pro-preview-03-25 gemini-2.5-pro-preview-05-06 gemini-2.5-pro-preview-06-05 gemini-3.1-pro-preview-customtools gemini-live-2.5-flash gemini-live-2.5-flash-preview gemini-live-2.5-flash-preview-native-audio",
  ],
  [
    "google google-gemini-cli google-vertex",
    "2026.8.2",
    "gemini-2.0-flash gemini-2.0-flash-001 gemini-2.0-flash-lite gemini-2.0-flash-lite-001",
  ],
  ["azure-openai-responses", "2026.5.20", "gpt-5.3-codex-spark"],
  ["openai openai-codex", "2026.5.20", "gpt-5.3-codex-spark", "2026.6.11"],
  [
    "xai",
    "2026.6.11",
    "grok-4.20-multi-agent grok-4.20-multi-agent-0309 grok-4.20-multi-agent-beta-0309 grok-4.20-multi-agent-beta-latest grok-4.20-multi-agent-experimental-beta-0304 grok-4.20-multi-agent-experimental-beta-latest grok-4.20-multi-agent-latest",
  ],
];

/** Where a model is named as a text, or as a primary one and fallbacks: [place, since]. `agent:` as in findAll(). */
const SELECTORS: [string, string?][] = [
  ["agent:model"],
  ["agent:imageModel"],
  ["agent:imageGenerationModel"],
  ["agent:videoGenerationModel"],
  ["agent:musicGenerationModel"],
  ["agent:pdfModel"],
  ["agent:subagents.model"],
  ["agent:voiceModel", "2026.6.11"],
  ["agent:utilityModel", "2026.8.2"],
  ["agent:mediaModels.*", "2026.8.2"],
  ["tools.exec.reviewer.model", "2026.8.2"],
  ["agents.list.*.tools.exec.reviewer.model", "2026.8.2"],
  ["agents.entries.*.tools.exec.reviewer.model", "2026.8.2"],
];

/** Where a model is named as a text. */
const TEXTS: [string, string?][] = [
  ["agent:heartbeat.model"],
  ["agent:compaction.model"],
  ["agent:compaction.memoryFlush.model"],
  ["channels.modelByChannel.*.*"],
  ["hooks.mappings.*.model"],
  ["hooks.gmail.model"],
  ["messages.tts.summaryModel"],
  ["channels.discord.voice.model"],
  ["tts.summaryModel", "2026.8.2"],
  ["agents.list.*.tts.summaryModel", "2026.8.2"],
  ["agents.entries.*.tts.summaryModel", "2026.8.2"],
  ["channels.discord.voice.tts.summaryModel", "2026.8.2"],
  ["channels.discord.accounts.*.voice.model", "2026.8.2"],
  ["channels.discord.accounts.*.voice.tts.summaryModel", "2026.8.2"],
  ["tools.media.*.preferredModel", "2026.8.2"],
];

export const MODEL_RULES: Rule[] = [
  {
    id: "retired-model",
    since: "2026.5.20",
    find: (config, release) =>
      listModels(config, release)
        .filter(({ value }) => typeof value === "string" && !isTemplate(value) && isRetired(value, release))
        .map(({ path }) => ({ path, message: `a model that OpenClaw ${release} knows to be gone` })),
  },
  {
    id: "exact-model",
    since: "2026.8.2",
    find: (config) =>
      findAll(config, ["agent:models.*"]).flatMap(({ path, value }) =>
        isJsonObject(value) && !isExact(String(path.at(-1)))
          ? ["pickerRuntimes", "codeMode"]
              .filter((key) => Object.hasOwn(value, key))
              .map((key) => ({ path: [...path, key], message: "goes with one provider/model alone" }))
          : [],
      ),
  },
  {
    id: "picker-runtime",
    since: "2026.9.6",
    find: (config) =>
      findAll(config, ["agent:models.*.pickerRuntimes.*"])
        .filter(({ value }) => value === "auto" || value === "default")
        .map(({ path }) => ({ path, message: "the name of a runtime is expected" })),
  },
  {
    id: "exact-model",
    since: "2026.9.6",
    find: (config) =>
      findAll(config, ["agent:decisionModel"])
        .filter(
          ({ value }) => typeof value === "string" && !isTemplate(value) && value.trim() !== "" && !isExact(value),
        )
        .map(({ path }) => ({ path, message: "provider/model is expected, or an empty text" })),
  },
];

function isExact(name: string): boolean {
  const reference = name.trim();
  const slash = reference.indexOf("/");
  return isTemplate(name) || (!name.includes("*") && slash > 0 && reference.slice(slash + 1).trim() !== "");
}

/** The models of a config, by their names, where the gateway looks for retired ones. */
function listModels(config: JsonObject, release: string): Place[] {
  const selectors = placesOf(SELECTORS, release);
  const inside = selectors.flatMap((place) => [place, `${place}.primary`, `${place}.fallbacks.*`]);
  const named = findAll(config, ["agent:models.*"]);
  return [
    ...findAll(config, [...inside, ...placesOf(TEXTS, release)]),
    ...named.map(({ path }) => ({ path, value: path.at(-1) ?? "" })),
  ];
}

function placesOf(rows: readonly [string, string?][], release: string): string[] {
  return rows.filter(([, since]) => since === undefined || isSince(release, since)).map(([place]) => place);
}

function isRetired(name: string, release: string): boolean {
  const reference = name.trim().toLowerCase();
  const slash = reference.indexOf("/");
  if (slash === -1) return false;
  const [provider, model] = [reference.slice(0, slash).trim(), reference.slice(slash + 1).trim()];
  return RETIRED.some(
    ([providers, since, models, before]) =>
      isWithin(release, since, before) && providers.split(" ").includes(provider) && models.split(" ").includes(model),
  );
}
