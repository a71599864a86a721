import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { CHANNEL_DEFAULT_RULES } from "./channel-defaults.ts";
import { isChannelAlias, isExternalChannel, listChannels } from "./known-channels.ts";
import { hasInstalledPlugins, isNamedPlugin } from "./plugin-rules.ts";
import { type Place, type Problem, type Rule, findAll, findTexts, isSince, isTemplate } from "./rule.ts";
import { formatMeant } from "./words.ts";

/** The first release that leaves it to the channels' plugins what their fields say together. */
const LEFT_TO_PLUGINS = "2026.4.15";

/** Channels with `dmPolicy` beside `allowFrom`; the others have both in `dm`. */
const OPEN_CHANNELS = "telegram signal imessage bluebubbles msteams whatsapp irc discord slack".split(" ");

export const CHANNEL_RULES: Rule[] = [
  { id: "unknown-channel", find: findUnknownChannels },
  ...CHANNEL_DEFAULT_RULES,
  {
    id: "unknown-channel",
    find: (config, release) =>
      findTexts(config, ["agent:heartbeat.target"])
        .filter(({ value }) => !isTarget(config, value, release))
        .map(({ path }) => ({ path, message: "a channel, last or none is expected" })),
  },
  {
    id: "open-channel",
    before: LEFT_TO_PLUGINS,
    find: (config, release) => OPEN_CHANNELS.flatMap((channel) => findOpenAccounts(config, channel, release)),
  },
  {
    id: "open-channel",
    before: LEFT_TO_PLUGINS,
    find: (config) =>
      ["discord", "slack", "googlechat"]
        .flatMap((channel) => findAll(config, [`channels.${channel}.dm`, `channels.${channel}.accounts.*.dm`]))
        .filter(({ value }) => isJsonObject(value) && value.policy === "open" && !takesAll(value.allowFrom))
        .map(({ path }) => ({ path: [...path, "allowFrom"], message: openMessage("policy") })),
  },
  {
    id: "webhook-secret",
    before: LEFT_TO_PLUGINS,
    find: (config) =>
      findSecretless(
        config,
        "telegram",
        (account) => isText(account.webhookUrl),
        "webhookSecret",
        "with webhookUrl, a webhookSecret is expected",
      ),
  },
  {
    id: "webhook-secret",
    before: LEFT_TO_PLUGINS,
    find: (config) =>
      findSecretless(
        config,
        "slack",
        (account, channel) => (account.mode ?? channel.mode) === "http",
        "signingSecret",
        "with mode http, a signingSecret is expected",
      ),
  },
  {
    id: "type",
    before: LEFT_TO_PLUGINS,
    find: (config) =>
      findAll(
        config,
        ["", "accounts.*."].flatMap((account) =>
          ["command", "description"].map((key) => `channels.telegram.${account}customCommands.*.${key}`),
        ),
      )
        .filter(({ value }) => typeof value !== "string")
        .map(({ path }) => ({ path, message: "expected a string" })),
  },
  {
    id: "channel-command",
    before: LEFT_TO_PLUGINS,
    find: (config) =>
      findTexts(config, [
        "channels.telegram.customCommands.*.command",
        "channels.telegram.accounts.*.customCommands.*.command",
      ])
        .filter(({ value }) => !/^\/?\s*\w{1,32}$/.test(value.trim()))
        .map(({ path }) => ({ path, message: "a command of a-z, 0-9 and _, at most 32, is expected" })),
  },
  {
    id: "acp-binding",
    since: "2026.4.15",
    find: (config) =>
      findInside({ path: ["channels"], value: config.channels ?? null }).map((path) => ({
        path,
        message: "bindings at the top of the config are expected, with type: acp",
      })),
  },
];

function findUnknownChannels(config: JsonObject, release: string): Problem[] {
  if (!isJsonObject(config.channels)) return [];
  const special = isSince(release, "2026.2.26") ? ["defaults", "modelByChannel"] : ["defaults"];
  const known = [...special, ...listChannels(release)];
  if (hasInstalledPlugins(config)) return [];
  return Object.keys(config.channels)
    .filter((name) => name.trim() !== "" && !known.includes(name.trim()) && !isExternalChannel(name))
    .filter((name) => !isSince(release, "2026.4.15") || !isNamedPlugin(config, name))
    .map((name) => {
      const message = [`no channel of OpenClaw ${release}`, formatMeant(name, known)].filter(Boolean).join(", ");
      return { path: ["channels", name], message };
    });
}

function isTarget(config: JsonObject, target: string, release: string): boolean {
  const name = target.trim().toLowerCase();
  if (["last", "none", "owner"].includes(name)) return name !== "owner" || isSince(release, "2026.8.2");
  if (listChannels(release).includes(name) || isChannelAlias(name) || isExternalChannel(name)) return true;
  return name !== "" && hasInstalledPlugins(config);
}

/** Accounts inherit the list of their channel from 2026.2.26. */
function findOpenAccounts(config: JsonObject, channel: string, release: string): Problem[] {
  const [root] = findAll(config, [`channels.${channel}`]);
  if (!root || !isJsonObject(root.value)) return [];
  const inherited = isSince(release, "2026.2.26") ? root.value.allowFrom : undefined;
  return [root, ...findAll(config, [`channels.${channel}.accounts.*`])].flatMap(({ path, value }): Problem[] => {
    if (!isJsonObject(value) || value.dmPolicy !== "open") return [];
    if (takesAll(value.allowFrom ?? inherited) || takesAll(isJsonObject(value.dm) ? value.dm.allowFrom : undefined))
      return [];
    return [{ path: [...path, "allowFrom"], message: openMessage("dmPolicy") }];
  });
}

function openMessage(policy: string): string {
  return `with ${policy}: "open", a list with "*" is expected`;
}

/** Whether a list has `*`, or a variable that may be that. */
function takesAll(list: Json | undefined): boolean {
  return (
    Array.isArray(list) && list.some((each) => typeof each === "string" && (each.trim() === "*" || isTemplate(each)))
  );
}

function findSecretless(
  config: JsonObject,
  channel: string,
  needs: (account: JsonObject, channel: JsonObject) => boolean,
  secret: string,
  message: string,
): Problem[] {
  const [root] = findAll(config, [`channels.${channel}`]);
  if (!root || !isJsonObject(root.value)) return [];
  const base = root.value;
  return [root, ...findAll(config, [`channels.${channel}.accounts.*`])].flatMap(({ path, value }): Problem[] => {
    if (!isJsonObject(value) || (path.length > 2 && value.enabled === false) || !needs(value, base)) return [];
    if (isText(value[secret]) || isText(base[secret])) return [];
    return [{ path: [...path, secret], message }];
  });
}

/** A text, or a reference to a secret. */
function isText(value: Json | undefined): boolean {
  return (typeof value === "string" && value.trim() !== "") || isJsonObject(value);
}

/** The places of `bindings.acp` at any depth. */
function findInside({ path, value }: Place): (string | number)[][] {
  const found: (string | number)[][] = [];
  if (typeof value !== "object" || value === null) return found;
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  for (const [key, inner] of entries) {
    const place = path.concat(key);
    const isOld = key === "bindings" && isJsonObject(inner) && typeof inner.acp === "object" && inner.acp !== null;
    if (isOld) found.push(place.concat("acp"));
    found.push(...findInside({ path: place, value: inner }));
  }
  return found;
}
