import { setTimeout as delay } from "node:timers/promises";
import type { ConfigGateway } from "./config-calls.ts";
import type { Gateway } from "./connection.ts";
import { ManagerError, describeError, toResult } from "../errors.ts";
import { type SessionOptions, createSessionKeeper } from "./session.ts";
import type { CronStore } from "./store.ts";

export interface TransportOptions extends Omit<SessionOptions, "onEvent"> {
  /** How to reach the jobs. `auto`: over the gateway, and over the CLI when the gateway refuses us. */
  kind: "auto" | "gateway" | "cli";
  /**
   * As {@link SessionOptions.onEvent}, with `login` at each connection, and `connect` unless
   * {@link Transport.openConfig} waits for it.
   */
  onEvent: (reason: Parameters<SessionOptions["onEvent"]>[0] | "login") => void;
  /** Stops calls of the CLI. */
  signal: AbortSignal;
  /** How much memory this container may use, in bytes; undefined without a limit. */
  memoryLimit: () => Promise<number | undefined>;
}

/**
 * The memory limit below which `auto` does not try the CLI, in bytes. See docs/openclaw-facts.md for what one call
 * takes. Where it is killed, version 2 of control groups may take the whole container.
 */
const CLI_MEMORY_BYTES = 512 * 1024 ** 2;

export interface Transport {
  /**
   * Opens the store of the live jobs. Keeps a connection that is up, else tries once to connect.
   *
   * @throws {ManagerError} `unreachable` or `refused`: try again later; `file` when the device key cannot be used.
   */
  open(): Promise<CronStore>;
  /**
   * Opens the gateway's view of the config. Undefined when no gateway accepts us within `limitMs` milliseconds, and
   * with `kind: "cli"`: one call of the CLI takes seconds, and a bad config must be rolled back long before that.
   */
  openConfig(limitMs: number): Promise<ConfigGateway | undefined>;
  /**
   * Opens the gateway's calls, for a kind of setting that has no other way. Undefined when no gateway accepts us within
   * `limitMs` milliseconds, and with `kind: "cli"`.
   */
  openCalls(limitMs: number): Promise<Gateway | undefined>;
  /** Whether the openclaw CLI is the way to the jobs, so that there is no gateway's view of the config. */
  usesCli(): boolean;
  /** Whether a connection to the gateway is up. */
  isConnected(): boolean;
  /** Whether the gateway announced a restart less than 60 s ago and has not been connected to since. */
  isRestarting(): boolean;
  /** Whether the main process runs. It does when it refuses us, too; and nothing is known where the CLI does not run. */
  probe(): Promise<{ isUp: true; reason?: undefined } | { isUp: false; reason: string }>;
  close(): Promise<void>;
}

/** Chooses between one session with the gateway, which jobs and config share, and the `openclaw` CLI. */
export function createTransport(options: TransportOptions): Transport {
  const { kind, log, onEvent, signal, memoryLimit } = options;
  let configWaits = 0;
  let cliStore: Promise<CronStore> | undefined;
  const session = createSessionKeeper({
    ...options,
    onEvent(reason) {
      if (reason === "connect") onEvent("login");
      if (reason !== "connect" || configWaits === 0) onEvent(reason);
    },
  });

  async function openGateway(): Promise<CronStore> {
    return (await session.open()).cron;
  }

  /** Joined by callers that come at the same time: each process of the CLI takes some 400 MB. */
  function openCli(): Promise<CronStore> {
    cliStore ??= startCli().catch((error: unknown) => {
      cliStore = undefined;
      throw error;
    });
    return cliStore;
  }

  async function startCli(): Promise<CronStore> {
    const { openCliStore } = await import("./cli-store.ts");
    return openCliStore(signal, { mayExpose: kind === "cli" });
  }

  async function openEither(): Promise<CronStore> {
    try {
      return await openGateway();
    } catch (error) {
      // The CLI cannot reach a gateway that is not there either. One that refuses us may accept the CLI's device.
      if (!(error instanceof ManagerError) || error.code === "unreachable") throw error;
      const limitBytes = await memoryLimit();
      if (limitBytes !== undefined && limitBytes < CLI_MEMORY_BYTES) throw withoutCli(error, limitBytes);
      const isFirst = cliStore === undefined;
      const store = await openCli().catch(() => {
        throw error;
      });
      if (isFirst) log(`WARNING: Using the openclaw CLI: ${describeError(error)}`);
      return store;
    }
  }

  const open = { auto: openEither, gateway: openGateway, cli: openCli }[kind];
  return {
    open,
    async openConfig(limitMs) {
      if (kind === "cli") return undefined;
      if (!session.current) {
        configWaits += 1;
        // An error is not reported here: open() throws the same one.
        await Promise.race([toResult(session.open()), delay(limitMs)]).finally(() => {
          configWaits -= 1;
        });
      }
      return session.current?.config;
    },
    async openCalls(limitMs) {
      if (kind === "cli") return undefined;
      // As above: open() throws the same error.
      if (!session.current) await Promise.race([toResult(session.open()), delay(limitMs)]);
      return session.current?.gateway;
    },
    usesCli: () => kind === "cli" || cliStore !== undefined,
    isConnected: () => session.current !== undefined,
    isRestarting: () => session.isRestarting(),
    async probe() {
      try {
        if (kind === "cli")
          await (await openCli()).listJobs(); // opening it does not ask the gateway
        else await openGateway();
        return { isUp: true };
      } catch (error) {
        if (!(error instanceof ManagerError)) throw error;
        // Whatever else is wrong, a pass tells it better than a wait.
        const isDown = error.code === "unreachable" || error.code === "aborted";
        return isDown ? { isUp: false, reason: describeError(error) } : { isUp: true };
      }
    },
    close: () => session.close(),
  };
}

/** The gateway's refusal, which is all that there is to say in a container that is too small for the CLI. */
function withoutCli({ code, message, hint, retryAfterMs, cause }: ManagerError, limitBytes: number): ManagerError {
  const size = `${Math.floor(limitBytes / 1024 ** 2)} MiB`;
  return new ManagerError(code, `${message}; the openclaw CLI is not tried in a container of ${size}`, {
    ...(hint === undefined ? {} : { hint }),
    retryAfterMs,
    cause,
  });
}
