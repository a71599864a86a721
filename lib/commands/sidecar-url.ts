import { ManagerError } from "../errors.ts";
import { isExposed } from "../gateway/exposure.ts";
import type { Settings } from "../settings.ts";

/**
 * Reads the address of a sidecar's HTTP port.
 *
 * @throws {ManagerError} `usage` if it is no such address, or the token would cross a public network in plaintext
 */
export function readSidecarUrl(value: string | undefined, { httpPort }: Pick<Settings, "httpPort">): URL {
  const text = value ?? (httpPort === undefined ? undefined : `http://127.0.0.1:${httpPort}`);
  const refuse = (problem: string) =>
    new ManagerError("usage", `--url: ${problem}`, { hint: "config-manager help wait" });
  if (text === undefined) throw refuse("expected the address of a sidecar, such as http://SERVICE:9090");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  const isClean = url?.username === "" && url.password === "" && url.search === "" && url.hash === ""; // it is printed
  if (!url || !isHttp || !isClean) throw refuse("expected an address such as http://SERVICE:9090");
  // The name of a Service is not public.
  if (url.protocol === "http:" && isExposed(url.href, true)) {
    throw refuse("the token would go out in plaintext to a public address; expected https://");
  }
  return url;
}
