import ipaddr from "ipaddr.js";

/** Networks that are not the open one, as `ipaddr.js` calls them. */
const PRIVATE_RANGES = new Set([
  "loopback",
  "private",
  "linkLocal",
  "carrierGradeNat",
  "uniqueLocal",
  "deprecatedSiteLocal",
]);

/**
 * Whether a token that is sent to this address can be read on its way. As OpenClaw's own client has it (2026.9.1):
 * encrypted is fine, and so are loopback, private addresses, `.local` and `.ts.net`. With `isPrivateNetwork`, which is
 * `OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1`, so is each name; a public address never is.
 */
export function isExposed(url: string, isPrivateNetwork: boolean): boolean {
  const { protocol, hostname } = new URL(url);
  if (protocol === "wss:") return false;
  const host = hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.+$/, "");
  if (ipaddr.isValid(host)) return !PRIVATE_RANGES.has(ipaddr.process(host).range());
  return !(host === "localhost" || host.endsWith(".local") || host.endsWith(".ts.net") || isPrivateNetwork);
}
