import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerWebSocket } from "bun";
import * as v from "valibot";
import { ConfigFile } from "../../lib/config/config-file.ts";
import { Generation } from "../../lib/config/generation.ts";
import type { IncludePlaces } from "../../lib/text/include-files.ts";
import type { Definition } from "../../lib/definition/definition.ts";
import { ManagerError } from "../../lib/errors.ts";
import { type Features, featuresOf } from "../../lib/gateway/features.ts";
import type { Clock } from "../../lib/clock.ts";
import { toJobSpec } from "../../lib/cron/job-spec.ts";
import { JobPageSchema, type JobSpec, type LiveJob } from "../../lib/gateway/job.ts";
import { type Json, type JsonObject, isJsonObject } from "../../lib/json.ts";
import { declarationKeyOf, markDescription } from "../../lib/cron/ownership.ts";
import type { Reconciler } from "../../lib/reconcile/reconciler.ts";
import type { Transport } from "../../lib/gateway/transport.ts";
import type { CronStore } from "../../lib/gateway/store.ts";

/** The features of the newest release. */
export const NEW: Features = featuresOf("2026.9.6", 4);

/** The features of the first supported release, 2026.2.9. */
export const OLD: Features = featuresOf("dev", 3);

export const OWNER = "config-manager";

/** Names that could break a shell, a log, a path or a careless comparison. */
export const ODD_NAMES = {
  quotes: `it's a "quoted" \`name\``,
  "a shell's text": "$(echo ran); echo ${HOME} & # | > /dev/null",
  newlines: "first line\nsecond line\r\nthird",
  "a backslash": "C:\\n\\t%s",
  emoji: "🦞 lobster 👩‍👩‍👧",
  "a leading dash": "--delete-after-run",
  "300 characters": "x".repeat(300),
  "a path": "../../etc/passwd",
  "another owner's key": "heartbeat:main",
  "a mark": "[managed-by=memory-core] job",
  "an object's own words": "__proto__",
  "right-to-left text": "גיבוי יומי",
} as const;

/** Returns a config file with this content. */
export function fileOf(content: string | Uint8Array): ConfigFile {
  return new ConfigFile(Buffer.from(content));
}

/** Where included files are looked for, unless a test has its own directory. */
const INCLUDE_PLACES: IncludePlaces = { directory: "/home/node/.openclaw", roots: [] };

/** Returns a config: a root with this content, and the files that it includes, by name. */
export function generationOf(
  content: string | Uint8Array,
  includes: Record<string, string | Uint8Array> = {},
  places: IncludePlaces = INCLUDE_PLACES,
): Generation {
  const files = Object.entries(includes).map(([name, text]) => [name, fileOf(text)] as const);
  return new Generation(fileOf(content), places, new Map(files));
}

/** Returns the text of each file of a config, the root as `openclaw.json`. */
export function textsOf(generation: Generation | undefined): Record<string, string> | undefined {
  if (!generation) return undefined;
  const files = [["openclaw.json", generation.root] as const, ...generation.includes];
  return Object.fromEntries(files.map(([name, { bytes }]) => [name, Buffer.from(bytes).toString()]));
}

/** Returns a reconciler with these fields; its other methods fail. */
export function createFakeReconciler(name: string, fields: Partial<Reconciler> = {}): Reconciler {
  const nobodyAsked = () => Promise.reject(new Error(`nobody should ask ${name}`));
  return {
    name,
    monitoring: `/etc/openclaw/${name}.d (${name})`,
    directories: [],
    events: [],
    needsGateway: false,
    gauges: [],
    prepare: nobodyAsked,
    reconcile: nobodyAsked,
    report: nobodyAsked,
    ...fields,
  };
}

/** A transport whose methods all fail. */
export function unreachableTransport(): Transport {
  const refuse = () => Promise.reject(new Error("nobody should ask for the gateway"));
  return {
    open: refuse,
    openConfig: refuse,
    openCalls: refuse,
    probe: refuse,
    usesCli: () => false,
    isConnected: () => false,
    isRestarting: () => false,
    close: async () => undefined,
  };
}

/** Creates a temporary directory. Disposal removes it. */
export interface Scratch extends AsyncDisposable {
  readonly path: string;
  in(...names: string[]): string;
}

export async function createScratch(): Promise<Scratch> {
  const path = await mkdtemp(join(tmpdir(), "config-manager-unit-"));
  return {
    path,
    in: (...names) => join(path, ...names),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

/** Runs this as a user other than root: root may read and write files of any mode. */
export async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(1000);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

/** Returns what this throws, at once or later. If it throws nothing, the test fails. */
export async function thrownBy(work: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    return error;
  }
  throw new Error("expected an error, but nothing was thrown");
}

/** Returns the {@link ManagerError} that this throws. On anything else, the test fails. */
export async function refusalOf(work: Promise<unknown> | (() => unknown)): Promise<ManagerError> {
  const error = await thrownBy(work);
  if (error instanceof ManagerError) return error;
  throw error;
}

/** A {@link Clock} without waiting: each pause ends at once and advances the time. */
export interface FakeClock extends Clock {
  /** Advances the time. */
  advance(ms: number): void;
  /** Sets the wall clock forth, or back, as a person or a time server may. */
  step(ms: number): void;
  /** The duration of each pause, in milliseconds. */
  readonly pauses: readonly number[];
}

export function createClock(startMs = 1_000_000): FakeClock {
  let now = startMs;
  let stepMs = 0;
  const pauses: number[] = [];
  return {
    pauses,
    nowMs: () => now + stepMs,
    uptimeMs: () => now,
    step(ms) {
      stepMs += ms;
    },
    advance(ms) {
      now += ms;
    },
    async pause(ms) {
      pauses.push(ms);
      const untilMs = now + ms;
      // Later than pending work: a gateway that answers at once is ahead of the pause.
      await new Promise((resolve) => setImmediate(resolve));
      now = Math.max(now, untilMs);
    },
  };
}

/** A clock that shows what this returns. */
export function clockAt(readMs: () => number): Clock {
  return { ...createClock(), nowMs: readMs, uptimeMs: readMs };
}

/** Returns a job definition: a nightly backup, unless overridden. */
export function define(fields: Partial<Definition> = {}): Definition {
  const isOther = fields.message !== undefined || fields.systemEvent !== undefined || fields.payload !== undefined;
  return { name: "backup", schedule: "0 3 * * *", ...(isOther ? {} : { command: "backup.sh" }), ...fields };
}

/** Returns a job as `cron.list` lists it: created by hand and unclaimed, unless overridden. */
export function liveJob(fields: Record<string, unknown> = {}): LiveJob {
  return listed({
    id: "id-1",
    name: "backup",
    enabled: true,
    createdAtMs: 1_000,
    schedule: { kind: "cron", expr: "0 3 * * *" },
    sessionTarget: "isolated",
    wakeMode: "now",
    payload: { kind: "command", argv: ["sh", "-lc", "backup.sh"] },
    delivery: { mode: "none" },
    state: { nextRunAtMs: 2_000, lastStatus: "ok" },
    ...fields,
  });
}

/** Returns a job as the program parses it from a list. */
function listed(job: Record<string, unknown>): LiveJob {
  const [read] = v.parse(JobPageSchema, { jobs: [job] }).jobs;
  if (!read) throw new Error("no job");
  return read;
}

/** Returns the live job of our definition: owned by key if the gateway has keys, else by mark. */
export function ourJob(definition: Definition, fields: Record<string, unknown> = {}, features = NEW): LiveJob {
  const spec = toJobSpec(definition, features);
  const declarationKey = features.declarationKey ? declarationKeyOf(OWNER, spec.name) : undefined;
  const description = declarationKey === undefined ? markDescription(spec.description, OWNER) : spec.description;
  return liveJob({ ...spec, description, declarationKey, ...fields });
}

/** A {@link CronStore} in memory. */
export interface MemoryStore extends CronStore {
  readonly jobs: readonly LiveJob[];
  /** The calls so far: `list`, `agents`, `status`, `add NAME`, `update ID`, `remove ID`. */
  readonly calls: readonly string[];
  /** The calls so far that change something. */
  readonly writes: readonly string[];
  /** Whether the scheduler is on. */
  isSchedulerOn: boolean;
}

interface MemoryStoreOptions {
  features?: Features;
  /** Is called before each call, and may throw. */
  before?: (call: string) => void;
  /** The default agent, if there is one, and whether the gateway writes it into a new job that names none. */
  agents?: { defaultAgent: string | undefined; isStamped: boolean };
}

/**
 * Stores jobs like a real gateway: it fills in its own defaults, merges payload and delivery in an update, and replaces
 * them in an add with an existing key.
 */
export function createMemoryStore(
  jobs: readonly LiveJob[] = [],
  {
    features = NEW,
    before = () => {},
    agents: { defaultAgent, isStamped } = { defaultAgent: "main", isStamped: false },
  }: MemoryStoreOptions = {},
): MemoryStore {
  let held = [...jobs];
  let made = 0;
  const calls: string[] = [];
  const note = (call: string) => {
    calls.push(call);
    before(call);
  };
  const store = (job: Record<string, unknown>) => {
    const kept = listed(JSON.parse(JSON.stringify(job)) as JsonObject);
    held = held.some(({ id }) => id === kept.id)
      ? held.map((old) => (old.id === kept.id ? kept : old))
      : [...held, kept];
  };
  return {
    transport: "gateway",
    version: "2026.9.6",
    protocol: 4,
    features,
    get jobs() {
      return held;
    },
    calls,
    get writes() {
      return calls.filter((call) => !["list", "status", "agents"].includes(call));
    },
    async listJobs() {
      note("list");
      return structuredClone(held);
    },
    async readDefaultAgent() {
      note("agents");
      return defaultAgent;
    },
    isSchedulerOn: true,
    async readScheduler() {
      note("status");
      return { enabled: this.isSchedulerOn };
    },
    async addJob(spec, declarationKey) {
      note(`add ${spec.name}`);
      const known = held.find((job) => declarationKey !== undefined && job.declarationKey === declarationKey);
      const { schedule, payload, delivery } = withDefaults(spec);
      if (known) return store({ ...known, schedule, payload, delivery, configRevision: nextRevision(known) });
      do made += 1;
      while (held.some(({ id }) => id === `made-${made}`));
      const agentId = isStamped ? defaultAgent : undefined;
      const own = { id: `made-${made}`, createdAtMs: 1_000_000 + made, enabled: true, wakeMode: "now", agentId };
      store({ ...own, ...withDefaults(spec), declarationKey, configRevision: "1" });
    },
    async redeclareJob(id, spec, declarationKey, expectedConfigRevision) {
      note(`redeclare ${id}`);
      const job = held.find((each) => each.declarationKey === declarationKey);
      const isOther = expectedConfigRevision !== undefined && expectedConfigRevision !== job?.configRevision;
      if (!job || isOther) throw new ManagerError("conflict", "the job was changed by somebody else in the meantime");
      const { schedule, payload, delivery } = withDefaults(spec);
      store({ ...job, schedule, payload, delivery, configRevision: nextRevision(job) });
    },
    async updateJob(id, patch, expectedConfigRevision) {
      note(`update ${id}`);
      const job = held.find((each) => each.id === id);
      const isOther = expectedConfigRevision !== undefined && expectedConfigRevision !== job?.configRevision;
      if (!job || isOther) throw new ManagerError("conflict", "the job was changed by somebody else in the meantime");
      store({ ...mergePatch(job, patch), configRevision: nextRevision(job) });
    },
    async removeJob(id) {
      note(`remove ${id}`);
      held = held.filter((job) => job.id !== id);
    },
  };
}

function nextRevision({ configRevision }: LiveJob): string {
  return String(Number(configRevision ?? "1") + 1);
}

function withDefaults(spec: JobSpec): Record<string, unknown> {
  const { schedule, payload, delivery, sessionTarget } = spec;
  return {
    ...spec,
    // For a main session job, no delivery is sent and none is filled in.
    delivery: sessionTarget === "main" && delivery.mode === "none" ? undefined : delivery,
    schedule: schedule.kind === "every" ? { anchorMs: 1_767_225_600_000, ...schedule } : schedule,
    payload: payload.kind === "agentTurn" ? { toolsAllow: ["*"], ...payload } : payload,
  };
}

/** As measured on 2026.9.6: fields that the patch of an object omits stay. */
function mergePatch(job: LiveJob, patch: JsonObject): Record<string, unknown> {
  const { payload, delivery, failureAlert, ...rest } = patch;
  const next: Record<string, unknown> = { ...job, ...rest };
  for (const [field, value] of Object.entries(rest)) if (value === null) delete next[field];
  if (failureAlert !== undefined) next.failureAlert = merge(job.failureAlert, failureAlert) ?? undefined;
  if (isJsonObject(payload)) next.payload = mergePayload(job.payload, payload);
  if (isJsonObject(delivery)) {
    const held = (job.delivery ?? {}) as JsonObject;
    const { failureDestination } = delivery;
    next.delivery = {
      ...held,
      ...delivery,
      ...(failureDestination ? { failureDestination: merge(held.failureDestination, failureDestination) } : {}),
    };
  }
  // The main session keeps only a webhook.
  if (next.sessionTarget === "main" && (next.delivery as JsonObject | undefined)?.mode !== "webhook") {
    delete next.delivery;
  }
  return next;
}

/** Tools stay, even if the kind changes, until the patch names or nulls them. No other field does that. */
function mergePayload(held: JsonObject, { toolsAllow = held.toolsAllow ?? null, ...patch }: JsonObject): JsonObject {
  const { toolsAllow: _, ...rest } = patch.kind === held.kind ? { ...held, ...patch } : patch;
  if (toolsAllow !== null) return { ...rest, toolsAllow };
  return patch.kind === "agentTurn" && held.toolsAllow !== undefined ? { ...rest, toolsAllow: ["*"] } : rest;
}

function merge(held: unknown, patch: Json): Json {
  return isJsonObject(held as Json) && isJsonObject(patch) ? { ...(held as JsonObject), ...patch } : patch;
}

/** The answer of a {@link FakeGateway} to one call. */
export type Reply =
  | { payload: unknown }
  | { error: { code: string; message: string; details?: object; retryAfterMs?: number; retryable?: boolean } }
  /** Cuts the connection without a close frame. */
  | "drop"
  /** Sends nothing. */
  | "none"
  /** Sends text that is no frame of the protocol, then the greeting or an empty answer. */
  | { noise: readonly string[] }
  /** Closes the connection with this reason. */
  | { close: string };

type Handler = (params: JsonObject) => Reply;

export interface FakeGateway extends AsyncDisposable {
  readonly url: string;
  /** The number of open connections. */
  readonly connections: number;
  /** The calls so far, including `connect`. */
  readonly calls: readonly { method: string; params: JsonObject }[];
  /** The answers from now on, by method; those of `*`, or `{}`, for any other method. */
  answers: Record<string, Handler>;
  /** Sends an event to every connection. */
  emit(event: string, payload: unknown): void;
  /** Cuts all connections, or closes them with a WebSocket code. */
  drop(code?: number): void;
}

/** Speaks the gateway's protocol with scripted answers, for situations that a real gateway cannot be brought into. */
export function serveGateway(answers: Record<string, Handler> = {}): FakeGateway {
  const sockets = new Set<ServerWebSocket>();
  const calls: { method: string; params: JsonObject }[] = [];
  const send = (socket: ServerWebSocket, frame: object) => socket.send(JSON.stringify(frame));
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, host) => (host.upgrade(request) ? undefined : new Response("no gateway", { status: 503 })),
    websocket: {
      open(socket) {
        sockets.add(socket);
        send(socket, { type: "event", event: "connect.challenge", payload: { nonce: "nonce", ts: 1 } });
      },
      message(socket, text) {
        const {
          id,
          method,
          params = {},
        } = JSON.parse(String(text)) as { id: string; method: string; params?: JsonObject };
        calls.push({ method, params });
        const usual = method === "connect" ? greeting() : {};
        const reply = (gateway.answers[method] ?? gateway.answers["*"])?.(params) ?? { payload: usual };
        if (reply === "none") return;
        if (reply === "drop") {
          socket.terminate();
          return;
        }
        if ("close" in reply) {
          socket.close(1008, reply.close);
          return;
        }
        if ("noise" in reply) for (const line of reply.noise) socket.send(line);
        const outcome = "error" in reply ? { ok: false, ...reply } : { ok: true, payload: usual, ...reply };
        send(socket, { type: "res", id, ...outcome });
      },
      close: (socket) => void sockets.delete(socket),
    },
  });
  const gateway: FakeGateway = {
    url: `ws://127.0.0.1:${server.port}`,
    get connections() {
      return sockets.size;
    },
    calls,
    answers,
    emit(event, payload) {
      for (const socket of sockets) send(socket, { type: "event", event, payload });
    },
    drop(code) {
      for (const socket of sockets) {
        if (code === undefined) socket.terminate();
        else socket.close(code);
      }
    },
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
  return gateway;
}

/** The gateway's answer to `connect`. */
export function greeting(version = "2026.9.6", protocol = 4): JsonObject {
  return {
    type: "hello-ok",
    protocol,
    server: { version, connId: "connection" },
    features: { methods: [], events: [] },
    policy: { tickIntervalMs: 30_000 },
    snapshot: {},
  };
}
