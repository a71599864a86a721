import licenses from "./licenses.json" with { type: "json" };

/** The license of something that is in the binary. */
export interface LicenseSection {
  /** Names with versions. */
  title: string;
  /** SPDX identifiers, where there are such. */
  license: string;
  text: string;
}

const HEAD = `Licenses of all that is compiled into config-manager: its own code, the packages from npm of which code is in it, and
Bun with what Bun links, as Bun lists it. Of what is in that list, the texts are at https://spdx.org/licenses/ as MIT,
Apache-2.0, BSD-2-Clause, BSD-3-Clause, CC0-1.0, IJG, libpng-2.0 and Zlib, or where the list points; the two of the GNU
project are at the end. Bun is as published, but for the names of some of its environment variables (build.sh).
`;

/** Returns all licenses as text. `test/unit/commands/licenses.test.ts` holds them against what is bundled. */
export function renderLicenses(): string {
  const sections: readonly LicenseSection[] = licenses;
  return [
    HEAD,
    ...sections.map(({ title, license, text }) => `${"=".repeat(80)}\n${title}\n${license}\n\n${text}\n`),
  ].join("\n");
}
