import type { JsonObject } from "../json.ts";
import { type Problem, findTexts } from "./rule.ts";

/** The URL that a text is; undefined if it is none. */
export function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** Whether a text is `http://` or `https://` and a host, with nothing behind it. */
export function isOrigin(text: string): boolean {
  const url = parseUrl(text);
  if (!url || url.pathname !== "/" || url.search || url.hash || url.username || url.password) return false;
  return isWeb(url);
}

/** Whether a URL is of this machine. */
export function isLocal({ hostname }: URL): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
}

/** The texts at these places that are no `http://` or `https://` URL. */
export function findBadUrls(config: JsonObject, places: readonly string[]): Problem[] {
  return findTexts(config, places)
    .filter(({ value }) => !isWeb(parseUrl(value)))
    .map(({ path }) => ({ path, message: "an http:// or https:// URL is expected" }));
}

function isWeb(url: URL | undefined): boolean {
  return url?.protocol === "https:" || url?.protocol === "http:";
}
