import { type Server, type Socket, createServer } from "node:net";
import { ManagerError, describeError, systemCode } from "../errors.ts";
import { createClients } from "./clients.ts";
import { parseHead } from "./request.ts";

const TEXT = "text/plain; charset=utf-8";

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  401: "Unauthorized",
  404: "Not Found",
  405: "Method Not Allowed",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** The answer to one request. */
export interface Page {
  status: number;
  type: string;
  body: string;
  /** Further headers, each with its end of line. */
  headers?: string;
}

/** The part of a request that a page may depend on. */
export interface Asked {
  bearer: string | undefined;
}

/** The pages by path. Each renders the current state. */
export type Pages = Readonly<Record<string, (asked: Asked) => Page | Promise<Page>>>;

export interface HttpServer {
  /** The port in use, also if port 0 was asked for. */
  readonly port: number;
  /** Closes the port and every connection at once. */
  close(): void;
}

/**
 * Serves GET and HEAD of these pages, over IPv6 and IPv4: one request per connection. It is no server of Node's `http`,
 * which does not tell of a client before it has asked something, and so cannot drop one that never does.
 *
 * @throws {ManagerError} `port` if the port cannot be opened.
 */
export async function openHttpServer(port: number, pages: Pages): Promise<HttpServer> {
  const clients = createClients();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    clients.add(socket);
    receive(socket, async (request) => {
      clients.hasAsked(socket);
      const answer = await findAnswer(request, pages);
      if (!socket.destroyed) socket.end(format(answer));
    });
  });
  try {
    await listen(server, port);
  } catch (error) {
    throw listenError(port, error);
  }
  server.on("error", () => undefined); // costs one connection only
  const address = server.address();
  return {
    port: address && typeof address === "object" ? address.port : port,
    close() {
      server.close();
      clients.close();
    },
  };
}

type Request = Exclude<ReturnType<typeof parseHead>, { kind: "incomplete" }>;

/** Reads the head of the first request. What a client sends after that is dropped. */
function receive(socket: Socket, onRequest: (request: Request) => Promise<void>): void {
  let head = "";
  let hasAsked = false;
  socket.on("error", () => socket.destroy());
  socket.on("end", () => {
    if (!hasAsked) socket.destroy();
  });
  socket.on("data", (bytes) => {
    if (hasAsked) return;
    head += bytes.toString("latin1");
    const request = parseHead(head);
    if (request.kind === "incomplete") return;
    hasAsked = true;
    head = "";
    void onRequest(request);
  });
}

async function listen(server: Server, port: number): Promise<void> {
  try {
    await listenOn(server, port, "::"); // IPv6 and IPv4, unless the kernel is configured otherwise
  } catch (error) {
    if (!["EAFNOSUPPORT", "EADDRNOTAVAIL"].includes(systemCode(error) ?? "")) throw error;
    await listenOn(server, port, "0.0.0.0"); // a kernel without IPv6
  }
}

function listenOn(server: Server, port: number, host: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ port, host, ipv6Only: false }, () => {
    server.off("error", reject);
    resolve();
  });
  return promise;
}

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "something else in this Pod listens there: choose another one with --http-port",
  EACCES: "a port below 1024 takes privileges: choose one above with --http-port",
};

function listenError(port: number, error: unknown): ManagerError {
  const code = systemCode(error);
  return new ManagerError("port", `cannot listen on port ${port}: ${code ?? describeError(error)}`, {
    hint: HINTS[code ?? ""] ?? "choose another one with --http-port, or leave it off",
    cause: error,
  });
}

interface Answer extends Page {
  /** Whether the body is left out. */
  isHead?: boolean;
}

async function findAnswer(request: Request, pages: Pages): Promise<Answer> {
  if (request.kind === "refused") return { status: request.status, type: TEXT, body: "no request that is answered\n" };
  const { method, path, bearer } = request;
  const show = Object.hasOwn(pages, path) ? pages[path] : undefined;
  const isHead = method === "HEAD";
  if (!show)
    return { status: 404, type: TEXT, body: `not found; there are ${Object.keys(pages).join(", ")}\n`, isHead };
  if (method !== "GET" && !isHead) {
    return { status: 405, type: TEXT, body: "GET and HEAD only\n", headers: "allow: GET, HEAD\r\n" };
  }
  try {
    return { ...(await show({ bearer })), isHead };
  } catch {
    return { status: 500, type: TEXT, body: "this page cannot be shown\n", isHead }; // a bug here must not stop the loops
  }
}

function format({ status, type, body, isHead = false, headers = "" }: Answer): Buffer {
  const bytes = Buffer.from(body);
  const head = [
    `HTTP/1.1 ${status} ${REASONS[status] ?? ""}`,
    `content-type: ${type}`,
    `content-length: ${bytes.length}`,
    "cache-control: no-store",
    "connection: close",
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n${headers}\r\n`), isHead ? Buffer.alloc(0) : bytes]);
}
