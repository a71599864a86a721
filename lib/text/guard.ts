import { createMasker, spellingsOf } from "./masking.ts";

/** Shorter values are words that any line may have. */
const MIN_LENGTH = 6;

/** The longest value that a line can hold as a whole: longer lines are cut. */
const MAX_LENGTH = 8_192;

/** Keeps the values of mounted secrets out of all that is printed, whoever quotes them. */
export interface SecretGuard {
  /** The values from now on, in place of those before. */
  protect(values: readonly Uint8Array[]): void;
  mask(text: string): string;
}

export function createSecretGuard(): SecretGuard {
  let mask = (text: string) => text;
  return {
    protect(values) {
      let masker: ((text: string) => string) | undefined; // most passes print nothing
      mask = (text) => {
        masker ??= createMasker(values.flatMap(listValues));
        return masker(text);
      };
    },
    mask: (text) => mask(text),
  };
}

/** What a message may quote of a file: the whole, a line, a text of a JSON document. */
function listValues(bytes: Uint8Array): string[] {
  const text = new TextDecoder().decode(bytes);
  const values = new Set([text, ...text.split("\n"), ...listTexts(text)].map((value) => value.trim()));
  return [...values].filter(isSecret).flatMap(spellingsOf);
}

function isSecret(value: string): boolean {
  return value.length >= MIN_LENGTH && value.length <= MAX_LENGTH && !NUMBER.test(value) && !isPlace(value);
}

/** JSON stays JSON: a number in it is no text. */
const NUMBER = /^\d{1,100}$/;

/** A path or an address names a place, and lines are full of them. */
function isPlace(value: string): boolean {
  return value.startsWith("/") || (/^(?:https?|wss?):\/\//.test(value) && !value.includes("@"));
}

/** All texts in a JSON document; none if it is something else. */
function listTexts(text: string): string[] {
  if (!/^\s{0,9}[[{]/.test(text)) return [];
  const texts: string[] = [];
  try {
    JSON.parse(text, (_, value: unknown) => {
      if (typeof value === "string") texts.push(value);
      return null;
    });
  } catch {
    return [];
  }
  return texts;
}
