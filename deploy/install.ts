// Prints install.yaml: deploy/install as one file, for `kubectl apply -f`. IMAGE is config-manager's, best by its digest.
//
//   node_modules/.bin/bun deploy/install.ts [IMAGE] > install.yaml

import { join } from "node:path";
import process from "node:process";
import packageJson from "../package.json" with { type: "json" };
import { DEPLOY, kustomize } from "../test/support/manifests.ts";

const { version: VERSION } = packageJson;

/** The image that the manifests name: none is published. */
const PLACEHOLDER = `registry.example/config-manager:${VERSION}`;

/** The text of install.yaml. */
export async function renderInstall(image = PLACEHOLDER): Promise<string> {
  const text = await kustomize(join(DEPLOY, "install"));
  if (!text.includes(PLACEHOLDER)) throw new Error(`deploy/install does not name ${PLACEHOLDER}`);
  const head =
    `# OpenClaw and config-manager ${VERSION}, for a first try on Kubernetes 1.29 or later: kubectl apply -f install.yaml\n` +
    "# The Pod then waits for a Secret that you make:\n" +
    "#   kubectl create secret generic openclaw-secrets -n openclaw --from-literal=OPENCLAW_GATEWAY_TOKEN=…\n" +
    "# Another apply puts the config and the jobs of this file back: keep yours in Git, with a kustomization.\n";
  return head + text.replaceAll(PLACEHOLDER, image);
}

if (import.meta.main) process.stdout.write(await renderInstall(process.argv[2]));
