import { isIP } from "node:net";
import { type TLSSocket, connect, getCACertificates } from "node:tls";

/**
 * Opens a connection over TLS, whatever `NODE_TLS_REJECT_UNAUTHORIZED` says: to a peer with this certificate, in DER; or
 * else to one whose certificate is for this host and issued by an authority that the runtime or the system trusts. A
 * file of its own: `node:tls` costs memory.
 */
export function connectTls(host: string, port: number, certificate?: Buffer): TLSSocket {
  const socket = connect({
    host,
    port,
    ...(isIP(host) === 0 && { servername: host }),
    ALPNProtocols: ["http/1.1"],
    ca: [...new Set([...getCACertificates("default"), ...getCACertificates("system")])],
    rejectUnauthorized: certificate === undefined,
  });
  if (certificate) {
    // The first listener, so that nothing has been sent yet.
    socket.once("secureConnect", () => {
      const { raw } = socket.getPeerCertificate() as { raw?: Buffer };
      if (!raw || !certificate.equals(raw)) {
        socket.destroy(new Error("the certificate is not the one that gateway.tls of the live config names"));
      }
    });
  }
  return socket;
}
