import { isIP } from "node:net";
import { type TLSSocket, connect, getCACertificates } from "node:tls";

/**
 * Opens a connection over TLS. The certificate has to be for this host, and issued by an authority that the runtime or
 * the system trusts, whatever `NODE_TLS_REJECT_UNAUTHORIZED` says. A file of its own: `node:tls` costs memory.
 */
export function connectTls(host: string, port: number): TLSSocket {
  return connect({
    host,
    port,
    ...(isIP(host) === 0 && { servername: host }),
    ALPNProtocols: ["http/1.1"],
    ca: [...new Set([...getCACertificates("default"), ...getCACertificates("system")])],
    rejectUnauthorized: true,
  });
}
