// The passes over openclaw.json, with a fake gateway and real files: the log lines and the live file.

import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { createConfigReconciler } from "../../../lib/config/kind.ts";
import { createConfigPasses } from "../../../lib/config/reconcile.ts";
import { keepLastGood, keepRejection } from "../../../lib/config/record.ts";
import { ManagerError } from "../../../lib/errors.ts";
import type { ConfigGateway } from "../../../lib/gateway/config-calls.ts";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";
import { serveFile } from "../../support/config-gateway.ts";
import { createClock, createScratch, fileOf } from "../../support/fakes.ts";
import { createVolume } from "../../support/volume.ts";

/** A realistic config that contains this. */
const configOf = (text: string) => `// openclaw.json
{
  gateway: { mode: "local", auth: { mode: "token", token: "\${OPENCLAW_GATEWAY_TOKEN}" } },
  channels: { discord: { enabled: true, token: "\${DISCORD_TOKEN}" } },
  models: { providers: { litellm: { baseUrl: "http://localhost:4000", models: [] } } },
  ${text}
}
`;
const OLD = configOf('messages: { ackReaction: "👀" },');
const NEW = configOf('messages: { ackReaction: "🦞" },');
const BAD = configOf('messages: { nonsense: "s3cret-value" },');
const NO_MODE = "{ channels: {} }";

const COMPLETE = "Config update complete (openclaw will auto-detect via chokidar)";
const STEADY = { isSuperseded: () => false, beat: () => undefined };

type Release = "2026.2.9" | "2026.9.6";

interface Start {
  live?: string;
  /** The ConfigMap's file. */
  git?: string;
  release?: Release;
  selfHeal?: boolean;
  isAway?: boolean;
}

/** A live file, a ConfigMap and a gateway. Each pass collects its log lines. */
async function start({ live, git, release = "2026.9.6", selfHeal = false, isAway = false }: Start) {
  const scratch = await createScratch();
  const pvcConfig = scratch.in("openclaw.json");
  if (live !== undefined) await writeFile(pvcConfig, live);
  const volume = await createVolume(scratch.in("config.d"));
  if (git !== undefined) await volume.publish({ "openclaw.json": git });
  const served = serveFile(pvcConfig, { release });
  const gateway: ConfigGateway = {
    ...served.gateway,
    lookUpReload: async (path) => (path.startsWith("gateway") ? "restart" : "hot"),
  };
  const state = { gateway: isAway ? undefined : gateway, isRestarting: false };
  const transport = {
    openConfig: async () => state.gateway,
    isRestarting: () => state.isRestarting,
    open: async () => ({ transport: "gateway" as const }),
  };
  const lines: string[] = [];
  const clock = createClock();
  const settings = { configDir: volume.path, pvcConfig, checksumDir: scratch.in("sums") };
  const log = (line: string) => void lines.push(line.replaceAll(scratch.path, "/mnt"));
  const options = { settings, selfHeal, transport, connectLimitMs: 0, log, warnings: createWarnings(log), clock };
  const passes = createConfigPasses(options);
  return {
    passes,
    options,
    gateway,
    state,
    clock,
    pvcConfig,
    publish: (text: string) => volume.publish({ "openclaw.json": text }),
    /** Runs a pass and returns its outcome and its log lines. */
    async pass(context = STEADY) {
      lines.length = 0;
      return { outcome: (await passes.reconcile(context)).kind, lines: [...lines] };
    },
    lines,
    live: () => readFile(pvcConfig, "utf8"),
    checksum: () => readFile(scratch.in("sums", "config"), "utf8").then((text) => text.trim()),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

describe("reconcile() at its first pass", () => {
  test("replaces another live config by Git's, and logs when the gateway has applied it", async () => {
    await using at = await start({ live: OLD, git: NEW });
    expect(await at.pass()).toEqual({
      outcome: "equal",
      lines: [
        "Config change detected in /mnt/config.d/openclaw.json",
        "Config copied to PVC: /mnt/openclaw.json",
        "  Changed: messages.ackReaction (hot)",
        COMPLETE,
        "Config in force",
      ],
    });
    expect(await at.live()).toBe(NEW);
    expect(await at.checksum()).toBe(fileOf(NEW).md5);
  });

  test("writes and logs nothing if observed equals desired", async () => {
    await using at = await start({ live: NEW, git: NEW });
    const { mtimeMs } = await stat(at.pvcConfig);
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [] });
    expect((await stat(at.pvcConfig)).mtimeMs).toBe(mtimeMs);
    expect(await at.checksum()).toBe(fileOf(NEW).md5);
  });

  test("warns once if there is no ConfigMap, and keeps the live file", async () => {
    await using at = await start({ live: OLD });
    const warning = "WARNING: Config file not found: /mnt/config.d/openclaw.json";
    expect(await at.pass()).toEqual({ outcome: "rejected", lines: [warning] });
    expect(await at.pass()).toEqual({ outcome: "rejected", lines: [] });
    expect(await at.live()).toBe(OLD);
  });

  test("delivers without a gateway, and validates when one answers", async () => {
    await using at = await start({ live: OLD, git: NEW, isAway: true });
    const { outcome, lines } = await at.pass();
    expect(outcome).toBe("pending");
    expect(lines).toContain("  Not validated by the gateway yet: no gateway to ask");
    expect(await at.live()).toBe(NEW);
    at.state.gateway = at.gateway;
    expect(await at.pass()).toEqual({ outcome: "equal", lines: ["Config in force"] });
  });
});

describe("reconcile() of a rejected config", () => {
  test("rolls it back, logs why without values, and does not try it again", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    await at.publish(BAD);
    const warning = "WARNING: Config rejected, /mnt/openclaw.json stays as it is: agents: nonsense: ***";
    expect(await at.pass()).toEqual({
      outcome: "rejected",
      lines: ["Config change detected in /mnt/config.d/openclaw.json", warning],
    });
    expect(await at.live()).toBe(OLD);
    expect(await at.checksum()).toBe(fileOf(OLD).md5);
    expect(await at.pass()).toEqual({ outcome: "rejected", lines: [] });
    expect(at.passes.planKind).toBe("reject");
  });

  test("delivers the next one once Git is fixed", async () => {
    await using at = await start({ live: OLD, git: BAD });
    await at.pass();
    await at.publish(NEW);
    expect((await at.pass()).lines).toContain("Config in force");
    expect(await at.live()).toBe(NEW);
  });

  test("does not deliver a config that OpenClaw cannot start with", async () => {
    await using at = await start({ live: OLD, git: NO_MODE });
    expect(await at.pass()).toEqual({
      outcome: "rejected",
      lines: [
        "WARNING: Config rejected, /mnt/openclaw.json stays as it is: gateway.mode is missing; " +
          "the live file has it, and OpenClaw does not start without",
      ],
    });
    expect(await at.live()).toBe(OLD);
  });

  test("holds a config back in a new container if a gateway of that release rejected it before", async () => {
    await using at = await start({ live: OLD, git: BAD });
    await keepRejection(at.pvcConfig, { checksum: fileOf(BAD).md5, release: "2026.9.6", problems: ["agents: no"] });
    expect(await at.pass()).toEqual({
      outcome: "rejected",
      lines: ["WARNING: Config rejected, /mnt/openclaw.json stays as it is: agents: no"],
    });
    expect(await at.live()).toBe(OLD);
  });

  test("restores the last good config if the live file is lost", async () => {
    await using at = await start({ git: "{" });
    await keepLastGood(at.pvcConfig, fileOf(OLD));
    expect((await at.pass()).outcome).toBe("rejected");
    expect(await at.live()).toBe(OLD);
  });
});

describe("reconcile() of drift", () => {
  const EDITED = OLD.replace("👀", "✅");

  test("logs the drift once, by its paths, and leaves it", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    await writeFile(at.pvcConfig, EDITED);
    const drift =
      "WARNING: Config drift: /mnt/openclaw.json was changed by something else: messages.ackReaction " +
      "(it stays so until the ConfigMap changes; --self-heal would put it back)";
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [drift] });
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [] });
    expect(await at.live()).toBe(EDITED);
    expect(at.passes.planKind).toBe("drift");
  });

  test("reverts it with selfHeal, and not again within a minute", async () => {
    await using at = await start({ live: OLD, git: OLD, selfHeal: true });
    await at.pass();
    await writeFile(at.pvcConfig, EDITED);
    expect((await at.pass()).lines[0]).toBe("Healing config drift in /mnt/openclaw.json");
    expect(await at.live()).toBe(OLD);
    await writeFile(at.pvcConfig, EDITED);
    expect((await at.pass()).outcome).toBe("pending");
    expect(await at.live()).toBe(EDITED);
    at.clock.advance(60_000);
    expect((await at.pass()).outcome).toBe("equal");
    expect(await at.live()).toBe(OLD);
  });

  test("overwrites it once Git changes", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    await writeFile(at.pvcConfig, EDITED);
    await at.pass();
    await at.publish(NEW);
    expect((await at.pass()).outcome).toBe("equal");
    expect(await at.live()).toBe(NEW);
  });
});

describe("reconcile() with a gateway that goes away", () => {
  test("waits for a gateway that announced a restart: it would start with an unvalidated file", async () => {
    await using at = await start({ live: OLD, git: NEW, isAway: true });
    at.state.isRestarting = true;
    expect(await at.pass()).toEqual({ outcome: "pending", lines: [] });
    expect(await at.live()).toBe(OLD);
    Object.assign(at.state, { isRestarting: false, gateway: at.gateway });
    expect((await at.pass()).outcome).toBe("equal");
    expect(await at.live()).toBe(NEW);
  });

  test("delivers nothing if the gateway goes away between login and delivery", async () => {
    await using at = await start({ live: OLD, git: NEW });
    at.state.gateway = { ...at.gateway, readView: () => Promise.reject(gone()) };
    expect(await at.pass()).toEqual({ outcome: "pending", lines: [] });
    expect(await at.live()).toBe(OLD);
  });

  test("leaves the config in place if the gateway goes away in between, and validates it later", async () => {
    await using at = await start({ live: OLD, git: NEW });
    let asked = 0;
    const readView = () => (++asked > 2 ? Promise.reject(gone()) : at.gateway.readView());
    at.state.gateway = { ...at.gateway, readView };
    const { outcome, lines } = await at.pass();
    expect(outcome).toBe("pending");
    expect(lines).toContain("  Not validated by the gateway yet: config.get: gateway closed (1006)");
    expect(await at.live()).toBe(NEW);
    at.state.gateway = at.gateway;
    expect((await at.pass()).outcome).toBe("equal");
  });

  const gone = () => new ManagerError("unreachable", "config.get: gateway closed (1006)");
});

describe("reconcile() of a config that is slow to be applied", () => {
  const slow = (gateway: ConfigGateway): ConfigGateway => ({
    ...gateway,
    readView: async () => ({ ...(await gateway.readView()), isApplied: false }),
  });

  test("warns once, with the likely cause", async () => {
    await using at = await start({ live: NEW, git: NEW });
    at.state.gateway = slow(at.gateway);
    const { outcome, lines } = await at.pass();
    expect(outcome).toBe("equal");
    expect(lines).toEqual([expect.stringMatching(/^WARNING: Config not in force after 30 s: /)]);
    expect((await at.pass()).lines).toEqual([]);
  });

  test("stops waiting if the pass is superseded", async () => {
    await using at = await start({ live: NEW, git: NEW });
    at.state.gateway = slow(at.gateway);
    expect(await at.pass({ ...STEADY, isSuperseded: () => true })).toEqual({ outcome: "equal", lines: [] });
  });
});

test("reconcile() turns a file that cannot be written into an outcome, logged once", async () => {
  await using at = await start({ live: OLD, git: NEW });
  await rm(at.pvcConfig);
  await writeFile(`${at.pvcConfig}.d`, "");
  const settings = { ...at.options.settings, pvcConfig: `${at.pvcConfig}.d/openclaw.json` };
  const passes = createConfigPasses({ ...at.options, settings });
  expect((await passes.reconcile(STEADY)).kind).toBe("failed");
  const [last] = at.lines.slice(-1);
  expect(last).toStartWith("WARNING: Failed to update config: cannot write /mnt/openclaw.json.d/openclaw.json: ");
});

describe("createConfigReconciler()", () => {
  test("reports drift and rejection in its gauges, and neither before the first pass", async () => {
    await using at = await start({ live: OLD, git: OLD });
    const kind = createConfigReconciler(at.options);
    const read = () => Object.fromEntries(kind.gauges.map((gauge) => [gauge.name, gauge.read()]));
    expect(read()).toEqual({ config_drift: false, config_rejected: false });
    await kind.reconcile(STEADY);
    await writeFile(at.pvcConfig, OLD.replace("👀", "✅"));
    await kind.reconcile(STEADY);
    expect(read()).toEqual({ config_drift: true, config_rejected: false });
    await at.publish("{");
    await kind.reconcile(STEADY);
    expect(read()).toEqual({ config_drift: false, config_rejected: true });
    await at.publish(NEW);
    await kind.reconcile(STEADY);
    expect(read()).toEqual({ config_drift: false, config_rejected: false });
  });
});
