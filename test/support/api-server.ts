// The Kubernetes API server, as far as `wait --nudge` asks it: HTTPS with a certificate of its own, and one call.

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { LOCAL } from "./certificates.ts";
import type { Volume } from "./volume.ts";

/** A request with its body. */
export interface ApiRequest extends Pick<IncomingMessage, "method" | "url" | "headers"> {
  body: string;
}

export interface ApiServer extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly ApiRequest[];
}

/** Serves on 127.0.0.1; `answer` ends each response, or never. */
export async function serveApi(
  answer: (request: ApiRequest, response: ServerResponse) => void,
  certificate = LOCAL,
  port = 0,
): Promise<ApiServer> {
  const requests: ApiRequest[] = [];
  const server = createServer(certificate, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method, url, headers } = request;
      const read = { method, url, headers, body: Buffer.concat(chunks).toString() };
      requests.push(read);
      answer(read, response);
    });
  });
  await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Publishes what the kubelet mounts of a ServiceAccount. */
export function publishAccount(
  volume: Volume,
  { token = "t0ken", namespace = "openclaw", authority = LOCAL.cert } = {},
): Promise<void> {
  return volume.publish({ token, namespace, "ca.crt": authority });
}
