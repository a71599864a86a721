// describe.ts DIRECTORY METAFILES COMMIT SECONDS TARGET…: writes the list of what is in the binaries of a release, and the
// checksums of all files, install.yaml too. The metafile of each binary is METAFILES/TARGET.json; all have to tell of the same packages.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import packageJson from "../package.json" with { type: "json" };
import { nameOfPackage, readBundled } from "./bundled.ts";
import { RUNTIMES, readLocked } from "./lock.ts";
import { makeSbom } from "./sbom.ts";

const [directory = "", metafiles = "", commit = "", seconds = "", ...targets] = process.argv.slice(2);
const { version, license } = packageJson;
const prefix = `config-manager-${version}`;

const lists = targets.map((target) =>
  [...readBundled(join(metafiles, `${target}.json`)).keys()].map(nameOfPackage).toSorted(),
);
const [names = []] = lists;
if (lists.some((list) => list.join() !== names.join())) throw new Error("the binaries do not have the same packages");

const binaries = targets.map((target) => {
  const file = `${prefix}-${target}`;
  return {
    file,
    sha1: digest("sha1", file),
    sha256: digest("sha256", file),
    runtime: readLocked(RUNTIMES[target] ?? ""),
  };
});
const created = new Date(Number(seconds) * 1000);
const sbom = makeSbom({ version, license, commit, created, bundled: names.map(readLocked), binaries });

write(`${prefix}.spdx.json`, `${JSON.stringify(sbom, undefined, 2)}\n`);
const files = [...binaries.map(({ file }) => file), `${prefix}.spdx.json`, "install.yaml"].toSorted();
write("SHA256SUMS", files.map((file) => `${digest("sha256", file)}  ${file}\n`).join(""));

function digest(algorithm: string, file: string): string {
  return createHash(algorithm)
    .update(readFileSync(join(directory, file)))
    .digest("hex");
}

function write(name: string, text: string): void {
  writeFileSync(join(directory, name), text);
}
