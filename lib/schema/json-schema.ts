import type { Json } from "../json.ts";

/** A JSON Schema (draft 7), as far as configs are checked by it. `true` takes everything, `false` nothing. */
export type Schema = boolean | SchemaObject;

export interface SchemaObject {
  type?: string | string[];
  const?: Json;
  enum?: Json[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: Schema;
  propertyNames?: Schema;
  required?: string[];
  minProperties?: number;
  maxProperties?: number;
  /** One for all, or one for each place. */
  items?: Schema | Schema[];
  additionalItems?: Schema;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  not?: Schema;
  if?: Schema;
  then?: Schema;
  else?: Schema;
}

/** The keywords of {@link SchemaObject}, by what they hold. */
const KEYWORDS = {
  schema: ["additionalProperties", "additionalItems", "propertyNames", "items", "not", "if", "then", "else"],
  schemas: ["anyOf", "oneOf", "allOf"],
  schemasByName: ["properties", "patternProperties"],
  plain: [
    "type",
    "const",
    "enum",
    "required",
    "minProperties",
    "maxProperties",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
  ],
} as const satisfies Record<string, readonly (keyof SchemaObject)[]>;

const PLAIN: ReadonlySet<string> = new Set(KEYWORDS.plain);
const BY_NAME: ReadonlySet<string> = new Set(KEYWORDS.schemasByName);

/** Replaces each schema in a schema when it is read. Changes the schema that it is given, and returns it. */
export function mapLazily(schema: Record<string, unknown>, map: (inner: unknown) => Schema): SchemaObject {
  for (const [keyword, inner] of Object.entries(schema)) {
    if (PLAIN.has(keyword)) continue;
    const get = () => {
      if (Array.isArray(inner)) return inner.map(map);
      return BY_NAME.has(keyword) ? mapNames(inner as Record<string, unknown>, map) : map(inner);
    };
    Object.defineProperty(schema, keyword, { get });
  }
  return schema;
}

function mapNames(schemas: Record<string, unknown>, map: (inner: unknown) => Schema): Record<string, unknown> {
  return new Proxy(schemas, {
    get: (target, name) => (Object.hasOwn(target, name) ? map(Reflect.get(target, name)) : undefined),
  });
}

/** Makes the same schema with each schema in it replaced; keywords that nothing is checked by are left out. */
export function mapSchemas(schema: Record<string, unknown>, map: (inner: unknown) => unknown): Record<string, unknown> {
  const mapped: Record<string, unknown> = {};
  for (const keyword of KEYWORDS.plain) if (keyword in schema) mapped[keyword] = schema[keyword];
  for (const keyword of KEYWORDS.schema) {
    const inner = schema[keyword];
    if (Array.isArray(inner)) mapped[keyword] = inner.map(map);
    else if (inner !== undefined) mapped[keyword] = map(inner);
  }
  for (const keyword of KEYWORDS.schemas) {
    const inner = schema[keyword];
    if (Array.isArray(inner)) mapped[keyword] = inner.map(map);
  }
  for (const keyword of KEYWORDS.schemasByName) {
    const inner = schema[keyword];
    if (typeof inner !== "object" || inner === null) continue;
    mapped[keyword] = Object.fromEntries(Object.entries(inner).map(([name, each]) => [name, map(each)]));
  }
  return mapped;
}
