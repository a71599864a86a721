import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { ManagerError, describeError, systemCode } from "../errors.ts";

/** How long a client may take to send its request, and to read the answer, in milliseconds. A probe takes a few. */
const CLIENT_LIMIT_MS = 5_000;

/** Far more than kubelet and Prometheus need, and few enough to bound the memory that stuck clients take. */
const MAX_CONNECTIONS = 64;

const MAX_HEADER_BYTES = 8_192;

const TEXT = "text/plain; charset=utf-8";

/** The answer to one request. */
export interface Page {
  status: number;
  type: string;
  body: string;
}

/** The pages by path. Each renders the current state. */
export type Pages = Readonly<Record<string, () => Page | Promise<Page>>>;

export interface HttpServer {
  /** The port in use, also if port 0 was asked for. */
  readonly port: number;
  /** Closes the port and every connection at once. */
  close(): void;
}

/**
 * Serves GET and HEAD of these pages, over IPv6 and IPv4.
 *
 * @throws {ManagerError} `port` if the port cannot be opened.
 */
export async function openHttpServer(port: number, pages: Pages): Promise<HttpServer> {
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: CLIENT_LIMIT_MS,
    requestTimeout: CLIENT_LIMIT_MS,
    keepAliveTimeout: CLIENT_LIMIT_MS,
    connectionsCheckingInterval: CLIENT_LIMIT_MS / 2,
  };
  const server = createServer(limits, (request, response) => void answer(request, response, pages));
  server.timeout = CLIENT_LIMIT_MS; // drops a client that does not read
  server.maxConnections = MAX_CONNECTIONS;
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
      server.closeAllConnections();
    },
  };
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

async function answer(request: IncomingMessage, response: ServerResponse, pages: Pages): Promise<void> {
  const { status, type, body, headers } = await findPage(request, pages);
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    "content-type": type,
    "content-length": bytes.length,
    "cache-control": "no-store",
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

async function findPage({ method, url }: IncomingMessage, pages: Pages): Promise<Page & { headers?: object }> {
  const path = url?.split("?", 1)[0] ?? "";
  const show = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (!show) return { status: 404, type: TEXT, body: `not found; there are ${Object.keys(pages).join(", ")}\n` };
  if (method !== "GET" && method !== "HEAD") {
    // Close the connection, so that the server does not wait for a body.
    const headers = { allow: "GET, HEAD", connection: "close" };
    return { status: 405, type: TEXT, body: "GET and HEAD only\n", headers };
  }
  try {
    return await show();
  } catch {
    return { status: 500, type: TEXT, body: "this page cannot be shown\n" }; // a bug here must not stop the loops
  }
}
