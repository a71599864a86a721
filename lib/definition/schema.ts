import { toJsonSchema } from "@valibot/to-json-schema";
import { PAYLOADS } from "./contradictions.ts";
import { DefinitionSchema } from "./definition.ts";

const JOB = { $ref: "#/definitions/job" };
const JOBS = { type: "array", items: JOB, description: "The list of jobs." };

/** The author's own keys. */
const EXTENSIONS = { patternProperties: { "^x-": {} } };
const HOLDER = { type: "object", ...EXTENSIONS, additionalProperties: false };

/**
 * The JSON Schema of a definition file, in draft 7, which editors support. It accepts everything that `parseDefinition`
 * accepts. What JSON Schema cannot express (a cron expression that fires, a time zone that exists) `validate` checks.
 */
export function toDefinitionSchema() {
  const { $schema = "", ...job } = toJsonSchema(DefinitionSchema, {
    target: "draft-07",
    overrideSchema({ valibotSchema, jsonSchema }) {
      switch (valibotSchema.type) {
        // `parseDefinition` reports unknown fields.
        case "object":
          return { ...jsonSchema, additionalProperties: false };
        // `Environment`: valibot knows only that it is custom.
        case "custom":
          return { type: "object", additionalProperties: { type: "string" } };
      }
      return undefined;
    },
    // JSON Schema has no equivalent of trim, of our own checks and of maxGraphemes.
    overrideAction: ({ jsonSchema, errors }) => (errors ? jsonSchema : undefined),
  });
  return {
    $schema,
    title: "Cron jobs of OpenClaw, as config-manager reads them",
    description:
      "A list of jobs, or one job. Keys that begin with x- are your own, and may have the list in jobs beside them.",
    anyOf: [JOBS, JOB, { ...HOLDER, minProperties: 1 }, { ...HOLDER, properties: { jobs: JOBS }, minProperties: 2 }],
    definitions: { job: { ...job, ...EXTENSIONS, oneOf: PAYLOADS.map((field) => ({ required: [field] })) } },
  };
}
