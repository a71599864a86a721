// The fleet: an ApplicationSet with a directory for each gateway. What ArgoCD does with it is done here by hand, for the two
// directories of the example and for a hundred: no ArgoCD runs.

import { cp, glob, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, test } from "bun:test";
import * as yaml from "yaml";
import { createScratch } from "../../support/fakes.ts";
import { validateManifests } from "../../support/kubernetes-schema.ts";
import { DEPLOY, type Manifest, findManifest, parseManifests, renderManifests } from "../../support/manifests.ts";
import { REPOSITORY } from "../../support/repository.ts";

const SIZE = 100;
const AT_A_TIME = 2;

interface Application extends Manifest {
  spec: { source: { path: string }; destination: { namespace: string } };
}

interface ApplicationSet extends Manifest {
  spec: {
    goTemplate: boolean;
    generators: { git: { directories: { path: string }[] } }[];
    template: Omit<Application, "apiVersion" | "kind">;
  };
}

const source = await readFile(join(DEPLOY, "example-fleet/applicationset.yaml"), "utf8");
const [set] = parseManifests(source) as [ApplicationSet];

/** The Applications that the set makes of the directories in this checkout. */
async function generate({ spec }: ApplicationSet, checkout: string): Promise<Application[]> {
  const patterns = spec.generators.flatMap(({ git }) => git.directories.map(({ path }) => path));
  const paths = await Array.fromAsync(glob(patterns, { cwd: checkout }));
  return paths.toSorted().map((path) => {
    const fields: Record<string, string> = { ".path.basename": basename(path), ".path.path": path };
    const filled = JSON.stringify(spec.template).replaceAll(/\{\{ *([^}]*?) *\}\}/g, (_, name: string) => {
      if (fields[name] === undefined) throw new Error(`a git generator has no ${name}`); // missingkey=error
      return fields[name];
    });
    const template = JSON.parse(filled) as ApplicationSet["spec"]["template"];
    template.metadata.namespace = set.metadata.namespace ?? "";
    return { apiVersion: set.apiVersion, kind: "Application", metadata: template.metadata, spec: template.spec };
  });
}

const summarize = ({ metadata, spec }: Application) => [metadata.name, spec.source.path, spec.destination.namespace];

describe("the ApplicationSet", () => {
  test("is what ArgoCD takes, with its Applications", async () => {
    expect(set.spec.goTemplate).toBe(true);
    const applications = await generate(set, REPOSITORY);
    expect(applications.map(summarize)).toEqual([
      ["openclaw-anna", "deploy/example-fleet/gateways/anna", "openclaw-anna"],
      ["openclaw-bert", "deploy/example-fleet/gateways/bert", "openclaw-bert"],
    ]);
    expect(await validateManifests([set, ...applications])).toEqual([]);
  });

  test("what ArgoCD does not take would be found", async () => {
    const wrong = structuredClone(set);
    Object.assign(wrong.spec.generators[0]?.git ?? {}, { directory: [] });
    expect((await validateManifests([wrong])).join("\n")).toContain(`'"directory"' does not exist`);
    Object.assign(wrong.spec.template.spec.source, { path: "{{ .pth }}" });
    expect(await generate(wrong, REPOSITORY).then(() => "generated", String)).toContain("no .pth");
  });
});

describe.each(["anna", "bert"])("the gateway of %s", (name) => {
  const rendered = renderManifests(join(DEPLOY, "example-fleet/gateways", name));

  test("is what Kubernetes takes, in the namespace of its Application", async () => {
    const manifests = await rendered;
    expect(await validateManifests(manifests)).toEqual([]);
    const namespaces = manifests.map(({ kind, metadata }) =>
      kind === "Namespace" ? metadata.name : metadata.namespace,
    );
    expect(new Set(namespaces)).toEqual(new Set([`openclaw-${name}`]));
  });

  test("has the settings of all and its own", async () => {
    const { data } = findManifest(await rendered, "ConfigMap", "openclaw-config");
    expect(Object.keys(data)).toEqual(["common.json5", "openclaw.json"]);
    expect(JSON.parse(data["openclaw.json"] ?? "")).toMatchObject({ $include: "./common.json5" });
    const jobs = findManifest(await rendered, "ConfigMap", "openclaw-cron-jobs");
    expect(Object.keys(jobs.data)).toEqual(name === "bert" ? ["jobs.yaml", "own-jobs.yaml"] : ["jobs.yaml"]);
  });
});

test(`${SIZE} gateways are ${SIZE} directories`, async () => {
  await using scratch = await createScratch();
  const fleet = scratch.in("deploy/example-fleet");
  for (const folder of ["base", "example-fleet"])
    await cp(join(DEPLOY, folder), scratch.in("deploy", folder), { recursive: true });
  const names = Array.from({ length: SIZE }, (_, index) => `agent-${String(index).padStart(3, "0")}`);
  for (const name of names) {
    const directory = join(fleet, "gateways", name);
    await cp(join(fleet, "gateways/anna"), directory, { recursive: true });
    const path = join(directory, "kustomization.yaml");
    await writeFile(path, (await readFile(path, "utf8")).replace("openclaw-anna", `openclaw-${name}`));
  }
  for (const name of ["anna", "bert"]) await rm(join(fleet, "gateways", name), { recursive: true });

  const applications = await generate(set, scratch.path);
  expect(applications.map(({ metadata }) => metadata.name)).toEqual(names.map((name) => `openclaw-${name}`));
  expect(await validateManifests(applications)).toEqual([]);

  // As ArgoCD does: each directory by itself, a few at a time.
  const rendered: Manifest[][] = [];
  const start = performance.now();
  for (let index = 0; index < SIZE; index += AT_A_TIME) {
    const some = applications.slice(index, index + AT_A_TIME);
    rendered.push(...(await Promise.all(some.map(({ spec }) => renderManifests(scratch.in(spec.source.path))))));
  }
  const seconds = (performance.now() - start) / 1000;
  const objects = rendered.reduce((sum, { length }) => sum + length, 0);
  console.log(`${SIZE} gateways: ${objects} objects, rendered in ${seconds.toFixed(1)} s`);

  const anna = await renderManifests(join(DEPLOY, "example-fleet/gateways/anna"));
  for (const [index, { spec }] of applications.entries()) {
    const { namespace } = spec.destination;
    const text = anna.map((each) => yaml.stringify(each)).join("---\n");
    expect(rendered[index]).toEqual(parseManifests(text.replaceAll("openclaw-anna", namespace)));
  }
});
