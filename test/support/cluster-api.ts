// The API server in the network of a Pod, as far as a Job of ours asks it: a Pod can be patched, by one ServiceAccount.

import { join } from "node:path";
import { publishAccount } from "./api-server.ts";
import { type Mount, POD_NAME } from "./container.ts";
import { start } from "./process.ts";
import { REPOSITORY } from "./repository.ts";
import { until } from "./until.ts";
import { createVolume } from "./volume.ts";

const PORT = 6443;

export interface ClusterApi {
  /** What the kubelet sets in each container. */
  readonly env: Record<string, string>;
  /** What it mounts of a ServiceAccount. */
  readonly account: Mount;
  stop(): Promise<void>;
}

/**
 * Starts it in a network namespace.
 *
 * @param directory for the ServiceAccount
 * @param onUpdate is called at each change of the Pod, which is how the kubelet learns of it
 */
export async function startClusterApi(network: string, directory: string, onUpdate: () => void): Promise<ClusterApi> {
  const token = `account-${crypto.randomUUID()}`;
  await publishAccount(await createVolume(directory), { token });
  const program = join(REPOSITORY, "test/support/cluster-api-process.ts");
  const running = start("ip", ["netns", "exec", network, process.execPath, program, String(PORT)], {
    env: { ...process.env, ACCOUNT_TOKEN: token, POD_PATH: `/api/v1/namespaces/openclaw/pods/${POD_NAME}` },
    onLine: (line) => {
      if (line === "updated") onUpdate();
    },
  });
  await until("the API server to listen", () => running.output().includes("listening"), { explain: running.output });
  return {
    env: { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(PORT) },
    account: {
      source: directory,
      destination: "/var/run/secrets/kubernetes.io/serviceaccount",
      options: ["rbind", "ro"],
    },
    async stop() {
      running.kill("SIGKILL");
      await running.exited;
    },
  };
}
