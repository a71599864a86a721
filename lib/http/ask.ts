import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import * as v from "valibot";
import { describeError, systemCode } from "../errors.ts";
import { type Json, isJsonObject } from "../json.ts";
import { boundText } from "../text/bounded.ts";
import { findExcess } from "../text/limits.ts";
import { POD_HEADER, isPodName } from "./pod-name.ts";

/** The longest answer, in bytes: far more than a sidecar sends. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Nested deeply, so many bytes would take hundreds of MB to parse. */
const LIMITS = { bytes: MAX_BYTES, values: 10_000 };

/** The most problems and paths of a kind that are kept. */
const MAX_LINES = 101;

/** The longest reason, in characters. */
const MAX_REASON = 300;

const Lines = v.pipe(
  v.array(v.string()),
  v.transform((lines) => lines.slice(0, MAX_LINES)),
);

const ToldSchema = v.object({
  checksum: v.nullable(v.string()),
  state: v.string(),
  problems: Lines,
  held: v.optional(v.object({ paths: Lines })),
});

/** What a sidecar says of one kind of setting: its {@link Standing}, in a state that may be newer than this program. */
export type Told = v.InferOutput<typeof ToldSchema>;

/** What has come of a question. A reason is short, and may quote the other side. */
export type Answer =
  | {
      kind: "told";
      standings: ReadonlyMap<string, Told>;
      /** The name of the sidecar's Pod, where it says it. */
      pod?: string;
    }
  /** Nobody answers, or not now. */
  | { kind: "away"; reason: string }
  /** The token is not the sidecar's. */
  | { kind: "refused" }
  /** What answers is no sidecar, or too old a one. */
  | { kind: "strange"; reason: string };

/** Codes of errors that say nothing about who answers: the Pod may be starting, or moving to another node. */
const AWAY = new Set([
  "ABORT_ERR",
  "ConnectionClosed",
  "ConnectionRefused",
  "EAI_AGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
]);

/**
 * Asks a sidecar for `GET /status`, once, at its own address: no proxy and no redirect gets the token.
 *
 * @param url of the sidecar, without `/status`
 * @param secret the gateway's token or password
 * @param limitMs how long the whole answer may take
 */
export async function askStatus(url: URL, secret: string, limitMs: number): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const request = (url.protocol === "https:" ? requestTls : requestPlain)(toStatusUrl(url), {
    agent: false,
    // One character per byte, as a header has it.
    headers: { authorization: `Bearer ${Buffer.from(secret).toString("latin1")}`, connection: "close" },
    rejectUnauthorized: true,
  });
  const timer = setTimeout(() => {
    resolve({ kind: "away", reason: `no whole answer within ${Math.ceil(limitMs / 1000)} s` });
  }, limitMs);
  request.on("error", (error) => resolve(toFailure(error)));
  request.on("response", (response) => void readAnswer(response).then(resolve));
  request.end();
  const answer = await promise;
  clearTimeout(timer);
  request.destroy();
  return answer;
}

export function toStatusUrl(url: URL): URL {
  return new URL(`${url.pathname.replace(/\/$/, "")}/status`, url);
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const { statusCode = 0 } = response;
  if (statusCode === 401) return { kind: "refused" };
  if (statusCode >= 500 && statusCode < 600) return { kind: "away", reason: `HTTP ${statusCode}` };
  if (statusCode >= 300 && statusCode < 400)
    return { kind: "strange", reason: `HTTP ${statusCode}; redirects are not followed` };
  if (statusCode !== 200) return { kind: "strange", reason: `HTTP ${statusCode}` };
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BYTES) return { kind: "strange", reason: `an answer of more than ${MAX_BYTES} bytes` };
      chunks.push(chunk);
    }
    if (!response.complete) return { kind: "away", reason: "the answer was cut off" };
    const answer = parseAnswer(Buffer.concat(chunks).toString());
    const pod = response.headers[POD_HEADER];
    return answer.kind === "told" && typeof pod === "string" && isPodName(pod) ? { ...answer, pod } : answer;
  } catch (error) {
    return toFailure(error);
  }
}

function parseAnswer(text: string): Answer {
  const strange = { kind: "strange", reason: "an answer that is no status" } as const;
  if (findExcess(text, LIMITS) !== undefined) return strange;
  try {
    const json = JSON.parse(text) as Json;
    const parsed = v.safeParse(v.record(v.string(), ToldSchema), json);
    return isJsonObject(json) && parsed.success
      ? { kind: "told", standings: new Map(Object.entries(parsed.output)) }
      : strange;
  } catch {
    return strange; // no JSON
  }
}

function toFailure(error: unknown): Answer {
  const code = systemCode(error);
  const reason = boundText(code ?? describeError(error), MAX_REASON);
  return { kind: code !== undefined && AWAY.has(code) ? "away" : "strange", reason };
}
