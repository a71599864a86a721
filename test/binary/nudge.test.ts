// The built binary: wait --nudge in a container's place, with a ServiceAccount mounted where the kubelet mounts it, and an
// HTTPS server in the API server's place.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type ApiRequest, publishAccount, serveApi } from "../support/api-server.ts";
import { OTHER } from "../support/certificates.ts";
import { findFreePort } from "../support/free-port.ts";
import { canMountSmallVolume } from "../support/small-volume.ts";
import {
  BINARY,
  type Mounts,
  type Result,
  type Sidecar,
  createMounts,
  runBinary,
  startSidecar,
} from "../support/sidecar.ts";
import { createVolume } from "../support/volume.ts";

const FORMER = '{"gateway":{"mode":"local"}}';
const CONFIG = '{"gateway":{"mode":"local"},"messages":{"ackReaction":"eyes"}}';
const POD = "openclaw-5d9-x2z";
const TOKEN = "s3cret-token";
const ACCOUNT_TOKEN = "acc0unt-token";

const CAN_MOUNT = await canMountSmallVolume();
if (!CAN_MOUNT) console.log("(skip) wait --nudge: this machine lets nobody mount");

describe.skipIf(!CAN_MOUNT)("wait --nudge", () => {
  /** The sidecar's mounts, and the Job's. */
  let mounts: Mounts;
  let job: Mounts;
  let sidecar: Sidecar;
  let url: string;

  beforeEach(async () => {
    [mounts, job] = await Promise.all([createMounts(), createMounts()]);
    const port = await findFreePort();
    url = `http://127.0.0.1:${port}`;
    await mounts.config.publish({ "openclaw.json": FORMER });
    await job.config.publish({ "openclaw.json": CONFIG });
    sidecar = startSidecar(
      mounts.environment({
        CONFIG_MANAGER_HTTP_PORT: String(port),
        OPENCLAW_GATEWAY_TOKEN: TOKEN,
        OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1",
        CONFIG_MANAGER_TRANSPORT: "cli",
        POLL_INTERVAL: "3600",
      }),
      ["run"],
      // With the host name that the kubelet gives to the containers of a Pod.
      ["unshare", "-u", "sh", "-c", `echo ${POD} >/proc/sys/kernel/hostname && exec "$@"`, "sh", BINARY],
    );
    await sidecar.waitFor(/^Config copied to PVC: /);
  });
  afterEach(async () => {
    await sidecar.dispose();
    await mounts.dispose();
    await job.dispose();
  });

  async function waitWith(apiPort: number | undefined, timeout: number, directory = "account"): Promise<Result> {
    const env = job.environment({
      OPENCLAW_GATEWAY_TOKEN: TOKEN,
      ...(apiPort !== undefined && { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(apiPort) }),
    });
    // In a mount namespace of its own, like a container.
    const script =
      'mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io && ln -s "$1" /run/secrets/kubernetes.io/serviceaccount && shift && exec "$@"';
    const inNamespace = ["unshare", "-m", "sh", "-c", script, "sh", join(job.root, directory), BINARY];
    const result = await runBinary(["wait", "--nudge", "--url", url, "--timeout", String(timeout)], env, inNamespace);
    expect(`${result.stdout}${result.stderr}`).not.toMatch(new RegExp(`${TOKEN}|${ACCOUNT_TOKEN}`));
    return result;
  }

  const publish = async (authority?: string) =>
    publishAccount(await createVolume(join(job.root, "account")), {
      token: ACCOUNT_TOKEN,
      ...(authority !== undefined && { authority }),
    });

  test("has the kubelet refresh the sidecar's volumes: in force before anything else does", async () => {
    await publish();
    await using api = await serveApi((_, response) => {
      // What a kubelet does at a change of a Pod.
      void mounts.config.publish({ "openclaw.json": CONFIG }).then(() => response.end("{}"));
    });
    const { exitCode, stdout, stderr } = await waitWith(api.port, 60);
    expect([exitCode, stdout]).toEqual([0, "In force: config\n"]);
    expect(stderr).toContain(`\nnudged the Pod ${POD}, so that the kubelet refreshes its volumes\n`);
    expect(api.requests).toHaveLength(1);
    const [{ method, url, headers, body }] = api.requests as [ApiRequest];
    expect([method, url]).toEqual(["PATCH", `/api/v1/namespaces/openclaw/pods/${POD}?fieldManager=config-manager`]);
    expect(headers).toMatchObject({
      authorization: `Bearer ${ACCOUNT_TOKEN}`,
      "content-type": "application/merge-patch+json",
    });
    const at = /^\{"metadata":\{"annotations":\{"config-manager\/nudged-at":"(.*)"\}\}\}$/.exec(body)?.[1] ?? "";
    expect(new Date(at).toISOString()).toBe(at);
  });

  test("without the right to, it says which is missing, and waits for the kubelet", async () => {
    await publish();
    await using api = await serveApi((_, response) => {
      response.writeHead(403).end('{"message":"forbidden\\u001b[2J"}');
      void mounts.config.publish({ "openclaw.json": CONFIG });
    });
    const { exitCode, stderr } = await waitWith(api.port, 60);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      `warning: cannot nudge the sidecar's Pod, and wait for the kubelet: the API server did not annotate the Pod ${POD} in openclaw: HTTP 403: forbidden\\u001b[2J\nhint: bind a Role with verbs [patch] on resources [pods] to the ServiceAccount of this Pod, `,
    );
  });

  test("to an API server of another authority it gives no token", async () => {
    await publish(OTHER.cert);
    await using api = await serveApi((_, response) => response.end("{}"));
    const { exitCode, stderr } = await waitWith(api.port, 1);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`wait for the kubelet: cannot reach the API server at 127.0.0.1:${api.port}: `);
    expect(api.requests).toEqual([]);
  });

  test("outside a Pod, or without a ServiceAccount, it says so, and the result is that of wait", async () => {
    const outside = await waitWith(undefined, 1);
    expect([outside.exitCode, outside.stderr]).toEqual([
      2,
      expect.stringContaining("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT lead to no API server\nhint: "),
    ]);
    const without = await waitWith(1, 1, "nowhere");
    expect([without.exitCode, without.stderr]).toEqual([
      2,
      expect.stringMatching(
        /there is no \/var\/run\/secrets\/kubernetes\.io\/serviceaccount\/token\nhint: set automountServiceAccountToken: true /,
      ),
    ]);
  });
});
