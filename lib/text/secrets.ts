import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { MASK, createMasker, spellingsOf } from "./masking.ts";

/** A name such as `GITHUB_TOKEN`, `apiKey` or `client-secret`. */
const SECRET_NAME =
  /token|secret|passw(?:or)?d|passphrase|api_?-?key|private_?-?key|access_?-?key|credential|bearer|cookie|signature|(?:auth|authorization|pwd)$/i;

/** Whether the name says that its value is secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/**
 * Secrets in command lines and messages. The groups before and after the secret stay. Nothing unbounded stands where a
 * match can begin at each character: a long text would take minutes.
 */
const SECRET_TEXTS: readonly RegExp[] = [
  // https://user:password@host, https://host/?token=…
  /(\w{1,20}:\/\/)[^\s/'"]+(@)/g,
  /([?&][\w.-]*(?:token|secret|key|passw(?:or)?d|auth|sig(?:nature)?)=)[^\s&#'"]+()/gi,
  // Authorization: Bearer …
  /(authorization:\s*(?:\w+\s+)?|\bbearer\s+)[\w.~+/=-]{6,}()/gi,
  // TOKEN=…, "apiKey": "…"
  /((?:token|secret|passw(?:or)?d|passphrase|api[_-]?key|private[_-]?key|access[_-]?key|credential)s?["']?\s*[=:]\s*["']?)[^\s"'&;|)]+()/gi,
  // --password …, -token …
  /(\s--?[\w-]*(?:token|secret|passw(?:or)?d|api-?key|credential)s?\s+["']?)[^\s"'&;|)]+()/gi,
  // Tokens with the prefix of a known provider.
  /()\b(?:sk-[\w-]{8,}|gh[a-z]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{8,}|AKIA\w{12,}|AIza[\w-]{20,}|eyJ[\w.-]{8,})()/g,
  // Webhooks of chat services, with the secret in the path.
  /(https?:\/\/[^\s/'"]{1,300}\/[^\s'"]{0,1000}(?:webhooks?|services)\/)[^\s'"]+()/gi,
];

/** Masks everything in a text that looks like a secret. */
export function maskText(text: string): string {
  return SECRET_TEXTS.reduce((masked, pattern) => masked.replace(pattern, `$1${MASK}$2`), text);
}

/** The secret values of a job: all variables of `env`, and every value whose name says that it is secret. */
export function findSecrets(job: Json): Json[] {
  if (Array.isArray(job)) return job.flatMap(findSecrets);
  if (!isJsonObject(job)) return [];
  return Object.entries(job).flatMap(([key, value]) => (isSecretPlace(key) ? [value] : findSecrets(value)));
}

/** Masks a job's own secrets in a text about it, and everything that looks like a secret. */
export function maskJobText(text: string, job: object): string {
  const values = findSecrets(job as JsonObject)
    .flatMap(leavesOf)
    .flatMap(spellingsOf);
  return maskText(createMasker(values)(text));
}

function leavesOf(value: Json): string[] {
  if (typeof value === "string" || typeof value === "number") return [String(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leavesOf) : [];
}

/** Whether everything under this key is secret. */
export function isSecretPlace(key: string): boolean {
  return key === "env" || isSecretName(key);
}
