// The program of cluster-api.ts: it runs in another network than the tests. A line on stdout for each change of the Pod.

import { serveApi } from "./api-server.ts";
import { LOCAL } from "./certificates.ts";

const { ACCOUNT_TOKEN, POD_PATH = "" } = process.env;
let annotations: Record<string, string> = {};

await serveApi(
  ({ method, url = "", headers, body }, response) => {
    const say = (code: number, message: string) =>
      response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify({ kind: "Status", message }));
    if (headers.authorization !== `Bearer ${ACCOUNT_TOKEN}`) return say(401, "Unauthorized");
    // The Role has one verb.
    if (method !== "PATCH") return say(403, `pods is forbidden: cannot ${method}`);
    if (headers["content-type"] !== "application/merge-patch+json") return say(415, "no merge patch");
    if (new URL(url, "https://api").pathname !== POD_PATH) return say(404, "pods not found");
    const { metadata } = JSON.parse(body) as { metadata: { annotations: Record<string, string> } };
    const merged = { ...annotations, ...metadata.annotations };
    // An equal object is no change, and wakes no kubelet.
    if (JSON.stringify(merged) !== JSON.stringify(annotations)) console.log("updated");
    annotations = merged;
    return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ kind: "Pod" }));
  },
  LOCAL,
  Number(process.argv[2]),
);
console.log("listening");
