import stringWidth from "string-width";

/** How much of what two texts share stands before their difference, in characters. */
const LEAD = 12;

/** How many columns of a screen a text takes. Colours take none. */
export function measureText(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text); // 13 MB, for those who need more than ASCII
}

/** The text, or as much of it as fits into so many columns, with an ellipsis at its end. */
export function cutText(text: string, columns: number): string {
  if (measureText(text) <= columns) return text;
  let cut = "";
  for (const character of segment(text)) {
    if (measureText(cut + character) > columns - 1) break;
    cut += character;
  }
  return `${cut}…`;
}

/** Cuts two texts that differ so that the place where they begin to do so is seen. */
export function cutPair(one: string, other: string, columns: number): [string, string] {
  if (measureText(one) <= columns && measureText(other) <= columns) return [one, other];
  const [a, b] = [segment(one), segment(other)];
  const difference = a.findIndex((character, index) => character !== b[index]);
  const skipped = (difference === -1 ? a.length : difference) - LEAD;
  if (skipped <= 1) return [cutText(one, columns), cutText(other, columns)];
  const cut = (characters: string[]) => cutText(`…${characters.slice(skipped).join("")}`, columns);
  return [cut(a), cut(b)];
}

/** Into what a reader takes for one character. */
function segment(text: string): string[] {
  return Array.from(new Intl.Segmenter().segment(text), (part) => part.segment);
}
