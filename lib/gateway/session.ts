import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import { type AddressSources, type GatewayAddress, findAddress } from "./address.ts";
import type { Clock } from "../clock.ts";
import { type ConfigGateway, type GatewayStart, createConfigGateway } from "./config-calls.ts";
import { type CredentialSources, type Credentials, findCredentials } from "./credentials.ts";
import { ManagerError, toResult } from "../errors.ts";
import type { Log } from "../log.ts";
import { type Session, login } from "./login.ts";
import { createGatewayStore } from "./rpc-store.ts";
import type { CronStore } from "./store.ts";

/** How long to leave a gateway alone that refused our credentials, in milliseconds: it counts failed logins. */
const REFUSAL_PAUSE_MS = 60_000;

/** How long a gateway that announced a restart may take to be back, in milliseconds; 2026.9.6 takes some 10 s. */
const RESTART_GRACE_MS = 60_000;

/**
 * How long a start may take, in milliseconds: a gateway that we connect to later was ready before. The start before may
 * have failed: 2026.8.2 migrates its config and ends.
 */
const START_LIMIT_MS = 120_000;

/** How many connections to log within {@link CONNECTIONS_MS}: a peer that comes and goes must not fill the log. */
const LOGGED_CONNECTIONS = 10;

const CONNECTIONS_MS = 600_000;

/** The credentials of one login, in the order in which they are tried. */
type Tried = readonly [Credentials, Credentials?];

/** A `cron` event after which the list of jobs is different; `started` and `finished` do not change it. */
const ListChangeSchema = v.object({ action: v.picklist(["added", "updated", "removed"]) });

export interface SessionOptions {
  address: AddressSources;
  credentials: CredentialSources;
  /** Where the device key is, for a gateway that requires one. */
  devicePath: string;
  /** Whether a device key is created where there is none. */
  mayCreate: boolean;
  log: Log;
  /**
   * `connect`: a session was opened and answers calls. `cron-event`: somebody added, updated or removed a job.
   * `disconnect`: the connection ended, and not by {@link SessionKeeper.close}.
   */
  onEvent: (reason: "connect" | "cron-event" | "disconnect") => void;
  clock: Pick<Clock, "nowMs" | "uptimeMs">;
}

/** A session with the two views of the gateway that share its connection. */
interface OpenSession extends Session {
  readonly cron: CronStore;
  readonly config: ConfigGateway;
}

/** Keeps one session with the gateway. It reconnects only on {@link SessionKeeper.open}. */
export interface SessionKeeper {
  /** The session whose connection is up; undefined without one. */
  readonly current: OpenSession | undefined;
  /**
   * Returns the current session, or joins the login in progress, or logs in once with credentials read anew.
   *
   * @throws {ManagerError} `unreachable`, or `refused`: then again, without asking the gateway, for 60 s or for as long
   * as the gateway asked for, unless the credentials change. `file` when the device key cannot be used.
   */
  open(): Promise<OpenSession>;
  /** Whether the gateway announced a restart less than 60 s ago and no session was opened since. */
  isRestarting(): boolean;
  close(): Promise<void>;
}

export function createSessionKeeper(options: SessionOptions): SessionKeeper {
  const { log, onEvent } = options;
  const { nowMs, uptimeMs } = options.clock;
  let latest: OpenSession | undefined;
  let opening: Promise<OpenSession> | undefined;
  let refusal: { error: ManagerError; tried: Tried; untilMs: number } | undefined;
  /** When connections were logged. */
  let loggedMs: number[] = [];
  let restartUntilMs = Number.NEGATIVE_INFINITY;
  /** When the last connection ended, by the wall clock: a gateway that restarts in its process started after that. */
  let endedMs = Number.NEGATIVE_INFINITY;

  const findOpen = () => (latest?.gateway.isOpen ? latest : undefined);

  function toStart({ processStartedMs }: Session["gateway"]): GatewayStart | undefined {
    if (Number.isFinite(endedMs)) return { sinceMs: endedMs, readyMs: nowMs() };
    if (processStartedMs === undefined) return undefined;
    const readyMs = Math.min(nowMs(), processStartedMs + START_LIMIT_MS);
    return { sinceMs: processStartedMs - START_LIMIT_MS, readyMs };
  }

  async function openAnew(): Promise<OpenSession> {
    const { credentials, former } = await findCredentials(options.credentials);
    const tried: Tried = former ? [credentials, former] : [credentials];
    if (refusal && isDeepStrictEqual(refusal.tried, tried) && uptimeMs() < refusal.untilMs) throw refusal.error;
    const address = await findAddress(options.address);
    const session = await logInWithAny(address, tried);
    const { gateway } = session;
    latest = {
      ...session,
      cron: createGatewayStore(session, uptimeMs),
      config: createConfigGateway(gateway, toStart(gateway)),
    };
    refusal = undefined;
    restartUntilMs = Number.NEGATIVE_INFINITY;
    loggedMs = loggedMs.filter((atMs) => atMs > uptimeMs() - CONNECTIONS_MS);
    if (loggedMs.length < LOGGED_CONNECTIONS) {
      loggedMs.push(uptimeMs());
      log(`Connected to gateway: ${address.url} (OpenClaw ${gateway.version}, protocol ${gateway.protocol})`);
    }
    onEvent("connect");
    return latest;
  }

  /** A gateway that has not reloaded its secrets yet takes the former token only. */
  async function logInWithAny(address: GatewayAddress, tried: Tried): Promise<Session> {
    const [credentials, former] = tried;
    try {
      const session = await toResult(logIn(address, credentials));
      if (!(session instanceof ManagerError)) return session;
      if (session.code !== "refused" || !former) throw session;
      const other = await toResult(logIn(address, former));
      if (!(other instanceof ManagerError)) return other;
      throw other.code === "refused" ? session : other;
    } catch (error) {
      if (error instanceof ManagerError && error.code === "refused") {
        refusal = { error, tried, untilMs: uptimeMs() + Math.max(REFUSAL_PAUSE_MS, error.retryAfterMs ?? 0) };
      }
      throw error;
    }
  }

  async function logIn(address: GatewayAddress, credentials: Credentials): Promise<Session> {
    return login({
      ...address,
      credentials,
      readDevice: async () => (await import("./device.ts")).readDevice(options.devicePath, options),
      onEvent(event, payload) {
        if (event === "cron" && v.is(ListChangeSchema, payload)) onEvent("cron-event");
      },
      onClose(isRestart) {
        endedMs = nowMs();
        if (isRestart) restartUntilMs = uptimeMs() + RESTART_GRACE_MS;
        onEvent("disconnect");
      },
    });
  }

  return {
    get current() {
      return findOpen();
    },
    async open() {
      const current = findOpen();
      if (current) return current;
      opening ??= openAnew().finally(() => {
        opening = undefined;
      });
      return opening;
    },
    isRestarting: () => uptimeMs() < restartUntilMs,
    async close() {
      await latest?.gateway.close();
    },
  };
}
