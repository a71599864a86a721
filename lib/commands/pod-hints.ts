import { toResult, ManagerError } from "../errors.ts";
import { readRegularFile } from "../files/regular-file.ts";
import type { Environment } from "../setting-sources.ts";
import { GATEWAY_CONTAINER } from "../reconcile/check.ts";

/** This Pod, for a person's kubectl. */
export interface Pod {
  name: string;
  /** Undefined where the Pod has no token of its service account, beside which it stands. */
  namespace: string | undefined;
}

const NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/** What Kubernetes allows as a name. Something else in the environment must not become a command. */
const NAME = /^[a-z0-9][a-z0-9.-]{0,252}$/;

/** Finds this Pod; undefined outside of Kubernetes. There, `HOSTNAME` is the name of the Pod. */
export async function findPod(
  { KUBERNETES_SERVICE_HOST, HOSTNAME = "" }: Environment,
  namespaceFile = NAMESPACE_FILE,
): Promise<Pod | undefined> {
  if (!KUBERNETES_SERVICE_HOST || !NAME.test(HOSTNAME)) return undefined;
  const bytes = await toResult(readRegularFile(namespaceFile, { follow: true }));
  const namespace = bytes instanceof ManagerError ? "" : (bytes?.toString().trim() ?? "");
  return { name: HOSTNAME, namespace: NAME.test(namespace) ? namespace : undefined };
}

/** Where to read the gateway's log. Without `-c`, kubectl takes the first container, which is the gateway's. */
export function suggestLogs(pod: Pod | undefined): string {
  return pod ? `kubectl logs${place(pod)} --tail=50` : "read the log of the gateway's container";
}

/** Turns a command for the gateway's container into one that can be pasted outside of the Pod. */
export function toPastable(hint: string, pod: Pod | undefined): string {
  if (!pod || !hint.startsWith(GATEWAY_CONTAINER)) return hint;
  return `kubectl exec${place(pod)} -- ${hint.slice(GATEWAY_CONTAINER.length)}`;
}

function place({ name, namespace }: Pod): string {
  return `${namespace === undefined ? "" : ` -n ${namespace}`} ${name}`;
}
