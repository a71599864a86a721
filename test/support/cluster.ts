// What a Pod of the manifests needs around it.

import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IPodSpec } from "kubernetes-models/v1";
import { $ } from "zx";
import { createDebianImage, createOpenclawImage, createSidecarImage } from "./container-image.ts";
import { missingTools } from "./debian.ts";
import { createScratch } from "./fakes.ts";
import { type Cluster, startPod } from "./kubelet.ts";
import { type Manifest, findManifest } from "./manifests.ts";
import { getRelease } from "./release.ts";
import { isRoot } from "./small-volume.ts";

/** What this machine lacks to run a Pod; undefined if nothing. */
export async function findMissingForPod(): Promise<string | undefined> {
  if (!isRoot) return "not root";
  if (process.arch !== "x64") return "the Node of the image is for x64";
  const tools = await missingTools({ runc: "runc", ip: "iproute2", git: "git", jq: "jq", pgrep: "procps" });
  if (tools) return tools;
  await using scratch = await createScratch();
  const cluster = { configMaps: {}, secrets: {}, pull: createDebianImage, claims: scratch.path };
  const resources = { limits: { cpu: "100m", memory: "128Mi" } };
  const probe = { name: "probe", image: "debian", command: ["true"], resources };
  const started = startPod({ initContainers: [probe], containers: [] }, cluster).then((pod) => pod.delete());
  return started.then(() => undefined, String);
}

/** A cluster with what the manifests ask for: ConfigMaps as rendered, Secrets, volumes, and the images that can be had. */
export async function createCluster(manifests: readonly Manifest[], version: string): Promise<Cluster> {
  const openclaw = createOpenclawImage(await getRelease(version));
  const sidecar = createSidecarImage();
  const namesOf = (wanted: string) =>
    manifests.filter(({ kind }) => kind === wanted).map(({ metadata: { name } }) => name);
  // With a bot token or an API key, OpenClaw goes out to fetch the plugin for it.
  const none = ["DISCORD_BOT_TOKEN", "GITHUB_TOKEN", "OPENAI_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "XAI_API_KEY"];
  const token = { OPENCLAW_GATEWAY_TOKEN: `token-${crypto.randomUUID()}` };
  return {
    configMaps: Object.fromEntries(
      namesOf("ConfigMap").map((name) => [name, findManifest(manifests, "ConfigMap", name).data]),
    ),
    secrets: {
      ...Object.fromEntries(
        namesOf("Secret").map((name) => [name, decode(findManifest(manifests, "Secret", name).data)]),
      ),
      "openclaw-credentials": { ...Object.fromEntries(none.map((name) => [name, ""])), ...token },
      "litellm-credentials": { LITELLM_MASTER_KEY: "" },
      "openclaw-secrets": token,
    },
    pull(image) {
      if (/\/openclaw:|^busybox:/.test(image)) return openclaw;
      return image.startsWith("registry.example/config-manager:") ? sidecar : undefined;
    },
    claims: await mkdtemp(join(tmpdir(), "config-manager-claims-")),
  };
}

/** The values of a Secret. */
function decode(data: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, atob(value)]));
}

/** The dotfiles that init-dotfiles pulls, in a volume from before: nothing can be cloned from here. */
export async function seedDotfiles(claims: string): Promise<void> {
  const repositories = join(claims, "openclaw-data/ghq/github.com/boxp");
  const origin = join(repositories, "dotfiles.git");
  const clone = join(repositories, "dotfiles");
  await mkdir(repositories, { recursive: true });
  const inClone = $({ cwd: clone });
  await $`git init -q --bare -b master ${origin} && git clone -q ${origin} ${clone}`.quiet();
  const author = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com"];
  await inClone`git checkout -q -B master && mkdir .claude && touch .claude/CLAUDE.md && git add .claude`.quiet();
  await inClone`git ${author} commit -qm dotfiles && git push -q origin master`.quiet();
  await inClone`git remote set-url origin /home/node/ghq/github.com/boxp/dotfiles.git`.quiet();
  await $`chown -R 1000:1000 ${join(claims, "openclaw-data")}`.quiet();
}

/** The Pod of the Deployment `openclaw`. */
export function specOf(manifests: readonly Manifest[]): IPodSpec {
  const spec = findManifest(manifests, "Deployment", "openclaw").spec?.template.spec;
  if (!spec) throw new Error("a Deployment without a Pod");
  return spec;
}
