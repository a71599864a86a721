import { describe, expect, test } from "bun:test";
import { parseHead } from "../../../lib/http/request.ts";

const HOST = "\r\nHost: a";

describe("parseHead()", () => {
  test.each([
    [`GET /healthz HTTP/1.1${HOST}\r\n\r\n`, "GET", "/healthz"],
    ["GET /healthz HTTP/1.0\r\n\r\n", "GET", "/healthz"],
    [`HEAD /metrics?a=1&b=? HTTP/1.1${HOST}\r\nAccept: */*\r\n\r\nrest`, "HEAD", "/metrics"],
    [`DELETE /é HTTP/1.1\r\nhost:\r\n\r\n`, "DELETE", "/é"],
  ])("reads %j", (head, method, path) => {
    expect(parseHead(head)).toEqual({ kind: "request", method, path, bearer: undefined });
  });

  test.each(["", "G", `GET /healthz HTTP/1.1${HOST}`, `GET /healthz HTTP/1.1${HOST}\r\n`])(
    "waits for the rest of %j",
    (head) => {
      expect(parseHead(head)).toEqual({ kind: "incomplete" });
    },
  );

  test.each([
    "\r\n\r\n",
    "\u0016\u0003\u0001 hello\r\n\r\n",
    "GET /healthz HTTP/1.1\r\n\r\n",
    `GET /healthz HTTP/2.0${HOST}\r\n\r\n`,
    `GET  /healthz HTTP/1.1${HOST}\r\n\r\n`,
    `GET http://a/healthz HTTP/1.1${HOST}\r\n\r\n`,
    `GET /healthz HTTP/1.1${HOST}\r\nno header\r\n\r\n`,
    `GET /healthz HTTP/1.1${HOST}\r\n folded: 1\r\n\r\n`,
  ])("refuses %j", (head) => {
    expect(parseHead(head)).toEqual({ kind: "refused", status: 400 });
  });

  test.each([
    ["Authorization: Bearer s3cret", "s3cret"],
    ["authorization:bearer  a b~\xc3\xa9\t ", "a b~\xc3\xa9"],
    ["Authorization: Bearer ", undefined],
    ["Authorization: Bearers3cret", undefined],
    ["Authorization: Basic s3cret", undefined],
    ["X-Authorization: Bearer s3cret", undefined],
    ["Authorization: Bearer a\r\nAuthorization: Bearer a", undefined],
  ])("reads the token of %j", (header, bearer) => {
    expect(parseHead(`GET /status HTTP/1.1${HOST}\r\n${header}\r\n\r\n`)).toMatchObject({ path: "/status", bearer });
  });

  test("limits the bytes and the number of headers", () => {
    const refused = { kind: "refused", status: 431 } as const;
    expect(parseHead("x".repeat(8_193))).toEqual(refused);
    expect(parseHead(`GET / HTTP/1.1${HOST}\r\nA: ${"x".repeat(9_000)}\r\n\r\n`)).toEqual(refused);
    expect(parseHead(`GET / HTTP/1.1${HOST}${"\r\nA: 1".repeat(100)}\r\n\r\n`)).toEqual(refused);
    expect(parseHead(`GET / HTTP/1.1${HOST}${"\r\nA: 1".repeat(99)}\r\n\r\n`)).toMatchObject({ kind: "request" });
  });
});
