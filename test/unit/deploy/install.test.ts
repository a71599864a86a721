// install.yaml of a release, and the version that all of deploy/ names.

import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import * as yaml from "yaml";
import { renderInstall } from "../../../deploy/install.ts";
import packageJson from "../../../package.json" with { type: "json" };
import { validateManifests } from "../../support/kubernetes-schema.ts";
import { DEPLOY, findManifest, parseManifests, renderManifests } from "../../support/manifests.ts";

const { version: VERSION } = packageJson;
const IMAGE = `registry.internal/config-manager@sha256:${"0".repeat(64)}`;

describe("install.yaml", () => {
  test("is the example and its namespace, in the order of an apply", async () => {
    const manifests = parseManifests(await renderInstall());
    expect(await validateManifests(manifests)).toEqual([]);
    const [namespace, ...rest] = manifests;
    expect([namespace?.kind, namespace?.metadata.name]).toEqual(["Namespace", "openclaw"]);
    expect(rest).toEqual(await renderManifests(join(DEPLOY, "example")));
  });

  test("names the release's image, and what it needs", async () => {
    const text = await renderInstall(IMAGE);
    expect(text).not.toContain("registry.example");
    const { spec } = findManifest(parseManifests(text), "Deployment", "openclaw");
    const sidecar = spec?.template.spec?.initContainers?.at(-1);
    expect([sidecar?.name, sidecar?.image]).toEqual(["config-manager-sidecar", IMAGE]);
    const token = sidecar?.env?.find(({ name }) => name === "OPENCLAW_GATEWAY_TOKEN")?.valueFrom?.secretKeyRef;
    for (const word of [VERSION, token?.name ?? "?", token?.key ?? "?"])
      expect(text.split("apiVersion")[0]).toContain(word);
  });
});

describe("the version", () => {
  test("is the same wherever deploy/ names one", async () => {
    const found: string[] = [];
    for await (const path of glob("**/*.yaml", { cwd: DEPLOY })) {
      const text = await readFile(join(DEPLOY, path), "utf8");
      const named = text.matchAll(/registry\.example\/config-manager(?::|, tag: |\n\s+newTag: )([\d.]+)/g);
      found.push(...[...named].map(([, version]) => `${path} ${version}`));
    }
    expect(found.length).toBeGreaterThan(3);
    expect(found.filter((each) => !each.endsWith(` ${VERSION}`))).toEqual([]);
  });

  test("is that of the chart", async () => {
    const chart = yaml.parse(await readFile(join(DEPLOY, "chart/Chart.yaml"), "utf8")) as object;
    expect(chart).toMatchObject({ version: VERSION, appVersion: VERSION });
  });
});
