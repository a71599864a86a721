import { ManagerError } from "../errors.ts";
import { credentialSourcesOf, findCredentials } from "../gateway/credentials.ts";
import { askStatus } from "../http/ask.ts";
import { cutLine, escapeControls } from "../printable.ts";
import type { Invocation } from "./invocation.ts";
import { type Nudge, createNudge } from "./nudge.ts";
import { printNotice, printProgress } from "./print.ts";
import type { Runtime } from "./runtime.ts";
import { readSidecarUrl } from "./sidecar-url.ts";
import { wait } from "./wait.ts";

type WaitInvocation = Extract<Invocation, { command: "wait" }>;

/**
 * Runs {@link wait} with the mounts and the token of this container.
 *
 * @returns the exit code
 * @throws {ManagerError} `usage` if the address is none; else as {@link wait}
 */
export async function runWait(runtime: Runtime, invocation: WaitInvocation): Promise<number> {
  const { reconcilers, clock, settings, env } = runtime;
  const { timeoutSeconds, isNudging } = invocation;
  const url = readSidecarUrl(invocation.url, settings);
  const sources = credentialSourcesOf(settings, env);
  return wait(
    {
      reconcilers,
      clock,
      // Read anew each time: it may be rotated.
      ask: async (limitMs) => askStatus(url, toSecret((await findCredentials(sources)).credentials), limitMs),
      print: (line) => runtime.print(`${escapeControls(cutLine(line))}\n`),
      tell: printProgress,
      notice: printNotice,
      nudge: isNudging ? await openNudge(runtime) : undefined,
    },
    { url, timeoutSeconds },
  );
}

/** @throws {ManagerError} `refused` if there is none, or no header can hold it. */
function toSecret({ token, password }: { token?: string; password?: string }): string {
  const secret = (token ?? password ?? "").trim();
  const hint = "give this container OPENCLAW_GATEWAY_TOKEN, from the Secret that the gateway's container has it from";
  if (secret === "") {
    throw new ManagerError("refused", "there is no gateway token here, and a sidecar tells nobody without", { hint });
  }
  if (/\p{Cc}/u.test(secret)) throw new ManagerError("refused", "the gateway token has a control character in it");
  return secret;
}

/** Loaded on demand: nothing but this option calls the Kubernetes API. */
async function openNudge({ clock, env }: Runtime): Promise<Nudge> {
  const { readAccount } = await import("../kubernetes/account.ts");
  const { annotatePod } = await import("../kubernetes/annotate.ts");
  return createNudge({
    clock,
    annotate: async (pod, annotations, limitMs) => annotatePod(await readAccount(env), pod, annotations, limitMs),
    tell: printProgress,
    notice: printNotice,
  });
}
