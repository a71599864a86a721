import { mkdir, symlink } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { ForeignPathError, createForeignCheck } from "../../../lib/config/foreign.ts";
import type { Generation } from "../../../lib/config/generation.ts";
import { ManagerError, toResult } from "../../../lib/errors.ts";
import { type ConfigGateway, type ConfigView, REDACTED } from "../../../lib/gateway/config-calls.ts";
import { createScratch, generationOf, refusalOf } from "../../support/fakes.ts";

const LIVE = generationOf(`{
  gateway: { mode: "local", auth: { token: "s3cret" } },
  channels: { discord: { token: "\${DISCORD_TOKEN}", allowFrom: ["+49"] } },
}`);
/** The same, as a gateway sends it. */
const SENT = {
  gateway: { mode: "local", auth: { token: REDACTED } },
  channels: { discord: { token: REDACTED, allowFrom: ["+49"] } },
};
const OURS = "/home/node/.openclaw/openclaw.json";
const THEIRS = "/data/openclaw.json";

/** Asks a gateway that shows these views, the last one forever. */
async function find(...views: Partial<ConfigView>[]) {
  let asked = 0;
  const pauses: number[] = [];
  const readView = async (): Promise<ConfigView> => {
    const view = views[Math.min(asked, views.length - 1)];
    asked += 1;
    const usual = { path: THEIRS, parsed: undefined, isValid: true, issues: [], warnings: [], isApplied: undefined };
    return { ...usual, hash: "hmac-sha256:v1:x", ...view };
  };
  const pause = async (ms: number) => void pauses.push(ms);
  return { path: await foreignPathOf(readView, { pause }), asked, pauses };
}

interface Place {
  pvcConfig?: string;
  live?: Generation | undefined;
  pause?: (ms: number) => Promise<void>;
}

/** The other path that the check finds; undefined if it finds none. */
async function foreignPathOf(readView: ConfigGateway["readView"], place: Place = {}): Promise<string | undefined> {
  const { pvcConfig = OURS, pause = async () => undefined } = place;
  const live = "live" in place ? place.live : LIVE;
  const check = createForeignCheck(pvcConfig, async () => live, pause);
  const error = await toResult(check(gatewayOf(readView)));
  if (error === undefined) return undefined;
  if (!(error instanceof ForeignPathError)) throw error;
  return /^the gateway reads (.*), not /.exec(error.message)?.[1];
}

function gatewayOf(readView: ConfigGateway["readView"]): ConfigGateway {
  const nobody = () => Promise.reject(new Error("nobody should ask"));
  const calls = {
    readView,
    readIssues: nobody,
    readReload: nobody,
    readSchema: async () => undefined,
    readActiveWork: () => Promise.reject(new Error("nobody should ask")),
    lookUpReload: nobody,
  };
  return { release: "2026.9.6", processStartedMs: undefined, start: undefined, ...calls };
}

describe("createForeignCheck()", () => {
  test("finds nothing if the gateway names our path, or none", async () => {
    for (const path of [OURS, "/home/node/x/../.openclaw/openclaw.json", undefined]) {
      expect(await find({ path })).toEqual({ path: undefined, asked: 1, pauses: [] });
    }
  });

  test("finds the other path if the content differs as well, and asks three times before it says so", async () => {
    expect(await find({ parsed: { gateway: { mode: "local" } } })).toEqual({
      path: THEIRS,
      asked: 3,
      pauses: [500, 500],
    });
  });

  test("finds nothing if the same volume is mounted at another path: the bytes are the same", async () => {
    expect(await find({ hash: LIVE.root.sha256 })).toMatchObject({ path: undefined, asked: 1 });
  });

  test("finds nothing if the values are the same, except for secrets that the gateway hides", async () => {
    expect(await find({ parsed: SENT })).toMatchObject({ path: undefined, asked: 1 });
    const reordered = { channels: SENT.channels, gateway: SENT.gateway };
    expect(await find({ parsed: reordered })).toMatchObject({ path: undefined });
  });

  test.each<[string, unknown]>([
    ["has another value", { ...SENT, gateway: { mode: "remote", auth: { token: REDACTED } } }],
    ["has a key more", { ...SENT, meta: {} }],
    ["has a key less", { gateway: SENT.gateway }],
    ["has another key", { gateway: SENT.gateway, channel: SENT.channels }],
    ["has a longer list", { ...SENT, channels: { discord: { token: REDACTED, allowFrom: ["+49", "+1"] } } }],
    ["is no object", []],
    ["does not parse", undefined],
    ["inherits what ours has", Object.create(SENT)],
  ])("takes a config that %s for another file", async (_, parsed) => {
    expect((await find({ parsed })).path).toBe(THEIRS);
  });

  test("looks again at the file and the view: the answer may be of the file before", async () => {
    const found = await find({ parsed: {} }, { parsed: {} }, { parsed: SENT });
    expect(found).toEqual({ path: undefined, asked: 3, pauses: [500, 500] });
  });

  test("takes any content for foreign if there is no live file", async () => {
    const readView = async () => ({
      path: THEIRS,
      isValid: true,
      issues: [],
      warnings: [],
      isApplied: undefined,
      parsed: {},
      hash: undefined,
    });
    expect(await foreignPathOf(readView, { live: undefined })).toBe(THEIRS);
  });

  test("sees through a directory that is a link", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("real"));
    await symlink("real", scratch.in("link"));
    const view = { parsed: {}, isValid: true, issues: [], warnings: [], isApplied: undefined, hash: undefined };
    const readView = async () => ({ ...view, path: scratch.in("link", "openclaw.json") });
    const find = (name: string) => foreignPathOf(readView, { pvcConfig: scratch.in("real", name), live: undefined });
    expect(await find("openclaw.json")).toBeUndefined();
    expect(await find("other.json")).toBe(scratch.in("link", "openclaw.json"));
  });

  test("throws what the gateway throws", async () => {
    const gone = new ManagerError("unreachable", "config.get: gateway closed (1006)");
    const readView = () => Promise.reject(gone);
    expect(await refusalOf(foreignPathOf(readView))).toBe(gone);
  });

  test("asks each gateway once if it reads ours, and again if it does not", async () => {
    const check = createForeignCheck(
      OURS,
      async () => LIVE,
      async () => undefined,
    );
    let asked = 0;
    const reading = (path: string) =>
      gatewayOf(async () => {
        asked += 1;
        const view = { parsed: {}, isValid: true, issues: [], warnings: [], isApplied: undefined, hash: undefined };
        return { ...view, path };
      });
    const [ours, theirs] = [reading(OURS), reading(THEIRS)];
    for (const _ of [1, 2]) await check(ours);
    expect(asked).toBe(1);
    for (const _ of [1, 2]) expect(await refusalOf(check(theirs))).toBeInstanceOf(ForeignPathError);
    expect(asked).toBe(7);
  });
});

describe("ForeignPathError", () => {
  const errorFor = (path: string) => {
    const view = { parsed: {}, isValid: true, issues: [], warnings: [], isApplied: undefined, hash: undefined };
    const check = createForeignCheck(
      OURS,
      async () => LIVE,
      async () => undefined,
    );
    return refusalOf(check(gatewayOf(async () => ({ ...view, path }))));
  };
  test("advises the setting if we can write there", async () => {
    await using scratch = await createScratch();
    const path = scratch.in("openclaw.json");
    expect(await errorFor(path)).toMatchObject({
      code: "file",
      message: `the gateway reads ${path}, not ${OURS}`,
      hint: `set PVC_CONFIG=${path}`,
    });
  });

  test("advises to change the gateway, or to mount its volume, if there is no such directory here", async () => {
    expect((await errorFor("/nowhere/openclaw.json")).hint).toBe(
      "unset OPENCLAW_CONFIG_PATH and OPENCLAW_STATE_DIR of the gateway, or mount its volume here and set PVC_CONFIG",
    );
  });
});
