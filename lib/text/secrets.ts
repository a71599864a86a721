import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { findArgumentSecrets } from "./arguments.ts";
import { splitBounded } from "./bounded.ts";
import { findLabelled } from "./labels.ts";
import { createMasker, spellingsOf } from "./masking.ts";
import { isSecretPlace } from "./names.ts";
import { findShellSecrets } from "./shell.ts";
import { type Span, maskSpans } from "./spans.ts";
import { findPemBlocks, findTokens } from "./tokens.ts";
import { findUrlSecrets } from "./urls.ts";

/** Everything in a text that looks like a secret. Linear, as each of the parts is. */
function findSpans(text: string): Span[] {
  return [
    ...findLabelled(text),
    ...findTokens(text),
    ...findPemBlocks(text),
    ...findUrlSecrets(text),
    ...findShellSecrets(text),
  ];
}

/**
 * Masks everything in a text that looks like a secret: in a command line, JSON, a header, a URL, a here-document. What
 * is beyond 64 KiB is cut off first, and said to be.
 */
export function maskText(text: string): string {
  const { kept, remark } = splitBounded(text);
  return maskSpans(kept, findSpans(kept)) + remark;
}

/** Masks the same in a list of arguments, where one before it, such as `--api-key`, tells that an argument is secret. */
export function maskArguments(argv: readonly string[]): string[] {
  const own = findArgumentSecrets(argv);
  return argv.map((argument, index) => {
    const { kept, remark } = splitBounded(argument);
    return maskSpans(kept, [...findSpans(kept), ...clip(own[index], kept)]) + remark;
  });
}

function clip(span: Span | undefined, { length }: string): Span[] {
  return span && span.from < length ? [{ from: span.from, to: Math.min(span.to, length) }] : [];
}

/**
 * The secret values of a job: all variables of `env`, what its command reads as input, every value whose name says that
 * it is secret, and what looks like a secret in any other text of it.
 */
export function findSecrets(job: Json): Json[] {
  if (typeof job === "string") return findTexts(job, findSpans(splitBounded(job).kept));
  if (Array.isArray(job)) {
    const own = findArgumentSecrets(job.map((item) => (typeof item === "string" ? item : "")));
    return job.flatMap((item, index) => {
      const span = own[index];
      return [...findSecrets(item), ...(typeof item === "string" && span ? findTexts(item, [span]) : [])];
    });
  }
  if (!isJsonObject(job)) return [];
  return Object.entries(job).flatMap(([key, value]) => (isSecretField(key) ? [value] : findSecrets(value)));
}

function findTexts(text: string, spans: readonly Span[]): string[] {
  return spans.map(({ from, to }) => text.slice(from, to));
}

/** Whether this field of a job is secret: `input` is read by its command as a password may be. */
export function isSecretField(key: string): boolean {
  return key === "input" || isSecretPlace(key);
}

/** Masks a job's own secrets in a text about it, and everything that looks like a secret. */
export function maskJobText(text: string, job: object): string {
  const { kept, remark } = splitBounded(text);
  const values = findSecrets(job as JsonObject)
    .flatMap(leavesOf)
    .flatMap((value) => [[value], value.split("\n"), [maskText(value)]].flat()) // its text may have been masked before
    .flatMap(spellingsOf);
  return maskText(createMasker(values)(kept, remark !== "")) + remark;
}

function leavesOf(value: Json): string[] {
  if (typeof value === "string" || typeof value === "number") return [String(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leavesOf) : [];
}
