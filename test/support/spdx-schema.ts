// What SPDX 2.3 asks of the fields that our lists have, after the specification. No package on npm has its schema.

const ID = { type: "string", pattern: "^SPDXRef-[a-zA-Z0-9.-]+$" };
const TEXT = { type: "string", minLength: 1 };

/** An object of these fields and no others, all of them required but those whose names end with a question mark. */
function object(fields: Record<string, unknown>): unknown {
  const entries = Object.entries(fields);
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([name, schema]) => [name.replace("?", ""), schema])),
    required: entries.map(([name]) => name).filter((name) => !name.endsWith("?")),
    additionalProperties: false,
  };
}

const list = (items: unknown) => ({ type: "array", minItems: 1, items });

const CHECKSUM = object({
  algorithm: { enum: ["SHA1", "SHA256", "SHA512"] },
  checksumValue: { type: "string", pattern: "^([0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})$" },
});

/** A JSON Schema of such a document. */
export const SPDX_SCHEMA = object({
  spdxVersion: { const: "SPDX-2.3" },
  dataLicense: { const: "CC0-1.0" },
  SPDXID: { const: "SPDXRef-DOCUMENT" },
  name: TEXT,
  documentNamespace: { type: "string", pattern: "^https://[^#]+$" },
  creationInfo: object({
    created: { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$" },
    creators: list({ type: "string", pattern: "^(Tool|Organization|Person): ." }),
  }),
  packages: list(
    object({
      SPDXID: ID,
      name: TEXT,
      versionInfo: TEXT,
      primaryPackagePurpose: { enum: ["APPLICATION", "FRAMEWORK", "LIBRARY"] },
      "comment?": TEXT,
      downloadLocation: { type: "string", pattern: "^(NOASSERTION|https://\\S+)$" },
      filesAnalyzed: { const: false },
      "sourceInfo?": TEXT,
      "checksums?": list(CHECKSUM),
      licenseConcluded: TEXT,
      licenseDeclared: TEXT,
      copyrightText: TEXT,
      externalRefs: list(
        object({
          referenceCategory: { const: "PACKAGE-MANAGER" },
          referenceType: { const: "purl" },
          referenceLocator: { type: "string", pattern: "^pkg:(npm|generic)/\\S+@\\S+$" },
        }),
      ),
    }),
  ),
  files: list(
    object({
      SPDXID: ID,
      fileName: { type: "string", pattern: "^\\./" },
      fileTypes: list({ const: "BINARY" }),
      checksums: list(CHECKSUM),
      licenseConcluded: TEXT,
      copyrightText: TEXT,
    }),
  ),
  relationships: list(
    object({
      spdxElementId: ID,
      relationshipType: { enum: ["CONTAINS", "DESCRIBES", "GENERATED_FROM"] },
      relatedSpdxElement: ID,
    }),
  ),
});
