import stringWidth from "string-width";

/** How much of the common start is shown before the difference, in characters. */
const LEAD = 12;

/** The width of a text in columns of a terminal. Colours have no width. */
export function measureText(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text); // string-width takes 13 MB: only for more than ASCII
}

/** The text, shortened to at most so many columns, with an ellipsis if it was cut. */
export function cutText(text: string, columns: number): string {
  if (measureText(text) <= columns) return text;
  let cut = "";
  for (const character of segment(text)) {
    if (measureText(cut + character) > columns - 1) break;
    cut += character;
  }
  return `${cut}…`;
}

/** Shortens two texts to at most so many columns so that their first difference is visible. */
export function cutPair(one: string, other: string, columns: number): [string, string] {
  if (measureText(one) <= columns && measureText(other) <= columns) return [one, other];
  const [a, b] = [segment(one), segment(other)];
  const difference = a.findIndex((character, index) => character !== b[index]);
  const skipped = (difference === -1 ? a.length : difference) - LEAD;
  if (skipped <= 1) return [cutText(one, columns), cutText(other, columns)];
  const cut = (characters: string[]) => cutText(`…${characters.slice(skipped).join("")}`, columns);
  return [cut(a), cut(b)];
}

/** The graphemes of a text. */
function segment(text: string): string[] {
  return Array.from(new Intl.Segmenter().segment(text), (part) => part.segment);
}
