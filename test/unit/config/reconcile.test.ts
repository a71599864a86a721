// The passes over openclaw.json, with a fake gateway and real files: the log lines and the live file.

import { readFileSync } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { createConfigReconciler } from "../../../lib/config/kind.ts";
import { createConfigPasses } from "../../../lib/config/reconcile.ts";
import type { PassOutcome } from "../../../lib/reconcile/loop.ts";
import { keepRejection, writeRecord } from "../../../lib/config/record.ts";
import type { ConfigMode } from "../../../lib/config/target.ts";
import { ManagerError } from "../../../lib/errors.ts";
import type { ConfigGateway, GatewayStart } from "../../../lib/gateway/config-calls.ts";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";
import { serveFile } from "../../support/config-gateway.ts";
import { createClock, createScratch, generationOf } from "../../support/fakes.ts";
import { until } from "../../support/until.ts";
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
  git?: string | Record<string, string>;
  release?: Release;
  selfHeal?: boolean;
  isAway?: boolean;
  mode?: ConfigMode;
  /** The last start of the gateway. */
  start?: GatewayStart;
  /** The names of the files that the config includes. */
  includes?: string[];
}

/** A live file, a ConfigMap and a gateway. Each pass collects its log lines. */
async function start({ live, git, release = "2026.9.6", selfHeal = false, isAway = false, ...more }: Start) {
  const scratch = await createScratch();
  const pvcConfig = scratch.in("openclaw.json");
  if (live !== undefined) await writeFile(pvcConfig, live);
  const volume = await createVolume(scratch.in("config.d"));
  const publish = (files: string | Record<string, string>) =>
    volume.publish(typeof files === "string" ? { "openclaw.json": files } : files);
  if (git !== undefined) await publish(git);
  const served = serveFile(pvcConfig, { release, includes: more.includes ?? [], start: more.start });
  const gateway: ConfigGateway = {
    ...served.gateway,
    readSchema: async () => undefined,
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
  const settings = {
    configDir: volume.path,
    pvcConfig,
    checksumDir: scratch.in("sums"),
    includeRoots: [],
    configMode: more.mode ?? "auto",
    gatewayTokenFile: undefined,
  };
  const log = (line: string) => void lines.push(line.replaceAll(scratch.path, "/mnt"));
  const warnings = createWarnings(log);
  const options = { settings, env: {}, selfHeal, hasToken: true, transport, connectLimitMs: 0, log, warnings, clock };
  const passes = createConfigPasses(options);
  let outcome: PassOutcome | undefined;
  return {
    passes,
    options,
    gateway,
    state,
    clock,
    pvcConfig,
    publish,
    /** Runs a pass and returns its outcome and its log lines. */
    async pass(context = STEADY) {
      lines.length = 0;
      outcome = await passes.reconcile(context);
      return { outcome: outcome.kind, lines: [...lines] };
    },
    /** Whether the last pass has ended with nothing written, because the gateway comes and goes. */
    isUndelivered: () => outcome?.kind === "pending" && outcome.isUndelivered === true,
    /** Runs a pass in another container, which has seen nothing yet. */
    async passAnew() {
      lines.length = 0;
      const anew = createConfigPasses({ ...options, warnings: createWarnings(log) });
      return { outcome: (await anew.reconcile(STEADY)).kind, lines: [...lines] };
    },
    lines,
    in: (...names: string[]) => scratch.in(...names),
    edit: (text: string, name = "openclaw.json") => writeFile(scratch.in(name), text),
    /** Writes the live file as OpenClaw does: it keeps a backup. */
    async writeAsOpenClaw(text: string) {
      await writeFile(`${pvcConfig}.bak`, await readFile(pvcConfig));
      await writeFile(pvcConfig, text);
    },
    text: (name: string) => readFile(scratch.in(name), "utf8"),
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
    expect(await at.checksum()).toBe(generationOf(NEW).md5);
  });

  test("writes and logs nothing if observed equals desired", async () => {
    await using at = await start({ live: NEW, git: NEW });
    const { mtimeMs } = await stat(at.pvcConfig);
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [] });
    expect((await stat(at.pvcConfig)).mtimeMs).toBe(mtimeMs);
    expect(await at.checksum()).toBe(generationOf(NEW).md5);
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
    expect(await at.checksum()).toBe(generationOf(OLD).md5);
    expect(await at.pass()).toEqual({ outcome: "rejected", lines: [] });
    expect(at.passes.lastOutcome).toBe("reject");
  });

  test("delivers the next one once Git is fixed", async () => {
    await using at = await start({ live: OLD, git: BAD });
    await at.pass();
    await at.publish(NEW);
    expect((await at.pass()).lines).toContain("Config in force");
    expect(await at.live()).toBe(NEW);
  });

  const NO_START =
    "WARNING: Config rejected, /mnt/openclaw.json stays as it is: gateway.mode is missing; " +
    "the live file has it, and OpenClaw does not start without";

  test("does not deliver a config that OpenClaw cannot start with", async () => {
    await using at = await start({ live: OLD, git: NO_MODE, mode: "replace" });
    expect(await at.pass()).toEqual({ outcome: "rejected", lines: [NO_START] });
    expect(await at.live()).toBe(OLD);
  });

  test("does not take gateway.mode out of the live file when Git drops it", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    await at.publish(NO_MODE);
    expect(await at.pass()).toEqual({ outcome: "rejected", lines: [NO_START] });
    await at.edit(OLD.replace("channels: {", 'channels: { telegram: { botToken: "${TELEGRAM}" },'));
    expect((await at.pass()).outcome).toBe("rejected");
    expect(await at.live()).toContain("telegram");
  });

  test("without a record, rejects a config without the gateway.mode that the live file has", async () => {
    await using at = await start({ live: OLD, git: NO_MODE });
    expect((await at.pass()).outcome).toBe("rejected");
    expect(await at.live()).toBe(OLD);
  });

  /** What the last container, or somebody else, has left on the volume. */
  const plant = (pvcConfig: string, problems = ["agents: no"]) =>
    keepRejection(pvcConfig, { checksum: generationOf(BAD).md5, release: "2026.9.6", problems });
  const RECORDED = "agents: no (recorded in /mnt/openclaw.json.config-manager-rejected)";

  test("holds a config back by the record while there is no gateway to ask, and says so", async () => {
    await using at = await start({ live: OLD, git: BAD, isAway: true });
    await plant(at.pvcConfig);
    expect(await at.pass()).toEqual({
      outcome: "rejected",
      lines: [`WARNING: Config rejected, /mnt/openclaw.json stays as it is: ${RECORDED}`],
    });
    expect(await at.live()).toBe(OLD);
  });

  test("asks a gateway that answers, once per process, whatever the record says", async () => {
    await using at = await start({ live: OLD, git: BAD });
    await plant(at.pvcConfig);
    const { outcome, lines } = await at.pass();
    expect(outcome).toBe("rejected");
    expect(lines.at(-1)).toBe("WARNING: Config rejected, /mnt/openclaw.json stays as it is: agents: nonsense: ***");
    expect(await at.live()).toBe(OLD);
    expect(await at.pass()).toEqual({ outcome: "rejected", lines: [] });
  });

  test("calls no drift what a gateway has refused only after the config was in place", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    at.state.gateway = undefined;
    await at.publish(BAD);
    expect((await at.pass()).outcome).toBe("pending");
    at.state.gateway = at.gateway;
    expect((await at.pass()).outcome).toBe("rejected");
    expect(await at.live()).toBe(OLD);
    expect(await at.pass()).toEqual({ outcome: "rejected", lines: [] });
    expect(await at.checksum()).toBe(generationOf(OLD).md5);
    expect((await at.passAnew()).outcome).toBe("rejected");
    await at.publish(NEW);
    expect((await at.pass()).outcome).toBe("equal");
    expect(await at.live()).toBe(NEW);
  });

  test("delivers a config that the gateway accepts, though the record says that it has rejected it", async () => {
    await using at = await start({ live: OLD, git: NEW, selfHeal: true });
    await keepRejection(at.pvcConfig, { checksum: generationOf(NEW).md5, release: "2026.9.6", problems: ["no"] });
    expect((await at.pass()).outcome).toBe("equal");
    expect(await at.live()).toBe(NEW);
  });

  test("tries Git's config after ten minutes without a gateway: it may be what a gateway needs to start", async () => {
    await using at = await start({ live: OLD, git: BAD, isAway: true });
    await plant(at.pvcConfig);
    await at.pass();
    await at.clock.pause(599_000);
    await at.pass();
    expect(await at.live()).toBe(OLD);
    await at.clock.pause(2_000);
    await at.pass();
    expect(await at.live()).toContain("nonsense");
    await writeRecord(at.pvcConfig, "good", generationOf(OLD));
    await at.clock.pause(600_000);
    await at.pass();
    expect(await at.live()).toBe(OLD);
  });

  test("reads ten problems of the record, and not all of a long one", async () => {
    await using at = await start({ live: OLD, git: BAD, isAway: true });
    await plant(
      at.pvcConfig,
      Array.from({ length: 1_000 }, () => "x".repeat(1_000)),
    );
    const { lines } = await at.pass();
    expect(lines.length).toBe(10);
    for (const line of lines) expect(line.length).toBeLessThan(700);
  });

  test("goes by what the gateway has told it where nothing can be recorded", async () => {
    await using at = await start({ live: OLD, git: BAD });
    for (const name of ["good", "rejected"]) await mkdir(`${at.pvcConfig}.config-manager-${name}`);
    const first = await at.pass();
    expect(first.outcome).toBe("rejected");
    expect(first.lines.filter((line) => line.includes("config-manager-"))).toEqual([
      expect.stringMatching(/^WARNING: Ignored: .*-good is a directory, expected a regular file \(remove it; .*\)$/),
      expect.stringMatching(
        /^WARNING: Ignored: .*-rejected is a directory, expected a regular file \(remove it; .*\)$/,
      ),
    ]);
    expect(await at.live()).toBe(OLD);
    expect(await at.pass()).toEqual({ outcome: "rejected", lines: [] });
    await at.publish(NEW);
    expect((await at.pass()).outcome).toBe("equal");
    expect(await at.live()).toBe(NEW);
  });

  test("restores the last good config if the live file is lost", async () => {
    await using at = await start({ git: "{" });
    await writeRecord(at.pvcConfig, "good", generationOf(OLD));
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
    expect(at.passes.lastOutcome).toBe("drift");
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
    const { outcome, lines } = await at.pass();
    expect(outcome).toBe("equal");
    expect(lines.filter((line) => line.includes("drift"))).toEqual([]);
    expect(at.passes.lastOutcome).toBe("update");
    expect(await at.live()).toBe(NEW);
  });

  test("gives up healing what something puts back each time, and says where it belongs", async () => {
    await using at = await start({ live: OLD, git: OLD, selfHeal: true });
    await at.pass();
    for (const heal of [1, 2]) {
      await at.edit(EDITED);
      expect({ heal, ...(await at.pass()) }).toMatchObject({ heal, outcome: "equal" });
      expect(await at.live()).toBe(OLD);
      at.clock.advance(60_000);
    }
    await at.edit(EDITED);
    const givenUp =
      "WARNING: Config drift: /mnt/openclaw.json was changed by something else: messages.ackReaction " +
      "(--self-heal gives up: two heals did not last; put it into Git: config-manager export config)";
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [givenUp] });
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [] });
    expect(await at.live()).toBe(EDITED);
    // A change in Git starts anew.
    await at.publish(NEW);
    await at.pass();
    at.clock.advance(60_000);
    await at.edit(NEW.replace("🦞", "✅"));
    expect((await at.pass()).lines[0]).toBe("Healing config drift in /mnt/openclaw.json");
    expect(await at.live()).toBe(NEW);
  });

  test("heals only what Git declares", async () => {
    await using at = await start({ live: OLD, git: OLD, selfHeal: true });
    await at.pass();
    await at.edit(EDITED.replace("channels: {", 'channels: { telegram: { botToken: "${TELEGRAM}" },'));
    expect(await at.pass()).toEqual({
      outcome: "equal",
      lines: [
        "Healing config drift in /mnt/openclaw.json",
        "Config copied to PVC: /mnt/openclaw.json",
        "  Changed: messages.ackReaction (hot)",
        COMPLETE,
        "Config in force",
      ],
    });
    expect(JSON.parse(await at.live())).toMatchObject({
      messages: { ackReaction: "👀" },
      channels: { telegram: { botToken: "${TELEGRAM}" } },
    });
  });

  test("waits with it while a gateway may be starting: the change may be its own", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    await at.edit(EDITED);
    at.clock.advance(Date.now() - at.clock.nowMs() + 60_000);
    at.state.gateway = undefined;
    expect(await at.pass()).toEqual({ outcome: "pending", lines: [] });
    at.clock.advance(120_000);
    expect((await at.pass()).lines).toEqual([expect.stringContaining("WARNING: Config drift: ")]);
  });
});

describe("reconcile() of a live config that something else has added to", () => {
  /** What `openclaw plugins enable` or an agent adds. */
  const ADDED = OLD.replace(
    "channels: {",
    'plugins: { entries: { telegram: { enabled: true } } },\n  channels: { telegram: { botToken: "${TELEGRAM}" },',
  );

  test("is no drift", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    await at.edit(ADDED);
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [] });
    expect(await at.live()).toBe(ADDED);
  });

  test("changes only what Git changes", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    await at.edit(ADDED);
    await at.pass();
    await at.publish(NEW);
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
    const live = JSON.parse(await at.live());
    expect(live).toMatchObject({
      messages: { ackReaction: "🦞" },
      plugins: { entries: { telegram: { enabled: true } } },
      channels: { telegram: { botToken: "${TELEGRAM}" }, discord: { token: "${DISCORD_TOKEN}" } },
    });
    expect(await at.checksum()).toBe(generationOf(NEW).md5);
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [] });
  });

  test("takes out what Git drops, and nothing else", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    await at.edit(ADDED);
    await at.publish(configOf(""));
    expect((await at.pass()).lines).toContain("  Changed: messages.ackReaction (hot)");
    const live = JSON.parse(await at.live());
    expect(live.messages).toBeUndefined();
    expect(live.plugins).toEqual({ entries: { telegram: { enabled: true } } });
  });

  test("writes Git's bytes once the live config says the same", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    await at.edit(NEW.replace("// openclaw.json\n", ""));
    await at.publish(NEW);
    await at.pass();
    expect(await at.live()).toBe(NEW);
  });

  test("replaces it by Git's bytes in the mode replace", async () => {
    await using at = await start({ live: OLD, git: OLD, mode: "replace" });
    await at.pass();
    await at.edit(ADDED);
    expect((await at.pass()).lines).toEqual([
      "WARNING: Config drift: /mnt/openclaw.json was changed by something else: channels.telegram.botToken, " +
        "plugins.entries.telegram.enabled (it stays so until the ConfigMap changes; --self-heal would put it back)",
    ]);
    await at.publish(NEW);
    expect((await at.pass()).outcome).toBe("equal");
    expect(await at.live()).toBe(NEW);
  });

  test("takes nothing out in a new container, whose record may be forged, and all that Git declares is a change", async () => {
    await using at = await start({ live: ADDED.replace("👀", "✅"), git: NEW });
    await writeRecord(at.pvcConfig, "applied", generationOf(ADDED));
    const { lines } = await at.pass();
    expect(lines).toContain("  Changed: messages.ackReaction (hot)");
    expect(JSON.parse(await at.live())).toMatchObject({
      messages: { ackReaction: "🦞" },
      plugins: { entries: { telegram: { enabled: true } } },
    });
  });
});

describe("reconcile() of what OpenClaw changes at its start", () => {
  const STARTED = OLD.replace(
    "channels: {",
    'meta: { lastTouchedVersion: "2026.9.6" },\n  plugins: { entries: { discord: { enabled: true } } },\n  channels: {',
  );
  const TOLD = "  OpenClaw changed its config at its start: plugins.entries.discord.enabled";
  const justStarted = () => ({ sinceMs: Date.now() - 60_000, readyMs: Date.now() + 60_000 });

  test("tells it once, and it is no drift", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    await at.writeAsOpenClaw(STARTED);
    at.state.gateway = { ...at.gateway, start: justStarted() };
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [TOLD, "Config in force"].slice(0, 1) });
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [] });
    expect(await at.live()).toBe(STARTED);
  });

  test("does not undo it, even where Git declares the path, nor with selfHeal", async () => {
    const MIGRATED = OLD.replace('messages: { ackReaction: "👀" },', 'messages: { ack: { reaction: "👀" } },');
    for (const selfHeal of [false, true]) {
      await using at = await start({ live: OLD, git: OLD, selfHeal });
      await at.pass();
      await at.writeAsOpenClaw(MIGRATED);
      at.state.gateway = { ...at.gateway, start: justStarted() };
      const { outcome, lines } = await at.pass();
      expect({ selfHeal, outcome }).toEqual({ selfHeal, outcome: "equal" });
      expect(lines[0]).toBe("  OpenClaw changed its config at its start: messages.ack.reaction, messages.ackReaction");
      // Also when the gateway has been up for long, and in another container with the same records.
      at.state.gateway = at.gateway;
      expect(await at.pass()).toMatchObject({ outcome: "equal", lines: [] });
      expect(await at.passAnew()).toMatchObject({ outcome: "equal", lines: [] });
      expect(await at.live()).toBe(MIGRATED);
    }
  });

  test("keeps it when Git changes, and names the keys that Git still has", async () => {
    const MIGRATED = STARTED.replace('messages: { ackReaction: "👀" },', 'messages: { ack: { reaction: "👀" } },');
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    await at.writeAsOpenClaw(MIGRATED);
    at.state.gateway = { ...at.gateway, start: justStarted() };
    await at.pass();
    await at.publish(OLD.replace("http://localhost:4000", "http://litellm:4000"));
    expect(await at.pass()).toEqual({
      outcome: "equal",
      lines: [
        "Config change detected in /mnt/config.d/openclaw.json",
        "Config copied to PVC: /mnt/openclaw.json",
        "  Changed: models.providers.litellm.baseUrl (hot)",
        "WARNING: Config merged: OpenClaw has migrated keys that Git still has: messages.ackReaction " +
          "(in Git: config-manager export config)",
        COMPLETE,
        "Config in force",
      ],
    });
    const live = JSON.parse(await at.live());
    expect(live.messages).toEqual({ ack: { reaction: "👀" } });
    expect(live.plugins).toEqual({ entries: { discord: { enabled: true } } });
    expect(live.meta).toEqual({ lastTouchedVersion: "2026.9.6" });
  });

  test("tells drift from it: an edit before the start, which this process has seen", async () => {
    const EDITED = OLD.replace("👀", "✅");
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    await at.edit(EDITED);
    expect((await at.pass()).lines).toEqual([expect.stringContaining("WARNING: Config drift: ")]);
    const { ctimeMs } = await stat(at.pvcConfig);
    await until("the clock of the file system to move on", async () => {
      await writeFile(`${at.pvcConfig}.clock`, "");
      return (await stat(`${at.pvcConfig}.clock`)).ctimeMs > ctimeMs + 1;
    });
    await at.writeAsOpenClaw(
      EDITED.replace("channels: {", "plugins: { entries: { discord: { enabled: true } } },\n  channels: {"),
    );
    at.state.gateway = { ...at.gateway, start: { sinceMs: ctimeMs + 1, readyMs: Date.now() + 60_000 } };
    expect((await at.pass()).lines).toEqual([TOLD]);
    expect(at.passes.lastOutcome).toBe("drift");
  });
});

describe("reconcile() where the gateway has put its own backup back at its start", () => {
  test("delivers Git's config again, and says so", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    await at.edit(OLD, "openclaw.json.bak");
    await at.edit(OLD, "openclaw.json.clobbered.2026-11-22T10-00-00-000Z");
    await at.edit(OLD.replace(/ {2}channels.*\n/, ""));
    at.state.gateway = { ...at.gateway, start: { sinceMs: Date.now() - 60_000, readyMs: Date.now() + 60_000 } };
    expect(await at.pass()).toEqual({
      outcome: "equal",
      lines: [
        "Config change detected in /mnt/config.d/openclaw.json",
        "WARNING: OpenClaw put an older config back at its start; Git's is delivered again: " +
          "channels.discord.enabled, channels.discord.token",
        "Config copied to PVC: /mnt/openclaw.json",
        "  Changed: channels.discord.enabled (hot)",
        "  Changed: channels.discord.token (hot)",
        COMPLETE,
        "Config in force",
      ],
    });
    expect(await at.live()).toBe(OLD);
  });
});

describe("reconcile() of a config that the gateway finds valid and cannot apply", () => {
  test("puts the former one back, says why, and does not try it again", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    const failing: ConfigGateway = {
      ...at.gateway,
      readView: async () => {
        const view = await at.gateway.readView();
        return { ...view, isApplied: readFileSync(at.pvcConfig, "utf8") === OLD };
      },
      readReload: async () => ({ kind: "failed", reason: "channels.discord: cannot log in" }),
    };
    at.state.gateway = failing;
    await at.pass();
    await at.publish(NEW);
    const { outcome, lines } = await at.pass();
    expect({ outcome, lines }).toMatchObject({ outcome: "rejected" });
    expect(lines.at(-1)).toStartWith("WARNING: Config rejected, /mnt/openclaw.json stays as it is: ");
    expect(lines.at(-1)).toContain("channels.discord: cannot log in");
    expect(await at.live()).toBe(OLD);
    expect(await at.checksum()).toBe(generationOf(OLD).md5);
    expect(await at.pass()).toEqual({ outcome: "rejected", lines: [] });
    at.state.gateway = at.gateway;
    await at.publish(NEW.replace("🦞", "🦀"));
    expect((await at.pass()).lines).toContain("Config in force");
  });
});

describe("reconcile() of keys that the gateway has migrated and refuses", () => {
  const MIGRATED = configOf('messages: { ackReaction: "👀" },');

  test("delivers Git's change alone if the gateway refuses Git's file in a new container", async () => {
    await using at = await start({ live: MIGRATED, git: BAD.replace("localhost", "litellm") });
    await writeRecord(at.pvcConfig, "applied", generationOf(BAD));
    expect(await at.pass()).toEqual({
      outcome: "equal",
      lines: [
        "Config change detected in /mnt/config.d/openclaw.json",
        "Config copied to PVC: /mnt/openclaw.json",
        "  Changed: models.providers.litellm.baseUrl (hot)",
        "WARNING: Config merged: OpenClaw has migrated keys that Git still has: messages.nonsense " +
          "(in Git: config-manager export config)",
        COMPLETE,
        "Config in force",
      ],
    });
    expect(await at.live()).not.toContain("nonsense");
    expect(await at.live()).toContain("litellm:4000");
    expect((await at.pass()).lines).toEqual([]);
  });

  test("is in place already if Git has changed nothing but such keys", async () => {
    await using at = await start({ live: MIGRATED, git: BAD });
    await writeRecord(at.pvcConfig, "applied", generationOf(BAD));
    expect((await at.pass()).outcome).toBe("equal");
    expect(await at.live()).toBe(MIGRATED);
  });

  test("is in place again after Git's file was delivered to a gateway that did not answer, and that refuses it", async () => {
    await using at = await start({ live: MIGRATED, git: BAD, isAway: true });
    await writeRecord(at.pvcConfig, "applied", generationOf(BAD));
    expect((await at.pass()).outcome).toBe("pending");
    expect(await at.live()).toContain("nonsense");
    at.state.gateway = at.gateway;
    expect((await at.pass()).outcome).toBe("rejected");
    expect(await at.live()).toBe(MIGRATED);
    expect(await at.pass()).toEqual({
      outcome: "equal",
      lines: [
        "WARNING: Config merged: OpenClaw has migrated keys that Git still has: messages.nonsense " +
          "(in Git: config-manager export config)",
        "Config in force",
      ],
    });
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [] });
    expect(await at.live()).toBe(MIGRATED);
  });

  test("rejects it if the gateway refuses that as well, and puts the live file back", async () => {
    await using at = await start({ live: MIGRATED, git: BAD.replace("litellm", "nonsense-too") });
    await writeRecord(at.pvcConfig, "applied", generationOf(BAD));
    expect((await at.pass()).outcome).toBe("rejected");
    expect(await at.live()).toBe(MIGRATED);
    expect(await at.pass()).toEqual({ outcome: "rejected", lines: [] });
  });
});

describe("reconcile() of a config with included files", () => {
  const ROOT = `{
  gateway: { mode: "local", auth: { mode: "token", token: "\${OPENCLAW_GATEWAY_TOKEN}" } },
  agents: { $include: "./agents.json5" },
  channels: { $include: ["./channels.json5"] },
}
`;
  const AGENTS = '{ defaults: { workspace: "~/ghq" }, list: [{ id: "main", name: "Molty" }] } // agents\n';
  const CHANNELS = '{ discord: { enabled: true, token: "${DISCORD_TOKEN}" } }\n';
  const FILES = { "openclaw.json": ROOT, "agents.json5": AGENTS, "channels.json5": CHANNELS };
  const includes = ["agents.json5", "channels.json5"];
  const exists = (path: string) =>
    stat(path).then(
      () => true,
      () => false,
    );

  test("delivers all of its files, and nothing else of the ConfigMap", async () => {
    await using at = await start({ live: OLD, git: { ...FILES, "notes.json5": "{}" }, includes, mode: "replace" });
    const { outcome, lines } = await at.pass();
    expect(outcome).toBe("equal");
    expect(lines).toContain("  Changed: agents.defaults.workspace (hot)");
    for (const [name, text] of Object.entries(FILES)) expect(await at.text(name)).toBe(text);
    expect(await exists(at.in("notes.json5"))).toBeFalse();
    expect(await at.checksum()).toBe(generationOf(ROOT, { "agents.json5": AGENTS, "channels.json5": CHANNELS }).md5);
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [] });
  });

  test("writes one file where OpenClaw has written the whole config into the root, as 2026.2.9 does", async () => {
    await using at = await start({ git: FILES, includes, release: "2026.2.9" });
    await at.pass();
    const { resolved } = generationOf(ROOT, { "agents.json5": AGENTS, "channels.json5": CHANNELS });
    const whole = resolved.kind === "parsed" ? resolved.value : {};
    await at.writeAsOpenClaw(
      JSON.stringify({ ...whole, meta: { lastTouchedVersion: "2026.2.9" }, commands: { native: "auto" } }),
    );
    at.state.gateway = { ...at.gateway, start: { sinceMs: Date.now() - 60_000, readyMs: Date.now() + 60_000 } };
    expect((await at.pass()).lines).toEqual(["  OpenClaw changed its config at its start: commands.native"]);
    await at.publish({ ...FILES, "agents.json5": AGENTS.replace("Molty", "Clawd") });
    expect((await at.pass()).lines).toContain("  Changed: agents.list (hot)");
    expect(JSON.parse(await at.live())).toEqual({
      ...whole,
      agents: { defaults: { workspace: "~/ghq" }, list: [{ id: "main", name: "Clawd" }] },
      meta: { lastTouchedVersion: "2026.2.9" },
      commands: { native: "auto" },
    });
    expect((await at.pass()).lines).toEqual([]);
  });

  test("notices that only an included file has changed, by the paths that OpenClaw sees", async () => {
    for (const release of ["2026.2.9", "2026.9.6"] as const) {
      await using at = await start({ git: FILES, includes, release });
      await at.pass();
      const { ino } = await stat(at.pvcConfig);
      await at.publish({ ...FILES, "agents.json5": AGENTS.replace("Molty", "Clawd") });
      const { outcome, lines } = await at.pass();
      expect({ release, outcome }).toEqual({ release, outcome: "equal" });
      expect(lines).toContain("  Changed: agents.list (hot)");
      expect(await at.text("agents.json5")).toContain("Clawd");
      // 2026.2.9 watches the root only.
      expect((await stat(at.pvcConfig)).ino).not.toBe(ino);
      expect(await at.text("channels.json5")).toBe(CHANNELS);
    }
  });

  test("puts all files back if the gateway rejects one of them", async () => {
    await using at = await start({ git: FILES, includes });
    await at.pass();
    const before = await at.live();
    await at.publish({
      "openclaw.json": ROOT.replace("agents:", 'models: { $include: "./models.json5" },\n  agents:'),
      "agents.json5": AGENTS.replace('"Molty"', '"s3cret-value", nonsense: 1'),
      "channels.json5": CHANNELS,
      "models.json5": "{ providers: {} }",
    });
    expect(await at.pass()).toEqual({
      outcome: "rejected",
      lines: [
        "Config change detected in /mnt/config.d/openclaw.json",
        "WARNING: Config rejected, /mnt/openclaw.json stays as it is: agents: nonsense: ***",
      ],
    });
    expect(await at.live()).toBe(before);
    expect(await at.text("agents.json5")).toBe(AGENTS);
    expect(await exists(at.in("models.json5"))).toBeFalse();
  });

  test("rejects a config of which an included file is missing or broken, and touches nothing", async () => {
    await using at = await start({ live: OLD, git: { "openclaw.json": ROOT, "agents.json5": "{ list: [" }, includes });
    expect(await at.pass()).toEqual({
      outcome: "rejected",
      lines: [
        "WARNING: Config rejected, /mnt/openclaw.json stays as it is: " +
          "$include: agents.json5: invalid end of input at 1:10",
        "WARNING: Config rejected, /mnt/openclaw.json stays as it is: " +
          "$include: channels.json5: the ConfigMap has no such key",
      ],
    });
    expect(await at.live()).toBe(OLD);
    expect(await exists(at.in("agents.json5"))).toBeFalse();
  });

  test("removes a file that is no longer included, unless something else has changed it", async () => {
    await using at = await start({ live: OLD, git: FILES, includes, mode: "replace" });
    await at.pass();
    await at.edit(`${CHANNELS}// by hand\n`, "channels.json5");
    await at.publish(OLD);
    const { lines } = await at.pass();
    expect(lines).toContain("  No longer included, changed by something else, left as it is: channels.json5");
    expect(await at.live()).toBe(OLD);
    expect(await exists(at.in("agents.json5"))).toBeFalse();
    expect(await at.text("channels.json5")).toContain("// by hand");
  });

  test("does not lose an edit of an included file when Git changes another one", async () => {
    await using at = await start({ git: FILES, includes });
    await at.pass();
    await at.edit(CHANNELS.replace("{ discord", '{ telegram: { botToken: "${TELEGRAM}" }, discord'), "channels.json5");
    expect(await at.pass()).toEqual({ outcome: "equal", lines: [] });
    await at.publish({ ...FILES, "agents.json5": AGENTS.replace("Molty", "Clawd") });
    expect((await at.pass()).lines).toContain("  Changed: agents.list (hot)");
    expect(await at.text("agents.json5")).toContain("Clawd");
    expect(await at.text("agents.json5")).toContain("// agents");
    expect(await at.text("channels.json5")).toContain("telegram");
  });
});

describe("reconcile() with a gateway that reads another file", () => {
  const reading = (gateway: ConfigGateway, path: string): ConfigGateway => ({
    ...gateway,
    readView: async () => ({ ...(await gateway.readView()), path, hash: "hmac-sha256:v1:another" }),
  });

  test("delivers nothing, and says so once, with the setting that mends it", async () => {
    await using at = await start({ live: OLD, git: NEW });
    at.state.gateway = reading(at.gateway, at.in("other.json"));
    expect(await at.pass()).toEqual({
      outcome: "failed",
      lines: [
        "WARNING: Failed to update config: the gateway reads /mnt/other.json, not /mnt/openclaw.json " +
          "(set PVC_CONFIG=/mnt/other.json)",
      ],
    });
    expect(at.passes.lastOutcome).toBe("foreign");
    expect((await at.pass()).lines).toEqual([]);
    expect(await at.live()).toBe(OLD);
  });

  test("goes on when the next gateway reads ours", async () => {
    await using at = await start({ live: OLD, git: NEW });
    at.state.gateway = reading(at.gateway, at.in("other.json"));
    await at.pass();
    at.state.gateway = at.gateway;
    expect((await at.pass()).outcome).toBe("equal");
    expect(await at.live()).toBe(NEW);
  });
});

describe("reconcile() with a gateway that goes away", () => {
  test("waits for a gateway that announced a restart: it would start with an unvalidated file", async () => {
    await using at = await start({ live: OLD, git: NEW, isAway: true });
    at.state.isRestarting = true;
    expect(await at.pass()).toEqual({ outcome: "pending", lines: [] });
    expect(at.isUndelivered()).toBe(true);
    expect(await at.live()).toBe(OLD);
    Object.assign(at.state, { isRestarting: false, gateway: at.gateway });
    expect((await at.pass()).outcome).toBe("equal");
    expect(await at.live()).toBe(NEW);
  });

  test.each([
    ["announces a restart without end", { gateway: undefined, isRestarting: true }],
    ["goes away at each question", { isRestarting: false }],
  ])("delivers Git's change after three minutes beside a peer that %s", async (_, peer) => {
    await using at = await start({ live: OLD, git: NEW });
    Object.assign(at.state, { gateway: { ...at.gateway, readView: () => Promise.reject(gone()) } }, peer);
    const beganMs = at.clock.uptimeMs();
    while (at.clock.uptimeMs() - beganMs < 160_000) {
      expect((await at.pass()).outcome).toBe("pending");
      expect(await at.live()).toBe(OLD);
      at.clock.advance(5_000);
    }
    at.clock.advance(20_000);
    await at.pass();
    expect(await at.live()).toBe(NEW);
  });

  test("delivers nothing if the gateway goes away between login and delivery", async () => {
    await using at = await start({ live: OLD, git: NEW });
    at.state.gateway = { ...at.gateway, readView: () => Promise.reject(gone()) };
    expect(await at.pass()).toEqual({ outcome: "pending", lines: [] });
    expect(at.isUndelivered()).toBe(true);
    expect(await at.live()).toBe(OLD);
  });

  test("leaves the config in place if the gateway goes away in between, and validates it later", async () => {
    await using at = await start({ live: OLD, git: NEW });
    let asked = 0;
    // It answers when it is looked at first, when it is ready, and before the write.
    const readView = () => (++asked > 3 ? Promise.reject(gone()) : at.gateway.readView());
    at.state.gateway = { ...at.gateway, readView };
    const { outcome, lines } = await at.pass();
    expect(outcome).toBe("pending");
    expect(at.isUndelivered()).toBe(false);
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
  await using at = await start({ live: OLD, git: NEW, isAway: true });
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
    const none = { config_drift: false, config_rejected: false, config_held: false, config_foreign: false };
    expect(read()).toEqual(none);
    await kind.reconcile(STEADY);
    await writeFile(at.pvcConfig, OLD.replace("👀", "✅"));
    await kind.reconcile(STEADY);
    expect(read()).toEqual({ ...none, config_drift: true });
    await at.publish("{");
    await kind.reconcile(STEADY);
    expect(read()).toEqual({ ...none, config_rejected: true });
    await at.publish(NEW);
    await kind.reconcile(STEADY);
    expect(read()).toEqual(none);
  });

  test("reports a gateway that reads another file in its gauge, until one reads ours", async () => {
    await using at = await start({ live: OLD, git: NEW });
    const kind = createConfigReconciler(at.options);
    const read = () => Object.fromEntries(kind.gauges.map((gauge) => [gauge.name, gauge.read()]));
    const none = { config_drift: false, config_rejected: false, config_held: false };
    const foreign = { path: at.in("other.json"), hash: "hmac-sha256:v1:another" };
    at.state.gateway = { ...at.gateway, readView: async () => ({ ...(await at.gateway.readView()), ...foreign }) };
    await kind.reconcile(STEADY);
    expect(read()).toEqual({ ...none, config_foreign: true });
    at.state.gateway = at.gateway;
    await kind.reconcile(STEADY);
    expect(read()).toMatchObject({ config_foreign: false });
  });
});

describe("standing()", () => {
  const md5 = (text: string) => generationOf(text).md5;
  const inForce = (text: string) => ({ checksum: md5(text), state: "in-sync" as const, problems: [] });

  test("is that of the last pass: not known, in force, and still the former one after a swap", async () => {
    await using at = await start({ live: OLD, git: NEW });
    expect(at.passes.standing()).toBeUndefined();
    await at.pass();
    expect(at.passes.standing()).toEqual(inForce(NEW));
    await at.publish(OLD);
    expect(at.passes.standing()).toEqual(inForce(NEW));
    await at.pass();
    expect(at.passes.standing()).toEqual(inForce(OLD));
  });

  test("is pending while a pass delivers another config", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    const seen: unknown[] = [];
    const readView = () => {
      seen.push(at.passes.standing());
      return at.gateway.readView();
    };
    at.state.gateway = { ...at.gateway, readView };
    await at.publish(NEW);
    await at.pass();
    expect(seen).toContainEqual({ checksum: md5(NEW), state: "pending", problems: [] });
    expect(seen).not.toContainEqual(inForce(NEW));
    expect(at.passes.standing()).toEqual(inForce(NEW));
  });

  test("is rejected, with each problem and no value, by the gateway and by our own check", async () => {
    await using at = await start({ live: OLD, git: BAD });
    await at.pass();
    const refused = { checksum: md5(BAD), state: "rejected" as const };
    expect(at.passes.standing()).toMatchObject(refused);
    const { problems = [] } = at.passes.standing() ?? {};
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join()).toMatch(/^\w+: /);
    expect(problems.join()).not.toContain("s3cret-value");
    await at.pass();
    expect(at.passes.standing()).toEqual({ ...refused, problems });
    await at.publish("{");
    await at.pass();
    expect(at.passes.standing()).toEqual({
      checksum: md5("{"),
      state: "rejected",
      problems: ["invalid end of input at 1:2"],
    });
    await at.publish({ "other.json": "{}" });
    await at.pass();
    const missing = `there is no openclaw.json in ${at.in("config.d")}`;
    expect(at.passes.standing()).toEqual({ checksum: "none", state: "rejected", problems: [missing] });
  });

  test("is not in force without a gateway, unless the CLI is the only way to it", async () => {
    await using at = await start({ live: OLD, git: NEW, isAway: true });
    await at.pass();
    const pending = { checksum: md5(NEW), state: "pending" as const, problems: ["no gateway answers"] };
    expect(at.passes.standing()).toEqual(pending);
    at.state.gateway = at.gateway;
    await at.pass();
    expect(at.passes.standing()).toEqual(inForce(NEW));
    at.state.gateway = undefined;
    await at.pass();
    expect(at.passes.standing()).toEqual(pending);
    at.state.isRestarting = true;
    await at.pass();
    expect(at.passes.standing()).toEqual(pending);
    const overCli = createConfigPasses({ ...at.options, transport: { ...at.options.transport, usesCli: () => true } });
    at.state.isRestarting = false;
    await overCli.reconcile(STEADY);
    expect(overCli.standing()).toEqual(inForce(NEW));
  });

  test("is pending until a gateway that is late runs on it, and when it goes away before it does", async () => {
    await using at = await start({ live: NEW, git: NEW });
    const isNot: ConfigGateway["readView"] = async () => ({ ...(await at.gateway.readView()), isApplied: false });
    const shown = { ...at.gateway, readView: isNot };
    at.state.gateway = shown;
    for (let passes = 0; passes < 2; passes++) {
      await at.pass();
      expect(at.passes.standing()).toMatchObject({ checksum: md5(NEW), state: "pending" });
      expect(at.passes.standing()?.problems).toEqual([expect.stringMatching(/^a restart may be deferred /)]);
    }
    shown.readView = () => at.gateway.readView();
    await at.pass();
    expect(at.passes.standing()).toEqual(inForce(NEW));

    await at.publish(OLD);
    let asked = 0;
    const leaving = async () => {
      asked += 1;
      if (asked > 3) throw new ManagerError("unreachable", "config.get: gateway closed (1012)");
      return isNot();
    };
    at.state.gateway = { ...at.gateway, readView: leaving };
    await at.pass();
    expect(at.passes.standing()).toMatchObject({ checksum: md5(OLD), state: "pending" });
  });

  test("is pending while only the record of a former process says that it is rejected", async () => {
    await using at = await start({ live: OLD, git: BAD });
    await at.pass();
    expect(at.passes.standing()?.state).toBe("rejected");
    at.state.gateway = undefined;
    const anew = createConfigPasses(at.options);
    await anew.reconcile(STEADY);
    expect(anew.standing()).toMatchObject({ checksum: md5(BAD), state: "pending" });
    expect(anew.standing()?.problems.join()).toContain("recorded in");
    at.state.gateway = at.gateway;
    await anew.reconcile(STEADY);
    expect(anew.standing()?.state).toBe("rejected");
  });

  test("is pending if the pass is superseded before the gateway runs on it", async () => {
    await using at = await start({ live: OLD, git: NEW });
    await at.pass({ ...STEADY, isSuperseded: () => true });
    expect(at.passes.standing()).toMatchObject({ checksum: md5(NEW), state: "pending" });
  });

  test("is drifted, with the paths, while something else has changed the live file", async () => {
    await using at = await start({ live: OLD, git: OLD });
    await at.pass();
    await at.edit(OLD.replace("👀", "✅"));
    await at.pass();
    const problems = [`${at.pvcConfig} was changed by something else: messages.ackReaction`];
    expect(at.passes.standing()).toEqual({ checksum: md5(OLD), state: "drifted", problems });
  });

  test("is failed, with the reason, if a pass cannot do its work", async () => {
    await using at = await start({ live: OLD, git: NEW, isAway: true });
    await rm(at.pvcConfig);
    await mkdir(at.pvcConfig);
    await at.pass();
    expect(at.passes.standing()?.state).toBe("failed");
    expect(at.passes.standing()?.problems).toEqual([expect.stringMatching(/is a directory, expected a regular file/)]);
  });
});

describe("readMounted()", () => {
  test("has the checksum that the passes report, and names the file; none if only other files are there", async () => {
    await using at = await start({ live: OLD, git: NEW });
    const kind = createConfigReconciler(at.options);
    await kind.reconcile(STEADY);
    const { checksum = "" } = kind.standing?.() ?? {};
    expect(await kind.readMounted?.()).toEqual({ checksum, file: "openclaw.json" });
    await at.publish({ "openclaw.json": configOf('$include: "./a.json"'), "a.json": "{}" });
    await kind.reconcile(STEADY);
    expect(await kind.readMounted?.()).toEqual({
      checksum: kind.standing?.()?.checksum,
      file: "openclaw.json or an included file",
    });
    await at.publish({ "other.json": "{}" });
    expect(await kind.readMounted?.()).toEqual({ checksum: "none" });
    await at.publish({});
    expect(await kind.readMounted?.()).toEqual({ checksum: undefined });
    await rm(at.in("config.d"), { recursive: true });
    expect(await kind.readMounted?.()).toEqual({ checksum: undefined });
  });

  test("holds a change that restarts a busy gateway: outcome, standing, gauge and report", async () => {
    const text = (port: number) => configOf("").replace('mode: "local"', `mode: "local", port: ${port}`);
    await using at = await start({ live: text(1), git: text(1) });
    const work = { what: ["1 cron run"], isPartial: false };
    at.state.gateway = { ...at.gateway, readActiveWork: async () => work };
    const settings = { ...at.options.settings, restart: "when-idle" as const, restartDeadline: 60 };
    const kind = createConfigReconciler({ ...at.options, settings });
    const heldGauge = () => kind.gauges.find(({ name }) => name === "config_held")?.read();
    expect(await kind.reconcile(STEADY)).toEqual({ kind: "equal" });
    await at.publish(text(2));
    expect(await kind.reconcile(STEADY)).toEqual({ kind: "held" });
    expect([await at.live(), heldGauge()]).toEqual([text(1), true]);
    const held = { paths: ["gateway.port"] };
    expect(kind.standing?.()).toMatchObject({ state: "pending", problems: [], held });
    const report = await kind.report();
    expect(report.status().json).toMatchObject({ state: "pending", problems: [], held });
    expect(report.diff().json).toMatchObject({ action: "update", held });
    expect((await report.check()).applied).toEqual([
      expect.objectContaining({
        state: "warning",
        detail: expect.stringMatching(/^held until the gateway has no work, at most until \S+: gateway\.port$/),
        hint: "config-manager apply-held",
      }),
    ]);

    await at.publish("{");
    expect(await kind.reconcile(STEADY)).toEqual({ kind: "rejected" });
    expect([heldGauge(), kind.standing?.()?.held]).toEqual([false, undefined]);
    await at.publish(text(2));
    expect(await kind.reconcile(STEADY)).toEqual({ kind: "held" });
    work.what = [];
    expect(await kind.reconcile(STEADY)).toEqual({ kind: "equal" });
    expect([await at.live(), heldGauge()]).toEqual([text(2), false]);
  });
});
