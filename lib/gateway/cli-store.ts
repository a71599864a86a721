import { type SpawnOptions, spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { PROTOCOL_VERSION } from "@openclaw/gateway-protocol/version";
import * as v from "valibot";
import { ManagerError } from "../errors.ts";
import { featuresOf, learnFromRefusal } from "./features.ts";
import { JobPageSchema } from "./job.ts";
import { toAddArguments, toEditArguments } from "./cli-flags.ts";
import { CHANGED_MEANWHILE, type CronStore } from "./store.ts";

const FailureSchema = v.object({ error: v.object({ message: v.string() }) });

/** One call, in milliseconds. At the 100m CPU of the plan's sidecar, a list takes 20 to 40 s. */
const CALL_TIMEOUT_MS = 120_000;

/**
 * The live jobs through `openclaw cron …`, for a Pod in which the gateway does not take our token, but the
 * CLI's own paired device. Far slower than the gateway, and it knows no revision to check an update against.
 *
 * @throws {ManagerError} `unreachable` where there is no `openclaw` on PATH.
 */
export async function openCliStore(signal: AbortSignal): Promise<CronStore> {
  const version = await askVersion(signal);
  let features = featuresOf(version, PROTOCOL_VERSION);

  const write = async (args: readonly string[]) => {
    try {
      await runOpenclaw(["cron", ...args], signal);
    } catch (error) {
      const learned = error instanceof ManagerError ? learnFromRefusal(features, error.message) : undefined;
      if (!learned) throw error;
      features = learned;
      throw new ManagerError("conflict", "this openclaw CLI can do less than was thought", { cause: error });
    }
  };

  return {
    transport: "cli",
    version,
    protocol: undefined,
    get features() {
      return features;
    },
    async listJobs() {
      return parseList(await runOpenclaw(["cron", "list", "--all", "--json"], signal));
    },
    async addJob(spec, declarationKey) {
      await write(["add", ...toAddArguments(spec, declarationKey)]);
    },
    async redeclareJob(_id, spec, declarationKey) {
      await write(["add", ...toAddArguments(spec, declarationKey)]);
    },
    async updateJob(id, patch) {
      await forgivingGone(write(["edit", ...toEditArguments(id, patch)]), () => {
        throw new ManagerError("conflict", CHANGED_MEANWHILE);
      });
    },
    async removeJob(id) {
      await forgivingGone(write(["rm", id]), () => undefined);
    },
  };
}

/**
 * Runs `openclaw` with these arguments and returns what it printed. The arguments go to the process as they
 * are: zx's `$` does the running, but no shell is started, and none is needed on PATH.
 */
async function runOpenclaw(args: readonly string[], signal: AbortSignal): Promise<string> {
  const { $ } = await import("zx/core"); // some MB, for those who need a process; zx itself brings YAML, fetch and globs along
  const run = $({
    nothrow: true,
    quiet: true,
    stdio: ["ignore", "pipe", "pipe"],
    // Not zx's own timeout: it kills through `ps`, which slim images do not have.
    signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
    quote: (argument) => argument,
    prefix: "",
    postfix: "",
    spawn: ((_command: string, _args: readonly string[], options: SpawnOptions) =>
      spawn("openclaw", args, { ...options, shell: false })) as typeof spawn,
  });
  const { exitCode, stdout, stderr, cause } = await run`openclaw`;
  if (exitCode === 0) return stdout;
  // Only the words of the command go into a message; the rest are the job's.
  const label = ["openclaw", ...args.slice(0, 2).filter((word) => /^[a-z]/.test(word))].join(" ");
  if (signal.aborted) throw new ManagerError("aborted", `${label}: stopped`);
  if (isNotFound(cause)) throw new ManagerError("unreachable", "there is no openclaw command on PATH");
  if (exitCode === null) {
    throw new ManagerError("unreachable", `${label}: killed, out of memory or without an answer for 120 s`, {
      hint: "the CLI needs some 400 MB; over the gateway 64 MB are plenty",
    });
  }
  const reason = readReason(stdout, stderr) ?? `exit code ${exitCode}`;
  if (/pairing required|missing scope|requires credentials|unauthorized/i.test(reason)) {
    throw new ManagerError("refused", `${label}: ${reason}`, {
      hint: "approve this container's device: openclaw devices list, then openclaw devices approve ID",
    });
  }
  const isDown = /gateway closed|ECONNREFUSED/.test(reason);
  throw new ManagerError(isDown ? "unreachable" : "rejected", isDown ? `${label}: ${reason}` : reason);
}

function isNotFound(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}

/** From `OpenClaw 2026.9.6 (eb377ac)`, or `2026.2.9` alone; `dev` when it does not say. */
async function askVersion(signal: AbortSignal): Promise<string> {
  try {
    return /\d+\.\d+\.\d+\S*/.exec(await runOpenclaw(["--version"], signal))?.[0] ?? "dev";
  } catch (error) {
    if (error instanceof ManagerError && error.code === "rejected") return "dev";
    throw error;
  }
}

function parseList(output: string) {
  let page: v.InferOutput<typeof JobPageSchema>;
  try {
    page = v.parse(JobPageSchema, JSON.parse(output.slice(Math.max(0, output.indexOf("{")))));
  } catch (error) {
    throw new ManagerError("rejected", "openclaw cron list: the output makes no sense; nothing is changed", {
      cause: error,
    });
  }
  if (!page.hasMore && (page.total ?? page.jobs.length) === page.jobs.length) return page.jobs;
  const shown = `${page.jobs.length} of ${page.total ?? "more"} jobs`;
  throw new ManagerError("rejected", `openclaw cron list: printed ${shown}; half a list is not acted on`);
}

async function forgivingGone(run: Promise<unknown>, onGone: () => void): Promise<void> {
  try {
    await run;
  } catch (error) {
    const isGone = error instanceof ManagerError && /not found|unknown cron job id/i.test(error.message);
    if (!isGone) throw error;
    onGone();
  }
}

/**
 * 2026.9.6 prints `{"ok":false,"error":{"message":…}}`, 2026.6.11 a line `GatewayTransportError: …`, and 2026.2.9
 * `Error: …`, with more lines around it.
 */
function readReason(stdout: string, stderr: string): string | undefined {
  const failure = v.safeParse(v.pipe(v.string(), v.parseJson(), FailureSchema), stdout);
  if (failure.success) return failure.output.error.message.split("\n")[0];
  const lines = stripVTControlCharacters(stderr)
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const marked = lines.find((line) => /^\w*Error: /.test(line));
  // `unknown option '--webhook=https://…'` quotes the value, and that may be a secret.
  return (marked ?? lines.at(-1))?.replace(/^(\w*error: )+/i, "").replace(/(unknown option '--[\w-]+)=.*$/, "$1'");
}
