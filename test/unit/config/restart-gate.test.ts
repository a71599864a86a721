// What goes in at once and what is held, with a gateway that says what the test lets it say.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { letHeldIn, readHeld } from "../../../lib/config/held-change.ts";
import type { ConfigUpdate } from "../../../lib/config/plan.ts";
import { createRestartGate } from "../../../lib/config/restart-gate.ts";
import { ManagerError } from "../../../lib/errors.ts";
import type { ActiveWork } from "../../../lib/gateway/active-work.ts";
import type { ConfigGateway } from "../../../lib/gateway/config-calls.ts";
import { GatewayRefusal, callError } from "../../../lib/gateway/refusal.ts";
import { createWarnings } from "../../../lib/reconcile/warnings.ts";
import { serveFile } from "../../support/config-gateway.ts";
import { createClock, createScratch, generationOf, thrownBy } from "../../support/fakes.ts";

const textOf = (port: number, prefix = "", mode = "hybrid") => `{
  gateway: { mode: "local", port: ${port}, reload: { mode: "${mode}" }, auth: { token: "\${OPENCLAW_GATEWAY_TOKEN}" } },
  channels: { telegram: { enabled: true, botToken: "\${TELEGRAM_BOT_TOKEN}" } },
  messages: { responsePrefix: "${prefix}" },
}`;
const OBSERVED = generationOf(textOf(1));
const CRON: ActiveWork = { what: ["1 cron run", "1 task"], isPartial: false };
const IDLE: ActiveWork = { what: [], isPartial: false };
const DEADLINE = 3_600;

function updateTo(text: string, paths: readonly string[]): ConfigUpdate {
  const desired = generationOf(text);
  const target = {
    live: desired,
    accepted: desired,
    mode: "verbatim" as const,
    dropped: new Map(),
    drift: [],
    notInGit: [],
    migrated: [],
    changedAtStart: [],
    isRestored: false,
  };
  return { kind: "update", desired, target, paths: [...paths], warnings: [], isHealing: false, fallback: undefined };
}

const PORT = updateTo(textOf(2), ["gateway.port"]);
const HOT = updateTo(textOf(1, "hi"), ["messages.responsePrefix"]);
const BOTH = updateTo(textOf(2, "hi"), ["gateway.port", "messages.responsePrefix"]);

type Work = ActiveWork | ManagerError;

async function start(restart: "now" | "when-idle" = "when-idle") {
  const scratch = await createScratch();
  const clock = createClock();
  const lines: string[] = [];
  const failures: ManagerError[] = [];
  const says: { work: Work; lookups: number } = { work: CRON, lookups: 0 };
  const gateway: ConfigGateway = {
    ...serveFile(scratch.in("openclaw.json")).gateway,
    async lookUpReload(path) {
      says.lookups += 1;
      return path.startsWith("gateway") ? "restart" : "hot";
    },
    async readActiveWork() {
      if (says.work instanceof ManagerError) throw says.work;
      return says.work;
    },
  };
  const log = (line: string) => void lines.push(line);
  const settings = { checksumDir: scratch.in("sums"), restart, restartDeadline: DEADLINE };
  const onUnrecorded = (error: ManagerError) => void failures.push(error);
  const create = () => createRestartGate({ settings, log, warnings: createWarnings(log), clock, onUnrecorded });
  const gate = create();
  return {
    gate,
    lines,
    create,
    clock,
    says,
    gateway,
    failures,
    sums: settings.checksumDir,
    /** Whether it is held, and the lines that this logs. */
    async admit(update: ConfigUpdate, by: ConfigGateway | undefined = gateway, at = gate) {
      lines.length = 0;
      return { isHeld: (await at.admit(update, OBSERVED, by)) !== undefined, lines: [...lines] };
    },
    async clear() {
      lines.length = 0;
      await gate.clear();
      return [...lines];
    },
    read: () => readHeld(settings.checksumDir),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

const refusal = (error: ConstructorParameters<typeof GatewayRefusal>[0]) =>
  callError("gateway.restart.preflight", new GatewayRefusal(error));

describe("admit()", () => {
  test("asks nobody without when-idle", async () => {
    await using at = await start("now");
    expect(await at.admit(PORT)).toEqual({ isHeld: false, lines: [] });
    expect(at.says.lookups).toBe(0);
  });

  test("holds a change that restarts a gateway with work, and tells it once", async () => {
    await using at = await start();
    const until = new Date(at.clock.nowMs() + DEADLINE * 1000);
    expect(await at.admit(BOTH)).toEqual({
      isHeld: true,
      lines: [
        `Config change held until the gateway has no work (1 cron run, 1 task), at most until ${until.toISOString().replace(".000", "")}: gateway.port (restart); held with it: messages.responsePrefix (hot) (config-manager apply-held lets it in now)`,
      ],
    });
    expect(await at.read()).toEqual({ checksum: BOTH.desired.md5, paths: BOTH.paths, untilMs: until.getTime() });
    at.clock.advance(500);
    expect(await at.admit(BOTH)).toEqual({ isHeld: true, lines: [] });
    expect(at.says.lookups).toBe(2); // each path once, not at each pass
    at.says.work = IDLE;
    expect(await at.admit(BOTH)).toEqual({
      isHeld: false,
      lines: ["Held config change goes in: the gateway has no work"],
    });
    expect(await at.read()).toBeUndefined();
    expect(at.gate.held).toBeUndefined();
  });

  test("lets in what restarts nothing, or a gateway without work", async () => {
    await using at = await start();
    expect(await at.admit(HOT)).toEqual({ isHeld: false, lines: [] });
    at.says.work = IDLE;
    expect(await at.admit(PORT)).toEqual({ isHeld: false, lines: [] });
  });

  test.each([
    ["off", "off", false],
    ["hot", "hot", false],
    ["hot", "hybrid", true],
  ])("with gateway.reload.mode %s, then %s, holds a port: %p", async (from, to, isHeld) => {
    await using at = await start();
    const update = updateTo(textOf(2, "", to), ["gateway.port"]);
    expect((await at.gate.admit(update, generationOf(textOf(1, "", from)), at.gateway)) !== undefined).toBe(isHeld);
  });

  test("holds a hot change where the mode is restart: it restarts the gateway too", async () => {
    await using at = await start();
    const update = updateTo(textOf(1, "hi", "restart"), ["messages.responsePrefix"]);
    expect(await at.gate.admit(update, generationOf(textOf(1, "", "restart")), at.gateway)).toBeDefined();
    expect(at.lines).toEqual([expect.stringContaining("Z: messages.responsePrefix (hot) (config-manager")]);
  });

  test("lets it in at the deadline, which a newer change does not move", async () => {
    await using at = await start();
    await at.admit(PORT);
    at.clock.advance(DEADLINE * 1000 - 1);
    const newer = await at.admit(BOTH);
    expect([newer.isHeld, newer.lines.length]).toEqual([true, 1]);
    at.clock.advance(1);
    expect(await at.admit(BOTH)).toEqual({
      isHeld: false,
      lines: [`Held config change goes in: the deadline of ${DEADLINE} s is over, with 1 cron run, 1 task`],
    });
    expect((await at.admit(PORT)).isHeld).toBeTrue(); // a deadline of its own
  });

  test("lets in what a person lets in, and nothing newer", async () => {
    await using at = await start();
    await at.admit(PORT);
    const held = await at.read();
    if (held) await letHeldIn(at.sums, held);
    expect((await at.admit(BOTH)).isHeld).toBeTrue();
    expect(await at.admit(PORT)).toEqual({
      isHeld: false,
      lines: ["Held config change goes in: a person lets it in"],
    });
    expect((await at.admit(PORT)).isHeld).toBeTrue(); // it counts once
  });

  test("holds it still in the next container, until the same time", async () => {
    await using at = await start();
    await at.admit(PORT);
    const before = await at.read();
    at.clock.advance(600_000);
    const next = at.create();
    const { isHeld, lines } = await at.admit(PORT, at.gateway, next);
    expect([isHeld, lines.length]).toEqual([true, 1]); // its log starts anew
    expect(await at.read()).toEqual(before);
    at.clock.advance((DEADLINE - 600) * 1000);
    expect((await at.admit(PORT, at.gateway, next)).isHeld).toBeFalse();
  });

  test.each(["", "{", "[]", '{"checksum":1}', '{"checksum":"x","paths":[],"untilMs":1e300}'])(
    "takes a record that is not ours for none: %p",
    async (text) => {
      await using at = await start();
      await at.admit(PORT);
      await writeFile(join(at.sums, "config-held"), text);
      expect((await at.admit(PORT, at.gateway, at.create())).isHeld).toBeTrue();
      expect((await at.read())?.checksum).toBe(PORT.desired.md5);
    },
  );

  test("holds a record from the future no longer than the deadline", async () => {
    await using at = await start();
    await at.admit(PORT);
    const record = { checksum: PORT.desired.md5, paths: [], untilMs: at.clock.nowMs() + 1e10 };
    await writeFile(join(at.sums, "config-held"), JSON.stringify(record));
    const next = at.create();
    expect((await at.admit(PORT, at.gateway, next)).isHeld).toBeTrue();
    at.clock.advance(DEADLINE * 1000);
    expect((await at.admit(PORT, at.gateway, next)).isHeld).toBeFalse();
  });

  test("keeps holding for a minute without an answer, then lets it in", async () => {
    await using at = await start();
    expect((await at.gate.admit(PORT, OBSERVED, undefined)) === undefined).toBeTrue(); // nothing was held
    await at.admit(PORT);
    const away = async () => (await at.gate.admit(PORT, OBSERVED, undefined)) !== undefined;
    at.clock.advance(59_999);
    expect(await away()).toBeTrue();
    at.clock.advance(1);
    expect(await away()).toBeFalse();
  });

  test("holds it while the gateway restarts, which answers no such call then", async () => {
    await using at = await start();
    at.says.work = refusal({ code: "UNAVAILABLE", message: "unavailable during gateway restart" });
    expect((await at.admit(PORT)).isHeld).toBeTrue();
  });

  test("lets it in where the gateway does not say what it does, and tells that once", async () => {
    await using at = await start();
    at.says.work = refusal({ code: "INVALID_REQUEST", message: "unknown method: cron.list" });
    const line = "WARNING: --restart when-idle holds nothing: OpenClaw 2026.2.9 does not say whether it has work";
    expect(await at.admit(PORT)).toEqual({ isHeld: false, lines: [line] });
    expect(await at.admit(BOTH)).toEqual({ isHeld: false, lines: [] });
  });

  test("waits for cron runs where the gateway tells of no other work, and tells that once", async () => {
    await using at = await start();
    at.says.work = { what: ["1 cron run"], isPartial: true };
    const { isHeld, lines } = await at.admit(PORT);
    expect([isHeld, lines[0]]).toEqual([
      true,
      "WARNING: --restart when-idle waits for cron runs only: OpenClaw 2026.2.9 does not tell of other work",
    ]);
    expect((await at.admit(BOTH)).lines.filter((line) => line.startsWith("WARNING"))).toEqual([]);
  });

  test("throws what else a call ends with: the next pass asks again", async () => {
    await using at = await start();
    at.says.work = new ManagerError("interrupted", "gateway closed");
    expect(await thrownBy(() => at.gate.admit(PORT, OBSERVED, at.gateway))).toMatchObject({ code: "interrupted" });
  });

  test("holds it without a record where none can be written, and says so", async () => {
    await using at = await start();
    await writeFile(at.sums, "a file in place of the directory");
    expect((await at.admit(PORT)).isHeld).toBeTrue();
    expect(at.failures).toHaveLength(1);
    expect((await at.admit(PORT)).isHeld).toBeTrue();
    expect(await readFile(at.sums, "utf8")).toStartWith("a file");
  });
});

describe("clear()", () => {
  test("withdraws what is held, with a line, and says nothing else", async () => {
    await using at = await start();
    expect(await at.clear()).toEqual([]);
    await at.admit(PORT);
    expect(await at.clear()).toEqual(["Held config change is withdrawn: Git says something else, or it is in place"]);
    expect([at.gate.held, await at.read(), await at.clear()]).toEqual([undefined, undefined, []]);
  });

  test("removes the record of a former container", async () => {
    await using at = await start();
    await at.admit(PORT);
    await at.create().clear();
    expect(await at.read()).toBeUndefined();
  });
});
