import type { MissingFeature } from "./features.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";
import { findSecrets, maskText } from "../text/secrets.ts";

/** Why, and what to do about it. */
const REASON =
  "would be an argument of the openclaw CLI, which others in this Pod can read; give this container the gateway's " +
  "OPENCLAW_GATEWAY_TOKEN, or allow it with --transport cli";

/**
 * Finds the fields of a job, or of a patch of one, that must not stand in the arguments of a program: an environment,
 * an input, and whatever `diff` would mask.
 */
export function findExposed(fields: JsonObject): MissingFeature[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    name === "payload" && isJsonObject(value)
      ? Object.entries(value).flatMap(([inner, part]) => exposedAt(`payload.${inner}`, inner, part))
      : exposedAt(name, name, value),
  );
}

function exposedAt(what: string, name: string, value: Json): MissingFeature[] {
  if (value === null || (isJsonObject(value) && Object.keys(value).length === 0)) return [];
  const text = JSON.stringify(value);
  const isSecret = findSecrets({ [name]: value }).length > 0 || maskText(text) !== text;
  return isSecret ? [{ what, reason: REASON }] : [];
}
