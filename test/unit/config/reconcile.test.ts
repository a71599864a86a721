// The passes over openclaw.json, on a fake gateway and a real file: what is logged, and what becomes of the file.

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

/** A config as people have it, with this in it. */
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
  /** What Git says. */
  git?: string;
  release?: Release;
  selfHeal?: boolean;
  isAway?: boolean;
}

/** A live file, a ConfigMap and a gateway; each pass writes down what it logs. */
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
    /** Runs a pass, and returns its outcome with what it has logged. */
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
  test("puts Git's config over another live one, and says when the gateway runs on it", async () => {
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

  test("writes nothing where the live file is Git's, and logs nothing", async () => {
    await using at = await start({ live: NEW, git: NEW });
    const { mtimeMs } = await stat(at.pvcConfig);
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [] });
    expect((await stat(at.pvcConfig)).mtimeMs).toBe(mtimeMs);
    expect(await at.checksum()).toBe(fileOf(NEW).md5);
  });

  test("warns once where there is no ConfigMap, and keeps the live file", async () => {
    await using at = await start({ live: OLD });
    const warning = "WARNING: Config file not found: /mnt/config.d/openclaw.json";
    expect(await at.pass()).toEqual({ outcome: "rejected", lines: [warning] });
    expect(await at.pass()).toEqual({ outcome: "rejected", lines: [] });
    expect(await at.live()).toBe(OLD);
  });

  test("delivers without a gateway, waits for its word, and takes it when it comes", async () => {
    await using at = await start({ live: OLD, git: NEW, isAway: true });
    const { outcome, lines } = await at.pass();
    expect(outcome).toBe("pending");
    expect(lines).toContain("  Not validated by the gateway yet: no gateway to ask");
    expect(await at.live()).toBe(NEW);
    at.state.gateway = at.gateway;
    expect(await at.pass()).toEqual({ outcome: "equal", lines: ["Config in force"] });
  });
});

describe("reconcile() of a config that is rejected", () => {
  test("puts back what was there, says why without a value, and does not try it again", async () => {
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

  test("takes the next one, once Git is mended", async () => {
    await using at = await start({ live: OLD, git: BAD });
    await at.pass();
    await at.publish(NEW);
    expect((await at.pass()).lines).toContain("Config in force");
    expect(await at.live()).toBe(NEW);
  });

  test("is not delivered at all where OpenClaw would not start with it", async () => {
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

  test("is held back in a new container, where a gateway of that release has refused it before", async () => {
    await using at = await start({ live: OLD, git: BAD });
    await keepRejection(at.pvcConfig, { checksum: fileOf(BAD).md5, release: "2026.9.6", problems: ["agents: no"] });
    expect(await at.pass()).toEqual({
      outcome: "rejected",
      lines: ["WARNING: Config rejected, /mnt/openclaw.json stays as it is: agents: no"],
    });
    expect(await at.live()).toBe(OLD);
  });

  test("replaces a live file that is lost by the last good one", async () => {
    await using at = await start({ git: "{" });
    await keepLastGood(at.pvcConfig, fileOf(OLD));
    expect((await at.pass()).outcome).toBe("rejected");
    expect(await at.live()).toBe(OLD);
  });
});

describe("reconcile() of a live file that something else has edited", () => {
  const EDITED = OLD.replace("👀", "✅");

  test("tells of the drift once, by its paths, and leaves it", async () => {
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

  test("heals it when told to, and not again before a minute is over", async () => {
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

describe("reconcile() beside a gateway that goes", () => {
  test("waits for one that has said that it restarts: it would start with whatever came in now", async () => {
    await using at = await start({ live: OLD, git: NEW, isAway: true });
    at.state.isRestarting = true;
    expect(await at.pass()).toEqual({ outcome: "pending", lines: [] });
    expect(await at.live()).toBe(OLD);
    Object.assign(at.state, { isRestarting: false, gateway: at.gateway });
    expect((await at.pass()).outcome).toBe("equal");
    expect(await at.live()).toBe(NEW);
  });

  test("delivers nothing where it went between the login and the delivery", async () => {
    await using at = await start({ live: OLD, git: NEW });
    at.state.gateway = { ...at.gateway, readView: () => Promise.reject(gone()) };
    expect(await at.pass()).toEqual({ outcome: "pending", lines: [] });
    expect(await at.live()).toBe(OLD);
  });

  test("leaves the config in place where it goes in the middle, and asks again later", async () => {
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

  test("says so once, with the likely cause", async () => {
    await using at = await start({ live: NEW, git: NEW });
    at.state.gateway = slow(at.gateway);
    const { outcome, lines } = await at.pass();
    expect(outcome).toBe("equal");
    expect(lines).toEqual([expect.stringMatching(/^WARNING: Config not in force after 30 s: /)]);
    expect((await at.pass()).lines).toEqual([]);
  });

  test("stops waiting for something newer", async () => {
    await using at = await start({ live: NEW, git: NEW });
    at.state.gateway = slow(at.gateway);
    expect(await at.pass({ ...STEADY, isSuperseded: () => true })).toEqual({ outcome: "equal", lines: [] });
  });
});

test("reconcile() turns a volume that refuses into an outcome, said once", async () => {
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
  test("tells metrics of drift and of a rejection, and of neither before its first pass", async () => {
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
