import type { Span } from "./spans.ts";

/** What ends a URL in a text. */
const URL_END = /[\s'"`<>]/;

/** A path of a chat service's webhook: the secret comes after it. */
const WEBHOOK = /\/(?:webhooks?|services|triggers|workflows)\//gi;

/** Words before a colon that are no name of a user. */
const NO_USER = /^(?:mailto|xmpp|sips?|acct|npm|jsr|peer|tg|matrix|sha\d+)$/i;

const USER = /^[\w.+-]+$/;

/** What is no digest of an image. */
const HOST = /^(?:(?!sha\d)[a-z][\w-]*(?:\.[a-z]|[:/]|(?=[\s'"`,;]|$))|(?:tcp|unix)\(|\d{1,3}\.\d)/i;

/** Finds user names and passwords in URLs and in logins such as `user:password@host`, and webhooks of chat services. */
export function findUrlSecrets(text: string): Span[] {
  return [...findUserinfo(text), ...findLogins(text), ...findPasswordLines(text)];
}

function findUserinfo(text: string): Span[] {
  const spans: Span[] = [];
  let run = { end: 0, lastAt: -1, secret: -1 };
  for (let sign = text.indexOf("://"); sign !== -1; sign = text.indexOf("://", sign + 3)) {
    const start = sign + 3;
    if (!/\w/.test(text.charAt(sign - 1))) continue;
    // One look at each run of characters, however many URLs stand in it.
    if (start >= run.end) {
      run = readRun(text, start);
      if (run.secret !== -1) spans.push({ from: run.secret, to: run.end });
    }
    const slash = text.indexOf("/", start);
    const authorityEnd = slash === -1 ? run.end : Math.min(slash, run.end);
    const authority = text.slice(start, authorityEnd);
    const at = authority.lastIndexOf("@");
    if (at > 0) spans.push({ from: start, to: start + at });
    if (at !== -1 || !hasNoPort(authority) || run.lastAt <= authorityEnd) continue;
    spans.push({ from: start, to: run.lastAt });
    sign = run.lastAt;
  }
  return spans;
}

/** `secret`: where the secret part of a webhook begins; -1 if it is none. */
function readRun(text: string, start: number): { end: number; lastAt: number; secret: number } {
  let end = start;
  while (end < text.length && !URL_END.test(text.charAt(end))) end += 1;
  while (end > start && ".,;:)]}".includes(text.charAt(end - 1))) end -= 1;
  const run = text.slice(start, end);
  const [lastAt, secret] = [run.lastIndexOf("@"), findWebhook(run) ?? -1];
  return {
    end,
    lastAt: lastAt === -1 ? -1 : start + lastAt,
    secret: secret === -1 || secret >= run.length ? -1 : start + secret,
  };
}

/** A password with a slash in it looks like a port that is no number. */
function hasNoPort(authority: string): boolean {
  const colon = authority.lastIndexOf(":");
  return colon > 0 && !authority.endsWith("]") && !/^\d*$/.test(authority.slice(colon + 1));
}

function findWebhook(url: string): number | undefined {
  const last = Array.from(url.matchAll(WEBHOOK)).at(-1);
  if (last) return last.index + last[0].length;
  // hooks.zapier.com/hooks/…
  const first = url.startsWith("hooks.") ? url.indexOf("/", url.indexOf("/") + 1) : -1;
  return first === -1 ? undefined : first + 1;
}

/** `user:password@host` without a scheme, and `user:password@tcp(host:3306)/database`. */
function findLogins(text: string): Span[] {
  const spans: Span[] = [];
  let last = 0;
  for (let at = text.indexOf("@"); at !== -1; at = text.indexOf("@", at + 1)) {
    let from = at;
    while (from > last && !/[\s'"`=,(<>[{/]/.test(text.charAt(from - 1))) from -= 1;
    const login = text.slice(from, at);
    const colon = login.indexOf(":");
    const user = login.slice(0, Math.max(0, colon));
    const host = text.slice(at + 1, at + 65);
    if (USER.test(user) && !NO_USER.test(user) && colon + 1 < login.length && HOST.test(host)) {
      spans.push({ from: from + colon + 1, to: at });
    }
    last = at + 1;
  }
  return spans;
}

/** Lines of `.pgpass`: `host:5432:database:user:password`. */
function findPasswordLines(text: string): Span[] {
  const spans: Span[] = [];
  for (const { 0: head, index } of text.matchAll(
    /(?<![\w.:*-])[\w.*-]{1,255}:(?:\d{4,5}|\*):[\w.*-]{1,64}:[\w.*-]{1,64}:/g,
  )) {
    const from = index + head.length;
    let to = from;
    while (to < text.length && !/[\s'"`]/.test(text.charAt(to))) to += 1;
    if (to > from) spans.push({ from, to });
  }
  return spans;
}
