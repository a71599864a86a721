// What the Dockerfile builds on and takes in. test/system/dockerfile.test.ts builds it.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import packageJson from "../../../package.json" with { type: "json" };
import { REPOSITORY } from "../../support/repository.ts";

const dockerfile = await readFile(join(REPOSITORY, "Dockerfile"), "utf8");
const bases = new Map(
  [...dockerfile.matchAll(/^ARG (\w+_IMAGE)=(.*)$/gm)].map(([, name = "", image = ""]) => [name, image]),
);
const run = [...dockerfile.matchAll(/^RUN (.*)$/gm)].map(([, command = ""]) => command);

/** An image that stays the same under its name: by digest, or by a tag that is one build's time. */
const FIXED = /^[\w./-]+(?::[\w.-]+)?@sha256:[0-9a-f]{64}$|^[\w./-]+:\d{12}$/;

describe("the Dockerfile", () => {
  test("builds on three images, each of them an argument", () => {
    const from = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(from).toEqual(["${BUILD_IMAGE}", "${GLIBC_IMAGE}", "${OPENCLAW_IMAGE}"]);
    expect([...bases.keys()].toSorted()).toEqual(["BUILD_IMAGE", "GLIBC_IMAGE", "OPENCLAW_IMAGE"]);
  });

  test.each([...bases])("%s has no name that can mean another image tomorrow", (_, image) => {
    expect(image).toMatch(FIXED);
  });

  test.each(["node", "node:latest", "node:24.21.0-bookworm-slim", "node:latest@sha256:1234"])(
    "%s would be one",
    (image) => {
      expect(image).not.toMatch(FIXED);
    },
  );

  test("installs only what is in the binary, and runs no script of a package", () => {
    const installs = run.filter((command) => command.includes("npm "));
    expect(installs).toHaveLength(1);
    for (const flag of ["--omit=dev", "--ignore-scripts", "--no-save"]) expect(installs[0]).toContain(flag);
    expect(packageJson.dependencies.bun).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("downloads nothing by itself", () => {
    expect(dockerfile).not.toMatch(/^ADD |\b(?:curl|wget|apt-get)\b/m);
  });

  test("takes no argument that could be a secret: arguments stay in the history of an image", () => {
    const names = [...dockerfile.matchAll(/^(?:ARG|ENV) (\w+)/gm)].map(([, name = ""]) => name);
    const known = new Set(["BUILD_IMAGE", "GLIBC_IMAGE", "OPENCLAW_IMAGE", "COMMIT", "SOURCE"]);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });
});
