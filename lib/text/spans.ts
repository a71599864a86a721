import { MASK } from "./masking.ts";

/** A part of a text: from this character up to, and without, that one. */
export interface Span {
  from: number;
  to: number;
}

/** Replaces the spans by a mask each. Spans that overlap or touch share one. */
export function maskSpans(text: string, spans: readonly Span[]): string {
  let masked = "";
  let until = 0;
  let isMasked = false; // whether the text up to `until` ends with a mask
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    if (to <= until) continue;
    if (from > until) masked += text.slice(until, from);
    if (from > until || !isMasked) masked += MASK;
    isMasked = true;
    until = to;
  }
  return masked + text.slice(until);
}
