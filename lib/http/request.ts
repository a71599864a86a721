/** The longest head of a request, in bytes. A probe's has some hundred. */
const MAX_HEAD_BYTES = 8_192;

const MAX_HEADERS = 100;

/** What a client has sent so far. */
export type ParsedHead =
  | { kind: "incomplete" }
  /** No request that is answered; the status says why. */
  | { kind: "refused"; status: 400 | 431 }
  /** `path`: without the query, as it was sent. `bearer`: that of its only `Authorization`, one character per byte. */
  | { kind: "request"; method: string; path: string; bearer: string | undefined };

const REQUEST_LINE = /^([A-Z]{1,20}) (\/[^ ]*) HTTP\/1\.[01]$/;

/** Parses the head of an HTTP/1 request; what follows is not looked at. Pure. @param head one character per byte */
export function parseHead(head: string): ParsedHead {
  const end = head.indexOf("\r\n\r\n");
  if ((end === -1 ? head.length : end) > MAX_HEAD_BYTES) return { kind: "refused", status: 431 };
  if (end === -1) return { kind: "incomplete" };
  const [line = "", ...headers] = head.slice(0, end).split("\r\n");
  if (headers.length > MAX_HEADERS) return { kind: "refused", status: 431 };
  const [, method, target] = REQUEST_LINE.exec(line) ?? [];
  const areHeaders = headers.every((header) => /^[!-9;-~]+:/.test(header));
  const hasHost = line.endsWith("1.0") || headers.some((header) => /^host:/i.test(header));
  if (method === undefined || target === undefined || !areHeaders || !hasHost) return { kind: "refused", status: 400 };
  return { kind: "request", method, path: target.split("?", 1)[0] ?? "", bearer: findBearer(headers) };
}

/** By RFC 6750. Of two, nobody could say which one counts. */
function findBearer(headers: readonly string[]): string | undefined {
  const [value, another] = headers
    .filter((header) => /^authorization:/i.test(header))
    .map((header) => header.slice(14));
  if (value === undefined || another !== undefined) return undefined;
  const trimmed = value.trim();
  return /^bearer /i.test(trimmed) ? trimmed.slice(7).trim() : undefined;
}
