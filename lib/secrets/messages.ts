import { listSome } from "../printable.ts";
import { createMasker, spellingsOf } from "../text/masking.ts";
import type { DesiredSecrets } from "./read.ts";

/** How many names a line lists. */
const MAX_NAMES = 20;

export function listNames(names: readonly string[]): string {
  return listSome(names, MAX_NAMES);
}

/** Why the Secret is not taken, a line each, without values. */
export function describeRefusal(
  desired: Exclude<DesiredSecrets, { kind: "valid" }>,
  { secretsDir, targetDir }: { secretsDir: string; targetDir: string },
): string[] {
  const stay = `what is in ${targetDir} stays as it is`;
  if (desired.kind === "invalid") {
    return desired.problems.map((problem) => `Secrets of ${secretsDir} rejected, ${stay}: ${problem}`);
  }
  const what = desired.isMounted ? `No secret in ${secretsDir}` : `${secretsDir} is not mounted`;
  return [`${what}, ${stay}: mount the Secret there`];
}

export function describeBinary(names: readonly string[]): string {
  return `Not UTF-8 text, copied as it is: ${listNames(names)}; a SecretRef of OpenClaw reads text only`;
}

/**
 * Returns a function that masks these values in a message: whole, by line, and the texts of a JSON file. It looks at
 * them at the first message only.
 */
export function createSecretMasker(values: readonly Buffer[]): (message: string) => string {
  let mask: ((message: string) => string) | undefined;
  return (message) => {
    mask ??= createMasker(values.flatMap(listSpellings));
    return mask(message);
  };
}

function listSpellings(value: Buffer): string[] {
  const text = value.toString();
  return [text, text.trim(), ...text.split(/\r?\n/), ...listTexts(text)].flatMap(spellingsOf);
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
