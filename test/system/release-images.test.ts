// The images of a release: the Dockerfile with its first stage replaced, as .github/workflows/release.yml does it, for both
// platforms and without an emulator. The binaries are stand-ins here: test/binary/release.test.ts has the real ones.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Builder, createBuilder } from "../support/buildah.ts";
import { missingTools } from "../support/debian.ts";
import { REPOSITORY } from "../support/repository.ts";
import { isRoot } from "../support/small-volume.ts";

const missing = isRoot ? await missingTools({ buildah: "buildah" }) : "not root";
if (missing) console.log(`(skip) the images of a release: ${missing}`);

describe.skipIf(missing !== undefined)("the images of a release", () => {
  let builder: Builder;

  beforeAll(async () => {
    builder = await createBuilder();
  });
  afterAll(() => builder?.[Symbol.asyncDispose]());

  test.each([
    ["amd64", "sidecar", "GLIBC_IMAGE"],
    ["arm64", "sidecar", "GLIBC_IMAGE"],
    ["amd64", "openclaw", "OPENCLAW_IMAGE"],
    ["arm64", "openclaw", "OPENCLAW_IMAGE"],
  ])(
    "%s, %s: has the binary that was built before, and runs no command of the first stage",
    async (arch, target, base) => {
      const context = await builder.scratch(`${target}-${arch}`);
      for (const name of ["dist", "doc"]) await mkdir(join(context, "src", name), { recursive: true });
      const binary = `the binary for ${arch}`;
      await writeFile(join(context, "src/dist/config-manager"), binary, { mode: 0o755 });
      await writeFile(join(context, "src/doc/LICENSE"), "the license");
      const name = `${target}-${arch}`;
      await builder.build(name, REPOSITORY, undefined, {
        target,
        platform: `linux/${arch}`,
        contexts: { build: context },
        // There is no such image: whoever wanted to build the first stage would fail.
        args: { BUILD_IMAGE: "localhost/none", [base]: "scratch", COMMIT: "abc1234" },
      });
      const root = await builder.open(name);
      expect(await readFile(join(root, "usr/local/bin/config-manager"), "utf8")).toBe(binary);
      expect(await readFile(join(root, "usr/share/doc/config-manager/LICENSE"), "utf8")).toBe("the license");
      expect(await builder.describe(name)).toContain(`"architecture": "${arch}"`);
    },
  );
});
