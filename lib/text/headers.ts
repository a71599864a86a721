import type { Span } from "./spans.ts";
import { isReference, readRest, readValue } from "./values.ts";

/** The first word of an `Authorization` header. It stays. */
const SCHEME = /^(?:bearer|basic|token|digest|negotiate|apikey|oauth|ntlm|bot|hawk|aws4-hmac-sha256|signature)\s+/i;

/** Whether this is the name of a header whose value is read by {@link readHeader}. */
export function isSecretHeader(name: string): boolean {
  return /^(?:proxy-)?authorization$|^(?:set-)?cookie$/i.test(name);
}

/** The secret of an `Authorization` or `Cookie` header whose value begins here. `outer`: the quote before its name. */
export function readHeader(text: string, name: string, at: number, outer: string): Span | undefined {
  if (outer === "" && /^(?:digest|oauth|signature|aws4)/i.test(text.slice(at, at + 9))) {
    const end = text.indexOf("\n", at);
    return skipScheme(text, { from: at, to: end === -1 ? text.length : end });
  }
  if (outer === "" && !/cookie$/i.test(name)) return readValue(text, at + lengthOfScheme(text, at)); // no more than a word
  const rest = readRest(text, at, outer);
  return rest && !/cookie$/i.test(name) ? skipScheme(text, rest) : rest;
}

function lengthOfScheme(text: string, at: number): number {
  return SCHEME.exec(text.slice(at, at + 40))?.[0].length ?? 0;
}

/** Leaves the scheme of an `Authorization` header out, and a value that is only a reference. */
export function skipScheme(text: string, { from, to }: Span): Span | undefined {
  const start = Math.min(to, from + lengthOfScheme(text, from));
  return isReference(text.slice(start, to)) ? undefined : { from: start, to };
}
