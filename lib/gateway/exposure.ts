import ipaddr from "ipaddr.js";

/** Ranges that are not public, by the names of `ipaddr.js`. */
const PRIVATE_RANGES = new Set([
  "loopback",
  "private",
  "linkLocal",
  "carrierGradeNat",
  "uniqueLocal",
  "deprecatedSiteLocal",
]);

/**
 * Whether a token sent to this address crosses a public network in plaintext. The rules are those of OpenClaw's own
 * client (2026.9.1): encrypted connections, loopback, private addresses, `.local` and `.ts.net` are safe. With
 * `isPrivateNetwork` (`OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1`), so are all other names, but never a public address.
 */
export function isExposed(url: string, isPrivateNetwork: boolean): boolean {
  const { protocol, hostname } = new URL(url);
  if (protocol === "wss:") return false;
  const host = hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.+$/, "");
  if (ipaddr.isValid(host)) return !PRIVATE_RANGES.has(ipaddr.process(host).range());
  return !(host === "localhost" || host.endsWith(".local") || host.endsWith(".ts.net") || isPrivateNetwork);
}

/** Whether a host of a URL is this machine, or in Kubernetes this Pod. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return host === "localhost" || (ipaddr.isValid(host) && ipaddr.process(host).range() === "loopback");
}
