import { join } from "node:path";
import { ManagerError } from "../errors.ts";
import { explainUnread, readRegularFile } from "../files/regular-file.ts";
import type { Environment } from "../setting-sources.ts";

/** Where the kubelet mounts a Pod's ServiceAccount. */
const DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

const MAX_BYTES = 256 * 1024;

/** How this container's ServiceAccount reaches the API server. */
export interface Account {
  /** An address without brackets, or a name. */
  host: string;
  port: number;
  /** The authority that the API server's certificate is from, as PEM. */
  authority: string;
  token: string;
  namespace: string;
}

/**
 * Reads the ServiceAccount of this container. The kubelet renews the token, so it is to be read for each call.
 *
 * @throws {ManagerError} `file` if this is no container of a Pod, has no ServiceAccount mounted, or no usable one
 */
export async function readAccount(env: Environment, directory = DIRECTORY): Promise<Account> {
  const host = env["KUBERNETES_SERVICE_HOST"] ?? "";
  const port = Number(env["KUBERNETES_SERVICE_PORT"] || "443");
  if (host === "" || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new ManagerError("file", "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT lead to no API server", {
      hint: "the kubelet sets both in each container of a Pod",
    });
  }
  const token = await read(join(directory, "token"));
  const authority = await read(join(directory, "ca.crt"));
  const namespace = await read(join(directory, "namespace"));
  if (/\P{ASCII}|\p{Cc}|\s/u.test(token)) {
    throw new ManagerError("file", `${join(directory, "token")} is no token: it has a character that no header holds`);
  }
  if (!/^[a-z0-9-]{1,63}$/.test(namespace)) {
    throw new ManagerError("file", `${join(directory, "namespace")} is no name of a namespace`);
  }
  return { host, port, authority, token, namespace };
}

async function read(path: string): Promise<string> {
  const bytes = await readRegularFile(path, { maxBytes: MAX_BYTES, follow: true }).catch((error: unknown) => {
    throw new ManagerError("file", `cannot read ${path}: ${explainUnread(error)}`, { cause: error });
  });
  const text = bytes?.toString().trim() ?? "";
  if (text !== "") return text;
  throw new ManagerError("file", bytes ? `${path} is empty` : `there is no ${path}`, {
    hint: "set automountServiceAccountToken: true in this Pod, as the component nudge does",
  });
}
