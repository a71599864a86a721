import * as v from "valibot";
import { kindOf } from "./field-problem.ts";
import { type Json, isJsonObject } from "../json.ts";
import { isTimeZone } from "./time-zone.ts";

const NO_TEXT = "expected some text but received none";

/** The last millisecond of the JavaScript calendar; from 2026.8.2 the gateway accepts no longer interval. */
export const MAX_TIME_MS = 8.64e15;

/** A schema with a description in one line, which editors show (`config-manager schema`). */
export function described<TSchema extends v.GenericSchema>(schema: TSchema, text: string) {
  return v.pipe(schema, v.description<v.InferOutput<TSchema>, string>(text));
}

/** The same for a field that may be left out. */
export function optional<TSchema extends v.GenericSchema>(schema: TSchema, text: string) {
  return v.exactOptional(described(schema, text));
}

/** Text that is not empty, trimmed as the gateway trims it. */
export const Text = v.pipe(v.string(), v.trim(), v.nonEmpty(NO_TEXT));

/** Text with a check of its own: `findProblem` gives a message, or undefined. */
export function textWithout(findProblem: (text: string) => string | undefined) {
  return v.pipe(
    Text,
    v.rawCheck<string>(({ dataset, addIssue }) => {
      const problem = dataset.typed && !dataset.issues ? findProblem(dataset.value) : undefined;
      if (problem !== undefined) addIssue({ message: problem });
    }),
  );
}

/** Text with at most so many characters, counted in graphemes as the gateway does. */
export function textUpTo(maxCharacters: number) {
  return v.pipe(Text, v.maxGraphemes(maxCharacters));
}

/** A whole number from `min` to `max`, both included. */
export function wholeNumber(min: number, max = Number.POSITIVE_INFINITY) {
  return v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
}

export const Seconds = v.pipe(v.number(), v.finite(), v.minValue(0));
export const Argv = v.pipe(v.array(v.pipe(v.string(), v.nonEmpty(NO_TEXT))), v.minLength(1));

/** Names of tools or models. Blank ones are refused: the gateway drops them, and an empty list restricts nothing. */
export const Names = v.array(Text);

export const TimeZone = textWithout((zone) =>
  isTimeZone(zone) ? undefined : "is no time zone; expected one such as Asia/Tokyo or +09:00",
);

/** The id of an agent. The gateway would silently change any other text into another id. */
export const AgentId = textWithout((id) =>
  /^[a-z0-9][\w-]{0,63}$/i.test(id) ? undefined : "expected up to 64 letters, digits, _ and -",
);

export const Script = textUpTo(65_536);

/** Environment variables. Not `v.record`, which silently drops a variable named `constructor`. */
export const Environment = v.pipe(
  v.custom<Record<string, string>>((value) => isJsonObject(value as Json)),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const [key, value] of Object.entries(dataset.value)) {
      const path = { type: "object", origin: "value", input: dataset.value, key, value } as const;
      const message = findVariableProblem(key, value);
      if (message !== undefined) addIssue({ message, path: [path] });
    }
  }),
);

/** Gateways trim the names, drop all variables if one name is empty, and no process can have a name with `=` in it. */
function findVariableProblem(name: string, value: unknown): string | undefined {
  if (typeof value !== "string") return `expected text but received ${kindOf(value)}`;
  const isName = name !== "" && name.trim() === name && !/[=\0]/.test(name);
  return isName ? undefined : "is no name of a variable: it is empty, or has an = in it or blanks around it";
}
