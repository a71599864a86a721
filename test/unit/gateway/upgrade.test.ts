import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { createUpgrade } from "../../../lib/gateway/upgrade.ts";

const create = () => createUpgrade(new URL("ws://[::1]:18789/path"));

const acceptOf = ({ request }: { request: string }) => {
  const [, key] = /Sec-WebSocket-Key: (.*)\r\n/.exec(request) ?? [];
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
};

const GOOD = {
  upgrade: "Upgrade: WebSocket",
  connection: "connection: keep-alive, Upgrade",
  accept: "Sec-WebSocket-Accept:ACCEPT",
};

/** The answer to a request, with a head of these lines. */
function answer(lines: readonly string[], { rest = "", status = "HTTP/1.1 101 Switching Protocols" } = {}) {
  const upgrade = create();
  const head = [status, ...lines].join("\r\n").replace("ACCEPT", acceptOf(upgrade));
  return { upgrade, bytes: Buffer.from(`${head}\r\n\r\n${rest}`, "latin1") };
}

const problemOf = (...args: Parameters<typeof answer>) => {
  const { upgrade, bytes } = answer(...args);
  const result = upgrade.read(bytes);
  return result.kind === "refused" ? result.problem : undefined;
};

describe("createUpgrade()", () => {
  test("asks for a WebSocket without extensions, with another key each time", () => {
    const { request } = create();
    expect(request.replace(/(?<=Key: )[\w+/]{22}==/, "KEY")).toBe(
      [
        "GET /path HTTP/1.1",
        "Host: [::1]:18789",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: KEY\r\n\r\n",
      ].join("\r\n"),
    );
    expect(create().request).not.toBe(request);
  });

  test("accepts an answer, in one piece or in single bytes, and has what follows", () => {
    const { upgrade, bytes } = answer(Object.values(GOOD), { rest: "\u0081\u0000" });
    expect(upgrade.read(bytes)).toEqual({ kind: "accepted", rest: Buffer.from([0x81, 0]) });
    const { upgrade: slow, bytes: single } = answer(Object.values(GOOD));
    const answers = Array.from(single, (byte) => slow.read(Buffer.from([byte])));
    expect(answers.pop()).toEqual({ kind: "accepted", rest: Buffer.alloc(0) });
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(["incomplete"]));
  });

  test.each<[string, string[]]>([
    ["Missing upgrade header", [GOOD.connection, GOOD.accept]],
    ["Missing upgrade header", ["Upgrade: h2c", GOOD.connection, GOOD.accept]],
    ["Missing connection header", [GOOD.upgrade, GOOD.accept]],
    ["Missing connection header", [GOOD.upgrade, "Connection: close", GOOD.accept]],
    ["Mismatch websocket accept header", [GOOD.upgrade, GOOD.connection]],
    ["Mismatch websocket accept header", [GOOD.upgrade, GOOD.connection, "Sec-WebSocket-Accept: x"]],
    ["Mismatch websocket accept header", [GOOD.upgrade, GOOD.connection, GOOD.accept, "Sec-WebSocket-Accept: x"]],
    ["Invalid response", [...Object.values(GOOD), "no header"]],
    [
      "it answers with an extension that nobody asked for",
      [...Object.values(GOOD), "Sec-WebSocket-Extensions: permessage-deflate"],
    ],
    ["it answers with a subprotocol that nobody asked for", [...Object.values(GOOD), "Sec-WebSocket-Protocol: chat"]],
  ])("refuses: %s (case %#)", (problem, lines) => {
    expect(problemOf(lines)).toBe(problem);
  });

  test.each(["200 OK", "404", "301 Moved Permanently", "100 Continue"])("names the status %s", (status) => {
    expect(problemOf(["content-type: text/html"], { status: `HTTP/1.1 ${status}` })).toBe(
      `it answers with HTTP ${status.slice(0, 3)}, and with no WebSocket`,
    );
  });

  test.each(["SSH-2.0-OpenSSH_9.2\r\n", "X", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "\u0000\u0000\u0012\u0004"])(
    "refuses what is no HTTP/1.1, as soon as it is seen: %j",
    (text) => {
      expect(create().read(Buffer.from(text, "latin1"))).toEqual({ kind: "refused", problem: "Invalid response" });
    },
  );

  test("refuses a head of more than 16 KiB", () => {
    const upgrade = create();
    expect(upgrade.read(Buffer.from("HTTP/1.1 101 x\r\n")).kind).toBe("incomplete");
    expect(upgrade.read(Buffer.alloc(10_000, "a")).kind).toBe("incomplete");
    const problem = "it answers with a head of more than 16384 bytes";
    expect(upgrade.read(Buffer.alloc(10_000_000, "a"))).toEqual({ kind: "refused", problem });
  });
});
