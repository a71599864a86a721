import { createHash } from "node:crypto";

/** The longest head of an answer, in bytes. A gateway's has some hundred. */
const MAX_HEAD_BYTES = 16_384;

/** What the server appends to our key before it hashes it, by RFC 6455. */
const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const UNASKED = [
  ["sec-websocket-extensions", "an extension"],
  ["sec-websocket-protocol", "a subprotocol"],
] as const;

const START = "HTTP/1.";
const END = "\r\n\r\n";

/** The answer so far. */
type Answer =
  | { kind: "incomplete" }
  /** It is no WebSocket, and why. */
  | { kind: "refused"; problem: string }
  /** `rest`: the first bytes after the head. */
  | { kind: "accepted"; rest: Uint8Array };

/** One HTTP/1.1 request for a WebSocket, and the answer to it. */
export interface Upgrade {
  readonly request: string;
  /** To be called with each chunk of the answer, until it is complete. */
  read(chunk: Uint8Array): Answer;
}

/** Asks for a WebSocket without extensions and subprotocols, and accepts none. */
export function createUpgrade(url: URL): Upgrade {
  const key = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64");
  const head = Buffer.alloc(MAX_HEAD_BYTES);
  let length = 0;
  return {
    request: [
      `GET ${url.pathname}${url.search} HTTP/1.1`,
      `Host: ${url.host}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${key}${END}`,
    ].join("\r\n"),
    read(chunk) {
      const from = Math.max(0, length - END.length + 1);
      const kept = chunk.subarray(0, MAX_HEAD_BYTES - length);
      head.set(kept, length);
      length += kept.length;
      if (!head.toString("latin1", 0, Math.min(length, START.length)).startsWith(START.slice(0, length))) {
        return { kind: "refused", problem: "Invalid response" }; // at once: what speaks no HTTP may never end a head
      }
      const end = head.subarray(0, length).indexOf(END, from);
      if (end === -1) {
        if (length < MAX_HEAD_BYTES) return { kind: "incomplete" };
        return { kind: "refused", problem: `it answers with a head of more than ${MAX_HEAD_BYTES} bytes` };
      }
      const problem = findProblem(head.toString("latin1", 0, end), key);
      if (problem !== undefined) return { kind: "refused", problem };
      const inChunk = end + END.length - (length - kept.length);
      return { kind: "accepted", rest: chunk.subarray(inChunk) };
    },
  };
}

function findProblem(head: string, key: string): string | undefined {
  const [line = "", ...fields] = head.split("\r\n");
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line) ?? [];
  if (status === undefined) return "Invalid response";
  if (status !== "101") return `it answers with HTTP ${status}, and with no WebSocket`;
  const headers = new Map<string, string>();
  for (const field of fields) {
    const colon = field.indexOf(":");
    const name = field.slice(0, colon).toLowerCase();
    if (colon < 1) return "Invalid response";
    const value = field.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  }
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") return "Missing upgrade header";
  const connection = headers.get("connection")?.toLowerCase().split(",") ?? [];
  if (!connection.some((token) => token.trim() === "upgrade")) return "Missing connection header";
  const accept = createHash("sha1").update(`${key}${MAGIC}`).digest("base64");
  if (headers.get("sec-websocket-accept") !== accept) return "Mismatch websocket accept header";
  const unasked = UNASKED.find(([name]) => headers.has(name));
  return unasked && `it answers with ${unasked[1]} that nobody asked for`;
}
