import { toJsonSchema } from "@valibot/to-json-schema";
import { PAYLOADS } from "./contradictions.ts";
import { DefinitionSchema } from "./definition.ts";

const JOB = { $ref: "#/definitions/job" };

/**
 * The definition file as JSON Schema, in the draft that the editors know. It refuses nothing that `parseDefinition`
 * accepts; what it has no words for (a cron expression that fires, a time zone that exists) it leaves to `validate`.
 */
export function toDefinitionSchema() {
  const { $schema = "", ...job } = toJsonSchema(DefinitionSchema, {
    target: "draft-07",
    overrideSchema({ valibotSchema, jsonSchema }) {
      switch (valibotSchema.type) {
        // `parseDefinition` reports unknown fields.
        case "object":
          return { ...jsonSchema, additionalProperties: false };
        // `Environment`, of which valibot knows no more.
        case "custom":
          return { type: "object", additionalProperties: { type: "string" } };
      }
      return undefined;
    },
    // A trim, a check of our own, a count of what a reader takes for characters: nothing that it could say.
    overrideAction: ({ jsonSchema, errors }) => (errors ? jsonSchema : undefined),
  });
  return {
    $schema,
    title: "Cron jobs of OpenClaw, as config-manager reads them",
    description: "A list of jobs, or one job.",
    anyOf: [{ type: "array", items: JOB }, JOB],
    definitions: { job: { ...job, oneOf: PAYLOADS.map((field) => ({ required: [field] })) } },
  };
}
