import { isWithin } from "./rule.ts";

/** The channels that a release brings along, or whose schema it has: [name, since, before]. From its own metadata. */
const CHANNELS: [string, (string | undefined)?, string?][] = [
  ["telegram"],
  ["whatsapp"],
  ["discord"],
  ["googlechat"],
  ["slack"],
  ["signal"],
  ["imessage"],
  ["feishu"],
  ["line"],
  ["matrix"],
  ["mattermost"],
  ["msteams"],
  ["nextcloud-talk"],
  ["nostr"],
  ["tlon"],
  ["twitch"],
  ["zalo"],
  ["zalouser"],
  ["bluebubbles", undefined, "2026.5.20"],
  ["irc", "2026.2.26"],
  ["synology-chat", "2026.2.26"],
  ["qqbot", "2026.4.15", "2026.8.2"],
  ["qa-channel", "2026.4.15"],
  ["clickclack", "2026.5.20"],
  ["raft", "2026.6.11"],
  ["sms", "2026.6.11"],
  ["a2a", "2026.8.2"],
  ["buzz", "2026.8.2"],
  ["reef", "2026.8.2"],
];

/** Channels whose plugin is installed apart: a gateway has them or has them not. */
const EXTERNAL = new Set("openclaw-plugin-yuanbao openclaw-weixin qqbot wecom weixin yuanbao zaloclawbot".split(" "));

/** Other names of channels, which `target` of a heartbeat takes. */
const ALIASES =
  "bb enterprise-wechat gchat google-chat imsg internet-relay-chat lark nc nc-talk qywx teams tencent-yuanbao twitch-chat wechat weixin wework yb yuanbao zalo-clawbot zaloclawbot zl zlu 元宝 微信".split(
    " ",
  );

/** The channels that a release knows by itself. */
export function listChannels(release: string): string[] {
  return CHANNELS.filter(([, since, before]) => isWithin(release, since, before)).map(([name]) => name);
}

/** Whether a plugin that is installed apart may bring this channel. */
export function isExternalChannel(name: string): boolean {
  return EXTERNAL.has(name);
}

/** Whether it is another name of a channel. */
export function isChannelAlias(name: string): boolean {
  return ALIASES.includes(name);
}
