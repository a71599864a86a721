// Holds docs/quickstart.md and docs/uninstall.md against the manifests: each command is run here, or says that it needs a
// cluster, and what they print is what there is.

import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { validateManifests } from "../support/kubernetes-schema.ts";
import { type Manifest, findManifest, parseManifests, renderManifests } from "../support/manifests.ts";
import { findPodViolations } from "../support/pod-security.ts";
import { REPOSITORY } from "../support/repository.ts";

const MARK = /^# needs a cluster$/m;

const read = (name: string) => readFile(join(REPOSITORY, name), "utf8");
const quickstart = await read("docs/quickstart.md");
const uninstall = await read("docs/uninstall.md");
const example = await renderManifests(join(REPOSITORY, "deploy/example"));

const blocksOf = (text: string, language: string) => {
  const pattern = new RegExp(`^( *)\`\`\`${language}\\n([^]*?)^ *\`\`\`$`, "gm");
  return [...text.matchAll(pattern)].map(([, indent = "", block = ""]) => dedent(block, indent.length));
};
const dedent = (block: string, width: number) => block.replaceAll(new RegExp(`^ {${width}}`, "gm"), "");
const SH = [quickstart, uninstall].flatMap((text) => blocksOf(text, "sh"));
const MARKED = SH.filter((block) => MARK.test(block)).join("\n");

/** What kubectl calls an object. */
const nameOf = ({ apiVersion, kind, metadata }: Manifest) => {
  const group = apiVersion.includes("/") ? `.${apiVersion.split("/")[0]}` : "";
  return `${kind.toLowerCase()}${group}/${metadata.name}`;
};

describe("a command of the quickstart", () => {
  const unmarked = SH.filter((block) => !MARK.test(block)).flatMap((block) => block.trim().split("\n"));

  test("is marked, or is one that this test runs", () => {
    expect(SH.length).toBeGreaterThan(8);
    expect(unmarked.length).toBeGreaterThan(0);
    for (const line of unmarked) expect(line).toMatch(/^kubectl kustomize deploy\/[\w-]+$/);
  });

  test.each([...new Set(unmarked)])("%s prints objects that Kubernetes takes", async (line) => {
    const manifests = await renderManifests(join(REPOSITORY, line.replace("kubectl kustomize ", "")));
    expect(manifests.length).toBeGreaterThan(3);
    expect(await validateManifests(manifests)).toEqual([]);
  });

  test("applies a folder that is there, and prints a line for each of its objects", () => {
    expect(MARKED).toContain("kubectl apply -k deploy/example\n");
    const [created = ""] = blocksOf(quickstart, "text");
    const names = [...created.matchAll(/^(\S+) created$/gm)].map(([, name = ""]) => name);
    const byHand = ["namespace/openclaw", "secret/openclaw-secrets"];
    expect(names.toSorted()).toEqual([...byHand, ...example.map(nameOf)].toSorted());
  });

  test("names what the manifests have: namespace, Secret and key, container, image", () => {
    const pod = findManifest(example, "Deployment", "openclaw").spec?.template.spec;
    const containers = [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])];
    const [token] = containers.flatMap(({ env = [] }) => env).flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);
    expect(MARKED).toContain(`create secret generic ${token?.name} -n openclaw --from-literal=${token?.key}=`);
    for (const { metadata } of example) expect(metadata.namespace).toBe("openclaw");
    const sidecar = containers.find(({ name }) => name === "config-manager-sidecar");
    expect(MARKED).toContain(`docker build --target sidecar -t ${sidecar?.image} .`);
    expect(MARKED).toContain(`kind load docker-image ${sidecar?.image} --name`);
    for (const [, name] of MARKED.matchAll(/ -c (\S+)/g)) expect(name).toBe("config-manager-sidecar");
    for (const [, name] of MARKED.matchAll(/ deploy(?:ment)?\/(\w+)/g))
      expect(["openclaw", "example"]).toContain(name ?? "");
  });

  test("shows log lines that the sidecar prints, of the job that the example has", async () => {
    const lib = await readdir(join(REPOSITORY, "lib"), { recursive: true });
    const texts = ["manager.ts", ...lib.filter((name) => name.endsWith(".ts")).map((name) => `lib/${name}`)].map(read);
    const source = (await Promise.all(texts)).join("\n");
    const lines = [...quickstart.matchAll(/^… \[config-manager\] (.*)$/gm)].map(([, line = ""]) => line);
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(source).toContain(line.replace(": nightly-cleanup", ": "));
    expect(findManifest(example, "ConfigMap", "openclaw-cron-jobs").data["cron-jobs.yaml"]).toContain(
      "nightly-cleanup",
    );
  });
});

describe("docs/uninstall.md", () => {
  test("has a Job that Kubernetes takes, restricted, with the gateway's volume where config-manager looks", async () => {
    const [block = ""] = blocksOf(uninstall, "yaml");
    const manifests = parseManifests(block);
    expect(await validateManifests(manifests)).toEqual([]);
    const pod = findManifest(manifests, "Job", "config-manager-uninstall").spec?.template.spec ?? { containers: [] };
    expect(findPodViolations(pod)).toEqual([]);
    expect(pod.automountServiceAccountToken).toBe(false);
    const [container] = pod.containers;
    expect(container?.command).toEqual(["config-manager", "uninstall"]);
    expect(container?.volumeMounts).toEqual([{ name: "data", mountPath: "/home/node/.openclaw" }]);
    const base = await renderManifests(join(REPOSITORY, "deploy/base"));
    const claim = pod.volumes?.[0]?.persistentVolumeClaim?.claimName ?? "";
    expect(findManifest(base, "PersistentVolumeClaim", claim).metadata.name).toBe(claim);
  });
});
