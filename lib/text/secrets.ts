import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { MASK, redactValues } from "./redaction.ts";

/** A name such as `GITHUB_TOKEN`, `apiKey` or `client-secret`. */
const SECRET_NAME =
  /token|secret|passw(?:or)?d|passphrase|api_?-?key|private_?-?key|access_?-?key|credential|bearer|cookie|signature|(?:auth|authorization|pwd)$/i;

/** Whether a value under this key is one to keep to oneself. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** How secrets stand in a command line or a message; the groups around them stay. */
const SECRET_TEXTS: readonly RegExp[] = [
  // https://user:password@host, https://host/?token=…
  /(\w+:\/\/)[^\s/@'"]+(@)/g,
  /([?&][\w.-]*(?:token|secret|key|passw(?:or)?d|auth|sig(?:nature)?)=)[^\s&#'"]+()/gi,
  // Authorization: Bearer …
  /(authorization:\s*(?:\w+\s+)?|\bbearer\s+)[\w.~+/=-]{6,}()/gi,
  // TOKEN=…, "apiKey": "…"
  /((?:token|secret|passw(?:or)?d|passphrase|api[_-]?key|private[_-]?key|access[_-]?key|credential)s?["']?\s*[=:]\s*["']?)[^\s"'&;|)]+()/gi,
  // --password …, -token …
  /(\s--?[\w-]*(?:token|secret|passw(?:or)?d|api-?key|credential)s?\s+["']?)[^\s"'&;|)]+()/gi,
  // Such as the providers themselves make them.
  /()\b(?:sk-[\w-]{8,}|gh[a-z]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{8,}|AKIA\w{12,}|AIza[\w-]{20,}|eyJ[\w-]{8,}\.[\w.-]+)()/g,
  // Chat services put the secret of a webhook into its path.
  /(https?:\/\/[^\s/'"]+\/[^\s'"]*(?:webhooks?|services)\/)[^\s'"]+()/gi,
];

/** Takes out of a text what looks like a secret in it. */
export function maskText(text: string): string {
  return SECRET_TEXTS.reduce((masked, pattern) => masked.replace(pattern, `$1${MASK}$2`), text);
}

/** What is known to be secret in a job: each variable of `env`, and whatever stands under a name that says so. */
export function findSecrets(job: Json): Json[] {
  if (Array.isArray(job)) return job.flatMap(findSecrets);
  if (!isJsonObject(job)) return [];
  return Object.entries(job).flatMap(([key, value]) => (isSecretPlace(key) ? [value] : findSecrets(value)));
}

/** Takes a job's own secrets out of a text about it, and what looks like one. */
export function maskJobText(text: string, job: object): string {
  return maskText(redactValues(text, findSecrets(job as JsonObject)));
}

/** Whether all that stands under this key is secret. */
export function isSecretPlace(key: string): boolean {
  return key === "env" || isSecretName(key);
}
