/** The longest message that is received, in bytes. A config of 1 MiB comes back five times in one answer. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/** Deeper than any config that we deliver, and shallow enough that no comparison overflows the stack. */
const MAX_DEPTH = 256;

/** Far more than a real answer has. Each value takes tens of bytes once it is parsed, however short its text is. */
export const MAX_VALUES = 500_000;

const [QUOTE, BACKSLASH, COMMA] = [34, 92, 44];
const OPENING = new Set([91, 123]);
const CLOSING = new Set([93, 125]);

/** Finds why a message of the gateway must not be parsed: it would take too much memory, or too much stack. */
export function findFrameProblem(text: string): string | undefined {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = findEndOfString(text, at + 1);
    } else if (OPENING.has(code)) {
      depth += 1;
      values += 1;
      if (depth > MAX_DEPTH) return `it sent a message nested more than ${MAX_DEPTH} deep`;
    } else if (CLOSING.has(code)) {
      depth -= 1;
    } else if (code === COMMA) {
      values += 1;
    }
    if (values > MAX_VALUES) return `it sent a message of more than ${MAX_VALUES} values`;
  }
  return undefined;
}

/** The index of the quote that ends the string; the end of the text if there is none. */
function findEndOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}
