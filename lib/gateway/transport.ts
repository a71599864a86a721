import { isDeepStrictEqual } from "node:util";
import { setTimeout as delay } from "node:timers/promises";
import { login } from "./login.ts";
import { type ConfigGateway, createConfigGateway } from "./config-calls.ts";
import { type CredentialSources, type Credentials, findCredentials } from "./credentials.ts";
import { ManagerError, describeError } from "../errors.ts";
import type { Gateway } from "./connection.ts";
import { createGatewayStore } from "./rpc-store.ts";
import type { Log } from "../log.ts";
import type { CronStore } from "./store.ts";

/** How long a gateway is left alone with credentials that it refused, in milliseconds: it counts failed logins. */
const REFUSAL_PAUSE_MS = 60_000;

/** How long a gateway that restarts is believed to come back, in milliseconds: 2026.9.6 takes some 10 s. */
const RESTART_GRACE_MS = 60_000;

/** Which way to take: `auto` is the gateway, and the CLI where the gateway does not let us in. */
type TransportKind = "auto" | "gateway" | "cli";

export interface TransportOptions {
  kind: TransportKind;
  url: string;
  credentials: CredentialSources;
  /** Where the device key is, or is to be, for a gateway that wants one. */
  devicePath: string;
  log: Log;
  /** The live jobs may have changed, or the connection has ended: time to look. */
  onChange: (reason: "cron-event" | "disconnect") => void;
  /** A gateway that can be asked is there, and nobody was waiting in {@link Transport.openConfig} for it. */
  onConnect: () => void;
  signal: AbortSignal;
  nowMs?: () => number;
}

export interface Transport {
  /**
   * The way to the live jobs. Keeps a gateway connection that is up; makes one try where it is not.
   *
   * @throws {ManagerError} `unreachable` or `refused`, to be tried again later.
   */
  open(): Promise<CronStore>;
  /**
   * The way to the config as the gateway has it; undefined where none lets us in within `limitMs`, or the CLI
   * is the way that was chosen: it takes seconds to ask it, and a bad config must be out again long before.
   */
  openConfig(limitMs: number): Promise<ConfigGateway | undefined>;
  /** Whether a connection to the gateway is up. */
  isConnected(): boolean;
  /** Whether the gateway has said that it will be back, and has still time to keep its word. */
  isRestarting(): boolean;
  /** Whether the main process runs. One that refuses us does. */
  probe(): Promise<{ isUp: true; reason?: undefined } | { isUp: false; reason: string }>;
  close(): Promise<void>;
}

/** Actions of the gateway's `cron` event after which the list is another; `started` and `finished` are none. */
const LIST_CHANGES = new Set(["added", "updated", "removed"]);

export function createTransport(options: TransportOptions): Transport {
  const { kind, url, log, onChange, onConnect, signal, nowMs = Date.now } = options;
  let connection: { gateway: Gateway; cron: CronStore; config: ConfigGateway } | undefined;
  let opening: Promise<CronStore> | undefined;
  let configWaits = 0;
  let restartUntilMs = Number.NEGATIVE_INFINITY;
  let cliStore: CronStore | undefined;
  let refusal: { error: ManagerError; credentials: Credentials; untilMs: number } | undefined;

  /** The config and the cron jobs have loops of their own, and one connection between them. */
  function openGateway(): Promise<CronStore> {
    opening ??= connect().finally(() => {
      opening = undefined;
    });
    return opening;
  }

  async function connect(): Promise<CronStore> {
    if (connection?.gateway.isOpen) return connection.cron;
    connection = undefined;
    const { credentials } = await findCredentials(options.credentials);
    const isSame = isDeepStrictEqual(refusal?.credentials, credentials);
    if (refusal && isSame && nowMs() < refusal.untilMs) throw refusal.error;
    try {
      const session = await login({
        url,
        credentials,
        readDevice: async () => (await import("./device.ts")).readDevice(options.devicePath),
        onEvent(event, payload) {
          if (event === "cron" && LIST_CHANGES.has(readAction(payload))) onChange("cron-event");
        },
        onClose(isRestart) {
          if (isRestart) restartUntilMs = nowMs() + RESTART_GRACE_MS;
          onChange("disconnect");
        },
      });
      const { gateway } = session;
      connection = { gateway, cron: createGatewayStore(session, nowMs), config: createConfigGateway(gateway) };
      refusal = undefined;
      restartUntilMs = Number.NEGATIVE_INFINITY;
      log(`Connected to gateway: ${url} (OpenClaw ${gateway.version}, protocol ${gateway.protocol})`);
      if (configWaits === 0) onConnect();
      return connection.cron;
    } catch (error) {
      if (error instanceof ManagerError && error.code === "refused") {
        refusal = { error, credentials, untilMs: nowMs() + Math.max(REFUSAL_PAUSE_MS, error.retryAfterMs ?? 0) };
      }
      throw error;
    }
  }

  async function openCli(): Promise<CronStore> {
    cliStore ??= await (await import("./cli-store.ts")).openCliStore(signal);
    return cliStore;
  }

  async function openEither(): Promise<CronStore> {
    try {
      return await openGateway();
    } catch (error) {
      // A gateway that is not there is not there for the CLI either. One that refuses us may know the CLI's device.
      if (!(error instanceof ManagerError) || error.code === "unreachable") throw error;
      const isFirst = cliStore === undefined;
      const store = await openCli().catch(() => {
        throw error;
      });
      if (isFirst) log(`WARNING: Using the openclaw CLI: ${describeError(error)}`);
      return store;
    }
  }

  const openers = { auto: openEither, gateway: openGateway, cli: openCli } as const;
  const open = openers[kind];
  return {
    open,
    async openConfig(limitMs) {
      if (kind === "cli") return undefined;
      if (connection?.gateway.isOpen) return connection.config;
      const opened = openGateway().catch((error: unknown) => {
        if (!(error instanceof ManagerError)) throw error; // who wants the jobs says what is wrong
      });
      configWaits += 1;
      await Promise.race([opened, delay(limitMs)]).finally(() => {
        configWaits -= 1;
      });
      return connection?.gateway.isOpen ? connection.config : undefined;
    },
    isConnected: () => connection?.gateway.isOpen ?? false,
    isRestarting: () => nowMs() < restartUntilMs,
    async probe() {
      try {
        const store = await open();
        if (store.transport === "cli") await store.listJobs(); // opened without asking the gateway
        return { isUp: true };
      } catch (error) {
        if (!(error instanceof ManagerError)) throw error;
        return error.code === "refused" ? { isUp: true } : { isUp: false, reason: describeError(error) };
      }
    },
    async close() {
      await connection?.gateway.close();
    },
  };
}

function readAction(payload: unknown): string {
  const action = payload && typeof payload === "object" && "action" in payload ? payload.action : undefined;
  return typeof action === "string" ? action : "";
}
