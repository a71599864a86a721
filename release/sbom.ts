// The list of what is in the binaries, in SPDX 2.3: https://spdx.github.io/spdx-spec/v2.3/

import type { Locked } from "./lock.ts";

/** A binary, and the Bun that it consists of. */
interface Binary {
  file: string;
  sha1: string;
  sha256: string;
  runtime: Locked;
}

/** What a list is made from. */
interface Release {
  version: string;
  license: string;
  commit: string;
  /** When the commit was made. */
  created: Date;
  /** The packages of which the bundler has put code into every binary. */
  bundled: readonly Locked[];
  binaries: readonly Binary[];
}

const DOCUMENT = "SPDXRef-DOCUMENT";
const ROOT = "SPDXRef-config-manager";
const BUN = "Bun's program. What Bun links is in what `config-manager licenses` prints.";

/** Makes the document. It is the same for the same release, whenever and wherever it is made. */
export function makeSbom({ version, license, commit, created, bundled, binaries }: Release) {
  const runtimes = binaries.map(({ runtime }) => runtime);
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: DOCUMENT,
    name: `config-manager-${version}`,
    documentNamespace: `https://spdx.org/spdxdocs/config-manager-${version}-${commit}`,
    creationInfo: {
      created: created.toISOString().replace(/\.\d+Z$/, "Z"),
      creators: [`Tool: config-manager-release-${version}`],
    },
    packages: [
      {
        SPDXID: ROOT,
        name: "config-manager",
        versionInfo: version,
        primaryPackagePurpose: "APPLICATION",
        downloadLocation: "NOASSERTION",
        filesAnalyzed: false,
        sourceInfo: `built from commit ${commit}`,
        licenseConcluded: license,
        licenseDeclared: license,
        copyrightText: "NOASSERTION",
        externalRefs: [purl(`pkg:generic/config-manager@${version}`)],
      },
      ...bundled.map((component) => describe(component, "LIBRARY")),
      ...runtimes.map((component) => describe(component, "FRAMEWORK", BUN)),
    ],
    files: binaries.map(({ file, sha1, sha256 }) => ({
      SPDXID: idOf(file),
      fileName: `./${file}`,
      fileTypes: ["BINARY"],
      checksums: [
        { algorithm: "SHA1", checksumValue: sha1 },
        { algorithm: "SHA256", checksumValue: sha256 },
      ],
      licenseConcluded: "NOASSERTION",
      copyrightText: "NOASSERTION",
    })),
    relationships: [
      relate(DOCUMENT, "DESCRIBES", ROOT),
      ...bundled.map(({ name }) => relate(ROOT, "CONTAINS", idOf(name))),
      ...binaries.flatMap(({ file, runtime }) => [
        relate(idOf(file), "GENERATED_FROM", ROOT),
        relate(idOf(file), "CONTAINS", idOf(runtime.name)),
      ]),
    ],
  };
}

function describe({ name, version, integrity, license = "NOASSERTION" }: Locked, purpose: string, comment?: string) {
  return {
    SPDXID: idOf(name),
    name,
    versionInfo: version,
    primaryPackagePurpose: purpose,
    ...(comment !== undefined && { comment }),
    downloadLocation: "NOASSERTION", // the purl names it, wherever it is mirrored
    filesAnalyzed: false,
    checksums: [
      { algorithm: "SHA512", checksumValue: Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex") },
    ],
    licenseConcluded: "NOASSERTION",
    licenseDeclared: license,
    copyrightText: "NOASSERTION",
    externalRefs: [purl(`pkg:npm/${name.replace("@", "%40")}@${version}`)],
  };
}

function purl(referenceLocator: string) {
  return { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator };
}

function relate(spdxElementId: string, relationshipType: string, relatedSpdxElement: string) {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

/** Two packages that are in a binary differ in more than what is replaced here: the test of the release holds it. */
function idOf(name: string): string {
  return `SPDXRef-${name.replace("@", "").replaceAll(/[^a-zA-Z0-9.-]/g, "-")}`;
}
