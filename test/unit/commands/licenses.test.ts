// Holds lib/commands/licenses.json against the code that the bundler puts into the binary, and its packages' own texts.
//
// UPDATE_GOLDEN=1 writes it anew, but never in CI. Read what is new before you keep it: may we ship it?

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "bun:test";
import packageJson from "../../../package.json" with { type: "json" };
import lock from "../../../package-lock.json" with { type: "json" };
import { type LicenseSection, renderLicenses } from "../../../lib/commands/licenses.ts";
import { findBundledPackages, makeLicenses } from "../../support/licenses.ts";
import { REPOSITORY } from "../../support/repository.ts";

const FILE = join(REPOSITORY, "lib/commands/licenses.json");
/** Texts that Bun's list asks for and no package brings. */
const KEPT = ["GNU Library General Public License 2", "GNU Lesser General Public License 2.1"];

/** What a package may be licensed under without a question to anybody. */
const PERMISSIVE = new Set(["Apache-2.0", "ISC", "MIT"]);

let packages: Awaited<ReturnType<typeof findBundledPackages>>;
beforeAll(async () => {
  packages = await findBundledPackages();
});

describe("lib/commands/licenses.json", () => {
  test("has the licenses of all that is in the bundle, as they are installed", async () => {
    const made = await makeLicenses(packages);
    const found = JSON.parse(await readFile(FILE, "utf8").catch(() => "[]")) as LicenseSection[];
    const kept = found.filter(({ title }) => KEPT.includes(title));
    if (process.env.UPDATE_GOLDEN === "1" && !process.env.CI) {
      await writeFile(FILE, `${JSON.stringify([...made, ...kept], undefined, 2)}\n`);
    } else expect(found).toEqual([...made, ...kept]);
    expect(kept.map(({ title }) => title)).toEqual(KEPT);
  });

  test("the packages are those of package-lock.json", () => {
    const locked: Record<string, { version?: string }> = lock.packages;
    expect(packages.length).toBeGreaterThan(10);
    for (const { name, version } of packages) {
      expect({ name, version }).toEqual({ name, version: locked[`node_modules/${name}`]?.version ?? "none" });
    }
  });

  test("each of them brings a text, and a license that asks for no more than that", () => {
    for (const { name, license, texts } of packages) {
      expect({ name, isPermissive: PERMISSIVE.has(license) }).toEqual({ name, isPermissive: true });
      expect(texts.length, name).toBeGreaterThan(400);
    }
  });
});

describe("renderLicenses()", () => {
  test("names everything, with its license and its text", () => {
    const text = renderLicenses();
    const names = packages.map(({ name, version }) => `${name} ${version}`);
    const own = [
      `${packageJson.name}\n${packageJson.license}\n`,
      `\nbun ${lock.packages["node_modules/bun"].version}\n`,
    ];
    const inside = ["JavaScriptCore", "boringssl", "which@5.0.0"];
    // Not toContain(), which prints all of the text.
    expect([...names, ...own, ...inside, ...KEPT].filter((name) => !text.includes(name))).toEqual([]);
    expect(packages.filter(({ texts }) => !text.includes(texts)).map(({ name }) => name)).toEqual([]);
  });

  test("prints no control character, and nothing that is invisible", () => {
    expect(renderLicenses().match(/[^\P{Cc}\n\t]|[\p{Cf}\u2028\u2029]/u)).toBeNull();
  });
});
