/** The most characters of a text from outside that any pattern meets: more is no message, and costs time. */
export const MAX_TEXT = 65_536;

/** Room for what is said of the rest, so that a bounded text stays as it is when it is bounded again. */
const REMARK_ROOM = 64;

/** How far back a cut moves to the last blank, in characters: half a token would not look like one. */
const MAX_WORD = 1_024;

const REMARK_START = "… (";
const REMARK_END = " more characters)";

/** A text and what is said of the rest that was cut off. */
export interface BoundedText {
  kept: string;
  /** `… (N more characters)`; empty if nothing was cut off. */
  remark: string;
}

/**
 * Cuts a text from outside to at most 64 KiB, together with the remark. To be done before anything looks for a pattern
 * in it, and before secrets in it are masked: what masks them has to know that the end may be the first half of one.
 */
export function splitBounded(text: string, limit = MAX_TEXT): BoundedText {
  if (text.length <= limit) {
    const at = text.endsWith(REMARK_END) ? text.lastIndexOf(REMARK_START) : -1;
    if (at === -1 || text.length - at > REMARK_ROOM) return { kept: text, remark: "" };
    return { kept: text.slice(0, at), remark: text.slice(at) };
  }
  const longest = limit - REMARK_ROOM;
  const least = Math.max(0, longest - MAX_WORD);
  let end = longest;
  while (end > least && text.charAt(end).trim() !== "") end -= 1;
  if (text.charAt(end).trim() !== "") end = longest;
  return { kept: text.slice(0, end), remark: `${REMARK_START}${text.length - end}${REMARK_END}` };
}

/** The same as one text, cut to fewer characters if so asked; to at least a hundred. */
export function boundText(text: string, limit = MAX_TEXT): string {
  const { kept, remark } = splitBounded(text, limit);
  return kept + remark;
}
