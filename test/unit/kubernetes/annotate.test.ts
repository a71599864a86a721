// A real HTTPS server in the API server's place.

import type { ServerResponse } from "node:http";
import { describe, expect, test } from "bun:test";
import { annotatePod } from "../../../lib/kubernetes/annotate.ts";
import { type ApiServer, serveApi } from "../../support/api-server.ts";
import { LOCAL, OTHER } from "../../support/certificates.ts";
import { refusalOf } from "../../support/fakes.ts";
import { serve } from "../../support/fake-servers.ts";
import { findFreePort } from "../../support/free-port.ts";

const TOKEN = "t0ken";
const POD = "openclaw-5d9-x2z";
const DONE = { kind: "Pod" };

const annotate = (port: number, { host = "127.0.0.1", authority = LOCAL.cert, limitMs = 60_000 } = {}) =>
  annotatePod({ host, port, authority, token: TOKEN, namespace: "openclaw" }, POD, { "a/b": "now" }, limitMs);

const send = (response: ServerResponse, status: number, body: unknown, headers = {}) => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
};

/** What comes of a call that is answered like this. */
async function failureOf(answer: (response: ServerResponse) => void, limitMs?: number) {
  await using api = await serveApi((_, response) => answer(response));
  const { code, message, hint } = await refusalOf(annotate(api.port, limitMs === undefined ? {} : { limitMs }));
  expect(`${message}${hint}`).not.toContain(TOKEN);
  return { code, message, hint, port: api.port };
}

const WHAT = `the API server did not annotate the Pod ${POD} in openclaw`;

describe("annotatePod()", () => {
  test("patches one Pod with a merge of annotations, and no more", async () => {
    await using api = await serveApi((_, response) => send(response, 200, DONE));
    await annotate(api.port);
    expect(api.requests).toEqual([
      {
        method: "PATCH",
        url: `/api/v1/namespaces/openclaw/pods/${POD}?fieldManager=config-manager`,
        headers: expect.objectContaining({
          host: `127.0.0.1:${api.port}`,
          authorization: `Bearer ${TOKEN}`,
          "content-type": "application/merge-patch+json",
        }),
        body: '{"metadata":{"annotations":{"a/b":"now"}}}',
      },
    ]);
  });

  test("reads none of what it does not need: a Pod without end", async () => {
    await using api = await serveApi((_, response) => {
      response.writeHead(200);
      flood(response);
    });
    await annotate(api.port);
    expect(api.requests).toHaveLength(1);
  });

  test("says who may not, as the API server does, and which right is missing", async () => {
    const message = 'pods "x" is forbidden: User "system:serviceaccount:openclaw:default" cannot patch';
    const failure = await failureOf((response) => send(response, 403, { kind: "Status", message }));
    expect(failure).toMatchObject({ code: "refused", message: `${WHAT}: HTTP 403: ${message}` });
    expect(failure.hint).toContain("a Role with verbs [patch] on resources [pods]");
  });

  test.each([
    [401, "refused", "it does not accept the token of this ServiceAccount"],
    [404, "rejected", "there is none"],
    [409, "rejected", "HTTP 409: said"],
    [500, "rejected", "HTTP 500: said"],
  ] as const)("tells HTTP %i", async (status, code, reason) => {
    const failure = await failureOf((response) => send(response, status, { message: "said" }));
    expect(failure).toMatchObject({ code, message: `${WHAT}: ${reason}` });
  });

  test.each([
    ["a page", "<html>"],
    ["a text that is not one", '{"message":5}'],
    ["a list", "[]"],
    ["deep nesting", "[".repeat(60_000)],
    ["what is larger than it may be", JSON.stringify({ message: "x".repeat(100_000) })],
  ])("says no more of an answer that is %s", async (_, body) => {
    expect((await failureOf((response) => send(response, 500, body))).message).toBe(`${WHAT}: HTTP 500`);
  });

  test("keeps a reason short, and the token out of it", async () => {
    const { message } = await failureOf((response) =>
      send(response, 500, { message: `${TOKEN} ${"x".repeat(9_000)}` }),
    );
    expect(message).toContain("HTTP 500: ***");
    expect(message.length).toBeLessThan(200 + 500);
  });

  test("follows no redirect: who is there must not get the token", async () => {
    await using other: ApiServer = await serveApi((_, response) => send(response, 200, DONE));
    const location = `https://127.0.0.1:${other.port}/`;
    const { message } = await failureOf((response) => send(response, 307, {}, { location }));
    expect(message).toBe(`${WHAT}: HTTP 307`);
    expect(other.requests).toEqual([]);
  });

  test.each([
    ["never answers", () => undefined],
    ["answers one byte after the other", (response: ServerResponse) => drip(response)],
  ])("ends with a server that %s", async (_, answer) => {
    const { code, message, port } = await failureOf(answer, 300);
    expect(code).toBe("unreachable");
    expect(message).toBe(`cannot reach the API server at 127.0.0.1:${port}: nothing within 1 s`);
  });

  test("ends with a server that accepts and says nothing, hangs up, or is not there", async () => {
    await using silent = await serve(() => undefined);
    await using gone = await serve((socket) => socket.destroy());
    for (const [port, limitMs] of [
      [Number(new URL(silent.url).port), 300],
      [Number(new URL(gone.url).port), 60_000],
      [await findFreePort(), 60_000],
    ] as const) {
      expect((await refusalOf(annotate(port, { limitMs }))).code).toBe("unreachable");
    }
  });

  test.each([
    ["another authority", { authority: OTHER.cert }, LOCAL],
    ["another host", { authority: OTHER.cert }, OTHER],
    ["no certificate at all", { authority: "no certificate" }, LOCAL],
  ])("gives nothing to a server of %s, whatever NODE_TLS_REJECT_UNAUTHORIZED says", async (_, account, certificate) => {
    await using api = await serveApi((_request, response) => send(response, 200, DONE), certificate);
    const former = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      expect((await refusalOf(annotate(api.port, account))).code).toBe("unreachable");
    } finally {
      if (former === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = former;
    }
    expect(api.requests).toEqual([]);
  });
});

function flood(response: ServerResponse): void {
  const more = () => {
    if (!response.destroyed) response.write("x".repeat(65_536), () => setImmediate(more));
  };
  more();
}

function drip(response: ServerResponse): void {
  response.writeHead(500);
  const timer = setInterval(() => response.write("x"), 20);
  response.once("close", () => clearInterval(timer));
}
