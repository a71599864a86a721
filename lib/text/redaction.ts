import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { splitBounded } from "./bounded.ts";
import { MASK, createMasker, spellingsOf } from "./masking.ts";
import { isSecretPlace } from "./names.ts";
import { maskText } from "./secrets.ts";
import { isFileName, isPlainName, isRandom } from "./words.ts";

/** Keys of addresses of people. */
const PEOPLE_KEY = /allowFrom$|^(?:to|users)$/i;

/** Keys beside a secret that say of which kind it is: `auth.mode` is `token`. */
const KIND_KEY = /^(?:mode|source|provider|type|kind)$/;

/** Keys of files that hold a secret. The path of one is none. */
const FILE_KEY = /(?:file|path|dir|command)$/i;

/** A value that only refers to a variable. */
const REFERENCE = /^\$\{\w+\}$/;

/** A number of 7 digits is somebody's telephone number or user ID rather than a setting. */
const LONG_NUMBER = /\d{7}/;

/** The gateway's own words, names of keys, and paths: a word that the config also has is not its value here. */
const OWN_WORDS = joinPatterns([
  /\((?:allowed|example|use|minimum|maximum)[: ][^()]*\)/,
  /expected (?:one of )?"[^"]*"(?:\|"[^"]*")*/,
  /(?:expected|received) (?:string|number|boolean|object|array|record|int|null|undefined)\b/,
  /[<>]=?-?\d[\d.]*/,
  /openclaw (?:doctor|config|configure|plugins|models|channels|agents|secrets|onboard|gateway|update)(?: --[a-z-]+)*/,
  /(?<![\w-])[A-Za-z][\w-]*(?:\[\])?(?:\.[\w*<>[\]-]+)+/,
  /(?<![^\s"'`(=])(?:~|\.{1,2})?\/[^\s"'`()]*[^\s"'`():;,.]/,
]);

/** What stands between spaces, quotes or parentheses. */
const TOKENS = /[^\s"'`()]+/g;

const KEY_PATH = /^[A-Za-z][\w-]*(?:\.[\w*<>[\]-]+)+$/;

/** E-mail addresses and telephone numbers. */
const PEOPLE = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.[a-z]{2,}|\+\d{7,}/g;

/**
 * Returns a function that masks secrets and people's addresses in a gateway's message about this config. It masks:
 *
 * - values under a key such as `env`, `botToken` or `allowFrom`;
 * - any other value that does not read as a name: `plugin not found: ***`;
 * - what looks like a secret, an e-mail address or a telephone number, wherever it comes from.
 *
 * What is beyond 64 KiB of a message is cut off first, and said to be. Names stay, because they are the problem: `plugin not found: discrod`. So do keys, references such as `${VAR}`, and
 * the names of files.
 */
export function createRedactor(config: Json): (message: string) => string {
  const found: Found = { keys: new Set(), secrets: new Set(), words: new Set(), includes: new Set() };
  collect(config, { key: "", isSecret: false, isEnv: false }, found);
  const words = found.words.difference(found.keys);
  const maskSecrets = createMasker(found.secrets.difference(found.keys));
  const maskWords = createMasker(words);
  const isOwn = (part: string) => !words.has(part);
  const isName = (token: string) => {
    const name = trimPunctuation(token);
    return isFileName(name) || isKeyPath(name) || REFERENCE.test(name) || found.includes.has(baseNameOf(name));
  };
  return (message) => {
    const { kept, remark } = splitBounded(message);
    const isCut = remark !== "";
    const withoutSecrets = maskSecrets(kept, isCut);
    const withoutWords = maskOutside(withoutSecrets, OWN_WORDS, isOwn, (part, isLast) =>
      maskWords(part, isCut && isLast),
    );
    return maskOutside(withoutWords, TOKENS, isName, maskUnknown) + remark;
  };
}

/** Masks what is between the parts that match and are to be kept. */
function maskOutside(
  text: string,
  pattern: RegExp,
  isKept: (part: string) => boolean,
  mask: (part: string, isLast: boolean) => string,
): string {
  let masked = "";
  let until = 0;
  for (const { 0: part, index } of text.matchAll(pattern)) {
    if (!isKept(part)) continue;
    masked += mask(text.slice(until, index), false) + part;
    until = index + part.length;
  }
  return masked + mask(text.slice(until), true);
}

/** Masks secrets that the config does not contain: they come from a variable or an included file. */
function maskUnknown(text: string): string {
  return maskText(text)
    .replace(/[\w+/=~.:-]{20,}/g, (run) => ([run, ...run.split(/[.:]/)].some(isRandom) ? MASK : run))
    .replace(PEOPLE, MASK);
}

function isKeyPath(part: string): boolean {
  return KEY_PATH.test(part) && maskUnknown(part) === part;
}

interface Found {
  keys: Set<string>;
  /** Masked everywhere. */
  secrets: Set<string>;
  /** Secrets that are words: masked outside of {@link OWN_WORDS}. */
  words: Set<string>;
  /** Base names of included files. */
  includes: Set<string>;
}

interface Place {
  /** The nearest key. */
  key: string;
  /** Whether everything here is secret. */
  isSecret: boolean;
  isEnv: boolean;
}

function collect(value: Json, place: Place, found: Found): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, place, found);
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      found.keys.add(key);
      collect(item, enter(isSecretReference(value) ? { ...place, isSecret: false } : place, key), found);
    }
  } else if (typeof value === "string") {
    collectText(value, place, found);
  } else if (typeof value === "number") {
    const number = String(value);
    if (LONG_NUMBER.test(number)) found.secrets.add(number);
    else if (place.isSecret) found.words.add(number);
  }
}

function enter({ isSecret, isEnv }: Place, key: string): Place {
  return {
    key,
    isSecret: isSecret || isSecretPlace(key) || PEOPLE_KEY.test(key),
    isEnv: isEnv || key === "env",
  };
}

/** A SecretRef of OpenClaw says where a secret is. */
function isSecretReference({ source, id }: JsonObject): boolean {
  return typeof source === "string" && typeof id === "string";
}

function collectText(value: string, { key, isSecret, isEnv }: Place, found: Found): void {
  const text = value.trim();
  if (key === "$include") {
    found.includes.add(baseNameOf(text));
    return;
  }
  if (REFERENCE.test(text)) return;
  if (isFileName(text) && (!isSecret || FILE_KEY.test(key))) return;
  const isPlain = isPlainName(text);
  if (isPlain && (!isSecret || (!isEnv && KIND_KEY.test(key)))) return;
  for (const spelling of spellingsOf(value)) (isPlain ? found.words : found.secrets).add(spelling);
}

function trimPunctuation(token: string): string {
  let end = token.length;
  while (end > 0 && ":;,.".includes(token.charAt(end - 1))) end -= 1;
  return token.slice(0, end);
}

function baseNameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function joinPatterns(patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join("|"), "g");
}
