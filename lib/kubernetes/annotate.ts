import type { ClientRequest, IncomingMessage } from "node:http";
import { type RequestOptions, request as requestTls } from "node:https";
import { ManagerError, describeError, systemCode } from "../errors.ts";
import { type Json, isJsonObject } from "../json.ts";
import { boundText } from "../text/bounded.ts";
import type { Account } from "./account.ts";

/** The most that is read of an answer, in bytes. */
const MAX_BYTES = 64 * 1024;

/** The longest reason, in characters. */
const MAX_REASON = 500;

interface Place {
  pod: string;
  namespace: string;
}

/**
 * Sets annotations of a Pod in the account's namespace. It is the only call that this program makes to the API server,
 * and takes no right but `patch` on `pods`. No proxy and no redirect gets the token.
 *
 * @param pod a name that a path can hold
 * @param limitMs how long the whole call may take
 * @throws {ManagerError} `unreachable` if nobody answers in time, `refused` if the account may not, else `rejected`
 */
export async function annotatePod(
  { host, port, authority, token, namespace }: Account,
  pod: string,
  annotations: Readonly<Record<string, string>>,
  limitMs: number,
): Promise<void> {
  const place = { pod, namespace };
  const hide = (text: string) => boundText(text.replaceAll(token, "***"), MAX_REASON);
  const toUnreachable = (reason: string) =>
    new ManagerError("unreachable", `cannot reach the API server at ${host}:${port}: ${hide(reason)}`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const body = JSON.stringify({ metadata: { annotations } });
  const options: RequestOptions = {
    host,
    port,
    method: "PATCH",
    path: `/api/v1/namespaces/${namespace}/pods/${pod}?fieldManager=config-manager`,
    ca: authority,
    rejectUnauthorized: true,
    agent: false,
    headers: {
      authorization: `Bearer ${token}`,
      accept: "application/json",
      "content-type": "application/merge-patch+json",
      "content-length": Buffer.byteLength(body),
      connection: "close",
    },
  };
  const timer = setTimeout(() => reject(toUnreachable(`nothing within ${Math.ceil(limitMs / 1000)} s`)), limitMs);
  let request: ClientRequest | undefined;
  try {
    request = requestTls(options); // throws if the authority is none
    request.on("error", (error) => reject(toUnreachable(systemCode(error) ?? describeError(error))));
    request.on("response", (response) => {
      const { statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode < 300)
        resolve(); // the Pod that it sends is of no interest
      else void readMessage(response).then((message) => reject(toRefusal(statusCode, hide(message), place)));
    });
    request.end(body);
    await promise;
  } catch (error) {
    throw error instanceof ManagerError ? error : toUnreachable(systemCode(error) ?? describeError(error));
  } finally {
    clearTimeout(timer);
    request?.destroy();
  }
}

function toRefusal(status: number, said: string, { pod, namespace }: Place): ManagerError {
  const reason = `HTTP ${status}${said === "" ? "" : `: ${said}`}`;
  const what = `the API server did not annotate the Pod ${pod} in ${namespace}`;
  switch (status) {
    case 401:
      return new ManagerError("refused", `${what}: it does not accept the token of this ServiceAccount`, {
        hint: "the token is that of the Pod: look at its ServiceAccount",
      });
    case 403:
      return new ManagerError("refused", `${what}: ${reason}`, {
        hint: "bind a Role with verbs [patch] on resources [pods] to the ServiceAccount of this Pod, as the component nudge does",
      });
    case 404:
      return new ManagerError("rejected", `${what}: there is none`, {
        hint: "the sidecar's host name is taken for its Pod's name, which it is not with hostNetwork or another hostname",
      });
    default:
      return new ManagerError("rejected", `${what}: ${reason}`);
  }
}

/** What the API server says about its answer; an empty text if it says nothing that can be read. */
async function readMessage(response: IncomingMessage): Promise<string> {
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BYTES) return "";
      chunks.push(chunk);
    }
    const json = JSON.parse(Buffer.concat(chunks).toString()) as Json;
    return isJsonObject(json) && typeof json.message === "string" ? json.message : "";
  } catch {
    return "";
  }
}
