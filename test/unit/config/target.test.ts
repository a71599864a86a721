// What the live files should be: Git's bytes, or Git's change on what is live.

import { MAX_CONFIG_BYTES } from "../../../lib/files/regular-file.ts";
import { describe, expect, test } from "bun:test";
import { mergeThreeWay } from "../../../lib/reconcile/merge.ts";
import type { Generation } from "../../../lib/config/generation.ts";
import type { ConfigState } from "../../../lib/config/observe.ts";
import { type Target, type TargetPolicy, chooseTarget, differences } from "../../../lib/config/target.ts";
import { fileOf, generationOf, textsOf } from "../../support/fakes.ts";

/** What Git has, in the words of an older release: `routing` is a key that OpenClaw migrates. */
const GIT = `// openclaw.json
{
  gateway: { mode: "local", auth: { mode: "token", token: "\${OPENCLAW_GATEWAY_TOKEN}" } },
  agents: { list: [{ id: "main", model: "litellm/claude" }] },
  channels: { discord: { enabled: true, token: "\${DISCORD_TOKEN}" } },
  models: { providers: { litellm: { baseUrl: "http://localhost:4000", models: [] } } },
  routing: { allowFrom: ["+4912345"] },
}
`;
/** Git's next commit. */
const NEXT = GIT.replace("http://localhost:4000", "http://litellm:4000");

type Value = Record<string, unknown>;

/** What the tests change of it. */
interface Config {
  agents: { list: object[] };
  channels: { discord: { enabled: boolean; allowFrom?: string[] }; telegram?: object };
  models: { providers: { litellm: { baseUrl: string } } };
  routing: { allowFrom: string[] };
  meta?: object;
  plugins?: object;
}

const valueOf = (generation: Generation | undefined): Value =>
  generation?.resolved.kind === "parsed" ? generation.resolved.value : { problem: generation?.problems };

/** The live file after a start of OpenClaw: a stamp, a plugin entry, and `routing` under its new name. */
const STARTED = toJson((config) => {
  config.meta = { lastTouchedVersion: "2026.9.6" };
  config.plugins = { entries: { discord: { enabled: true } } };
  config.channels.discord.allowFrom = config.routing.allowFrom;
  Reflect.deleteProperty(config, "routing");
});

/** A JSON file with Git's values and this change, as a program writes it. */
function toJson(change: (config: Config) => void = () => {}): string {
  const config = structuredClone(valueOf(generationOf(GIT))) as unknown as Config;
  change(config);
  return `${JSON.stringify(config, null, 2)}\n`;
}

interface Situation {
  observed?: string | Generation;
  desired?: string | Generation;
  /** What the record on the volume has. */
  applied?: string | Generation;
  /** What `$CHECKSUM_DIR/config` is the checksum of. Defaults to the record: it counts. */
  lastApplied?: string | Generation | null;
  accepted?: string | Generation;
  acceptedMs?: number;
  /** What a delivery that was interrupted was about to apply. */
  pending?: string | Generation;
  changedMs?: number;
  /** When OpenClaw kept a backup. Defaults to the time of the change: it is its own write. */
  backupMs?: number | undefined;
  /** The file that a gateway has replaced by its own backup. */
  clobbered?: string;
}

const whole = (content: string | Generation | undefined) =>
  typeof content === "string" ? generationOf(content) : content;

const PLAIN: TargetPolicy = { mode: "auto", selfHeal: false, isPodStart: false, start: undefined, before: undefined };

function target(situation: Situation, policy: Partial<TargetPolicy> = {}): Target {
  const { applied, desired = NEXT, lastApplied = applied } = situation;
  const state: ConfigState = {
    desired: whole(desired),
    observed: whole(situation.observed),
    changedMs: situation.changedMs,
    backupMs: "backupMs" in situation ? situation.backupMs : situation.changedMs,
    lastApplied: lastApplied === null ? undefined : whole(lastApplied)?.md5,
    pending: whole(situation.pending)?.md5,
    applied: whole(applied),
    accepted: whole(situation.accepted),
    acceptedMs: situation.acceptedMs,
    lastGood: undefined,
    lastGoodBase: undefined,
    clobbered: situation.clobbered === undefined ? undefined : fileOf(situation.clobbered),
    rejection: undefined,
    obstacles: [],
  };
  return chooseTarget(state, whole(desired) as Generation, { ...PLAIN, ...policy });
}

const VERBATIM = { mode: "verbatim", drift: [], notInGit: [], migrated: [], changedAtStart: [] } as const;

describe("chooseTarget() of a live file that nobody has touched", () => {
  test("is Git's bytes if a merge would be larger than what is read: nobody could read it again", () => {
    const edited = JSON.stringify({ ...valueOf(generationOf(GIT)), text: "x".repeat(MAX_CONFIG_BYTES - 2_000) });
    const desired = NEXT.replace("{", `{ note: "${"y".repeat(2_000)}",`);
    const chosen = target({ applied: GIT, observed: edited, desired });
    expect(chosen).toMatchObject({ mode: "verbatim", drift: [] });
    expect(textsOf(chosen.live)).toEqual({ "openclaw.json": desired });
  });

  test("is Git's bytes, comments and all", () => {
    const chosen = target({ applied: GIT, observed: GIT });
    expect(chosen).toMatchObject(VERBATIM);
    expect(textsOf(chosen.live)).toEqual({ "openclaw.json": NEXT });
    expect(textsOf(chosen.accepted)).toEqual({ "openclaw.json": NEXT });
  });

  test("counts as delivered where the delivery was interrupted after its files were in place", () => {
    // Git goes back: what it changed in between must go back too, and nothing else has touched the file.
    const chosen = target({ applied: GIT, pending: NEXT, observed: NEXT, desired: GIT });
    expect(chosen).toMatchObject(VERBATIM);
    expect(textsOf(chosen.live)).toEqual({ "openclaw.json": GIT });
  });

  test("counts as unknown where the delivery was interrupted before or within: Git's values win", () => {
    const chosen = target({ applied: GIT, pending: NEXT, observed: STARTED, desired: GIT });
    const kept = chosen.live.value;
    expect(chosen.drift).toEqual([]);
    expect(mergeThreeWay(undefined, generationOf(GIT).value, kept)).toEqual(kept);
  });

  test("is Git's bytes if they are in place already, whatever the records say", () => {
    for (const applied of [GIT, NEXT, undefined]) {
      const chosen = target({ observed: NEXT, ...(applied ? { applied } : {}) });
      expect(chosen).toMatchObject(VERBATIM);
      expect(textsOf(chosen.live)).toEqual({ "openclaw.json": NEXT });
    }
  });

  test("is Git's bytes if there is no live file, or one that does not parse", () => {
    for (const observed of [undefined, "", "{", "[]"]) {
      const chosen = target({ applied: GIT, ...(observed === undefined ? {} : { observed }) });
      expect(chosen).toMatchObject(VERBATIM);
      expect(textsOf(chosen.live)).toEqual({ "openclaw.json": NEXT });
    }
  });
});

describe("chooseTarget() of a live file that something else has changed", () => {
  test("has Git's change only, as JSON", () => {
    const chosen = target({ applied: GIT, observed: STARTED });
    expect(chosen.mode).toBe("merged");
    const expected = JSON.parse(STARTED);
    expected.models.providers.litellm.baseUrl = "http://litellm:4000";
    expect(JSON.parse(textsOf(chosen.live)?.["openclaw.json"] ?? "")).toEqual(expected);
  });

  test("is the live file, byte for byte, if Git has changed nothing", () => {
    const chosen = target({ desired: GIT, applied: GIT, observed: STARTED, accepted: STARTED });
    expect(textsOf(chosen.live)).toEqual({ "openclaw.json": STARTED });
  });

  test("is Git's bytes if it says the same as they do", () => {
    const chosen = target({ applied: GIT, observed: toJson() });
    expect(chosen.mode).toBe("verbatim");
    expect(textsOf(chosen.live)).toEqual({ "openclaw.json": NEXT });
  });

  test("takes out what Git drops, and keeps what was added beside it", () => {
    const desired = GIT.replace(/ {2}channels: .*\n/, "");
    const chosen = target({ desired, applied: GIT, observed: STARTED });
    expect(valueOf(chosen.live).channels).toEqual({ discord: { allowFrom: ["+4912345"] } });
    expect(valueOf(chosen.live).plugins).toEqual({ entries: { discord: { enabled: true } } });
  });

  test("names what is not in Git, and the keys that OpenClaw has migrated, when its start is known", () => {
    const chosen = target({ applied: GIT, observed: STARTED, accepted: STARTED });
    expect(chosen).toMatchObject({
      drift: [],
      notInGit: ["channels.discord.allowFrom", "plugins.entries.discord.enabled", "routing.allowFrom"],
      migrated: ["routing.allowFrom"],
    });
  });

  test("does not call a key migrated whose value OpenClaw has changed at its start", () => {
    const accepted = toJson((config) => {
      config.models.providers.litellm.baseUrl = "http://localhost:4000/v1";
    });
    const chosen = target({ desired: GIT, applied: GIT, observed: accepted, accepted });
    expect(chosen).toMatchObject({ drift: [], notInGit: ["models.providers.litellm.baseUrl"], migrated: [] });
  });

  test("tells drift, where Git declares the path, from what is not in Git", () => {
    const observed = toJson((config) => {
      config.channels.discord.enabled = false;
      config.channels.telegram = { botToken: "${TELEGRAM_TOKEN}" };
      Reflect.deleteProperty(config, "routing");
    });
    const chosen = target({ desired: GIT, applied: GIT, observed });
    expect(chosen.drift).toEqual(["channels.discord.enabled", "routing.allowFrom"]);
    expect(chosen.notInGit).toEqual(["channels.telegram.botToken"]);
    expect(chosen.migrated).toEqual([]);
    expect(textsOf(chosen.live)).toEqual({ "openclaw.json": observed });
    expect(textsOf(chosen.accepted)).not.toEqual({ "openclaw.json": observed });
  });

  test("leaves no drift where Git's change has overwritten it", () => {
    const observed = toJson((config) => {
      config.models.providers.litellm.baseUrl = "http://by-hand:4000";
    });
    const chosen = target({ applied: GIT, observed });
    expect(valueOf(chosen.live)).toMatchObject({
      models: { providers: { litellm: { baseUrl: "http://litellm:4000" } } },
    });
    expect(chosen.drift).toEqual([]);
  });

  test("keeps drift of another path when Git changes, and still names it", () => {
    const observed = toJson((config) => {
      config.channels.discord.enabled = false;
    });
    const chosen = target({ applied: GIT, observed });
    expect(valueOf(chosen.live)).toMatchObject({
      models: { providers: { litellm: { baseUrl: "http://litellm:4000" } } },
      channels: { discord: { enabled: false } },
    });
    expect(chosen.drift).toEqual(["channels.discord.enabled"]);
    expect(valueOf(chosen.accepted)).toMatchObject({ channels: { discord: { enabled: true } } });
  });

  test("takes no item for drift that something else has put into a list with ids", () => {
    const withItem = (put: (list: object[], item: object) => void) =>
      toJson((config) => put(config.agents.list, { id: "visitor", model: "x" }));
    const behind = target({ desired: GIT, applied: GIT, observed: withItem((list, item) => list.push(item)) });
    expect([behind.drift, behind.notInGit]).toEqual([[], ["agents.list"]]);
    const before = target({ desired: GIT, applied: GIT, observed: withItem((list, item) => list.unshift(item)) });
    expect([before.drift, before.notInGit]).toEqual([[], ["agents.list"]]);
  });

  test("does not name the stamp", () => {
    const observed = toJson((config) => {
      config.meta = { lastTouchedVersion: "2026.9.6" };
    });
    expect(target({ desired: GIT, applied: GIT, observed })).toMatchObject({ drift: [], notInGit: [] });
  });
});

describe("chooseTarget() with selfHeal", () => {
  const EDITED = toJson((config) => {
    config.channels.discord.enabled = false;
    config.channels.telegram = { botToken: "${TELEGRAM_TOKEN}" };
  });

  test("puts back what Git declares, and nothing else", () => {
    const chosen = target({ desired: GIT, applied: GIT, observed: EDITED }, { selfHeal: true });
    expect(valueOf(chosen.live)).toEqual({
      ...valueOf(generationOf(GIT)),
      channels: {
        discord: { enabled: true, token: "${DISCORD_TOKEN}" },
        telegram: { botToken: "${TELEGRAM_TOKEN}" },
      },
    });
    expect(chosen.drift).toEqual(["channels.discord.enabled"]);
  });

  test("does not put back what OpenClaw has migrated or changed at its start", () => {
    const observed = toJson((config) => {
      config.models.providers.litellm.baseUrl = "http://by-hand:4000";
      config.meta = { lastTouchedVersion: "2026.9.6" };
      config.channels.discord.allowFrom = config.routing.allowFrom;
      Reflect.deleteProperty(config, "routing");
    });
    const situation = { desired: GIT, applied: GIT, observed, accepted: STARTED };
    const chosen = target(situation, { selfHeal: true });
    expect(valueOf(chosen.live)).not.toHaveProperty("routing");
    expect(valueOf(chosen.live)).toMatchObject({
      models: { providers: { litellm: { baseUrl: "http://localhost:4000" } } },
    });
    expect(chosen.drift).toEqual(["models.providers.litellm.baseUrl"]);
  });

  test("delivers Git's change and heals in one go", () => {
    const chosen = target({ applied: GIT, observed: EDITED }, { selfHeal: true });
    expect(valueOf(chosen.live)).toMatchObject({
      channels: { discord: { enabled: true } },
      models: { providers: { litellm: { baseUrl: "http://litellm:4000" } } },
    });
  });

  test("puts back an item of a list by its id, without its neighbours", () => {
    const observed = toJson((config) => {
      config.agents.list = [{ id: "main", model: "other", extra: 1 }, { id: "visitor" }];
    });
    const chosen = target({ desired: GIT, applied: GIT, observed }, { selfHeal: true });
    expect(valueOf(chosen.live).agents).toEqual({
      list: [{ id: "main", model: "litellm/claude", extra: 1 }, { id: "visitor" }],
    });
  });
});

describe("chooseTarget() and the modes", () => {
  test("is Git's bytes in the mode replace, and every difference is drift once they were applied", () => {
    const changed = target({ applied: GIT, observed: STARTED }, { mode: "replace" });
    expect(changed).toMatchObject(VERBATIM);
    expect(textsOf(changed.live)).toEqual({ "openclaw.json": NEXT });
    const same = target({ desired: GIT, applied: GIT, observed: STARTED }, { mode: "replace" });
    expect(same.drift).toEqual(["channels.discord.allowFrom", "plugins.entries.discord.enabled", "routing.allowFrom"]);
  });

  test("is Git's bytes at the start of a Pod in the mode auto, and merged in the mode merge", () => {
    const situation = { applied: GIT, lastApplied: null, observed: STARTED };
    const auto = target(situation, { isPodStart: true });
    expect(textsOf(auto.live)).toEqual({ "openclaw.json": NEXT });
    const merged = target(situation, { isPodStart: true, mode: "merge" });
    expect(merged.mode).toBe("merged");
    expect(valueOf(merged.live)).toMatchObject({ plugins: { entries: { discord: { enabled: true } } } });
    const replaced = target(situation, { isPodStart: true, mode: "replace" });
    expect(textsOf(replaced.live)).toEqual({ "openclaw.json": NEXT });
  });
});

describe("Target.mode", () => {
  const modeOf = (observed: string, policy: Partial<TargetPolicy> = {}) =>
    target({ desired: GIT, applied: GIT, observed }, policy).mode;
  const EDITED = toJson((config) => {
    config.channels.discord.enabled = false;
  });
  const EXTENDED = toJson((config) => {
    config.channels.telegram = {};
  });

  test("is verbatim if the live files say what Git says, in whatever bytes and with whatever stamp", () => {
    const stamped = toJson((config) => {
      config.meta = { lastTouchedVersion: "2026.9.6" };
    });
    for (const observed of [GIT, toJson(), stamped]) expect(modeOf(observed)).toBe("verbatim");
  });

  test("is merged while something else's change stays: drift, or a path that is not in Git", () => {
    expect(modeOf(EDITED)).toBe("merged");
    expect(modeOf(EXTENDED)).toBe("merged");
  });

  test("is verbatim if the drift is healed, and merged if a path that is not in Git stays", () => {
    expect(modeOf(EDITED, { selfHeal: true })).toBe("verbatim");
    expect(modeOf(EXTENDED, { selfHeal: true })).toBe("merged");
  });

  test("is verbatim in the mode replace", () => {
    expect(modeOf(EXTENDED, { mode: "replace" })).toBe("verbatim");
  });
});

describe("chooseTarget() without a record, or with one that does not count", () => {
  test("sets all that Git declares, and takes nothing out", () => {
    const desired = GIT.replace(/ {2}channels: .*\n/, "");
    for (const records of [
      {},
      { applied: GIT, lastApplied: null },
      { applied: GIT, lastApplied: "{}" },
      // Forged: it says that Git had everything that the live file has, so that all of it would go.
      { applied: STARTED, lastApplied: GIT },
    ]) {
      const chosen = target({ desired, observed: STARTED, ...records });
      const live = valueOf(chosen.live);
      expect(live.channels).toEqual(JSON.parse(STARTED).channels);
      expect(live.plugins).toEqual({ entries: { discord: { enabled: true } } });
      // The key that OpenClaw has migrated is a change of Git's again: the fallback of the plan knows better.
      expect(live.routing).toEqual({ allowFrom: ["+4912345"] });
      expect(chosen.drift).toEqual([]);
    }
  });

  test("knows what Git said if the checksum is that of what Git says now", () => {
    const observed = toJson((config) => {
      config.channels.discord.enabled = false;
    });
    const chosen = target({ desired: GIT, observed, lastApplied: GIT });
    expect(chosen.drift).toEqual(["channels.discord.enabled"]);
    expect(textsOf(chosen.live)).toEqual({ "openclaw.json": observed });
  });

  test("does not let an accepted config weigh without the record of what Git said", () => {
    const chosen = target({ observed: STARTED, accepted: STARTED });
    expect(valueOf(chosen.live)).toHaveProperty("routing");
  });
});

describe("chooseTarget() of what the gateway has changed at its start", () => {
  const start = { sinceMs: 1_000_000, readyMs: 1_030_000 };
  const AT_START = ["channels.discord.allowFrom", "plugins.entries.discord.enabled", "routing.allowFrom"];

  test.each([
    ["between its start and its readiness", 1_010_000],
    ["at its start", 1_000_000],
    ["when it was ready", 1_030_000],
  ])("takes a change %s for its own", (_, changedMs) => {
    const chosen = target({ desired: GIT, applied: GIT, observed: STARTED, changedMs }, { start });
    expect(chosen).toMatchObject({
      drift: [],
      changedAtStart: AT_START,
      notInGit: AT_START,
      migrated: ["routing.allowFrom"],
    });
    expect(textsOf(chosen.live)).toEqual({ "openclaw.json": STARTED });
    expect(textsOf(chosen.accepted)).toEqual({ "openclaw.json": STARTED });
  });

  test.each<[string, number | undefined]>([
    ["before its start", 999_999],
    ["long after it was ready", 1_032_001],
    ["at an unknown time", undefined],
  ])("does not take a change %s for its own", (_, changedMs) => {
    const situation = {
      desired: GIT,
      applied: GIT,
      observed: STARTED,
      ...(changedMs === undefined ? {} : { changedMs }),
    };
    const chosen = target(situation, { start });
    expect(chosen).toMatchObject({ drift: ["routing.allowFrom"], changedAtStart: [] });
  });

  test("does not take a change for its own if no gateway answers", () => {
    const chosen = target({ desired: GIT, applied: GIT, observed: STARTED, changedMs: 1_010_000 });
    expect(chosen).toMatchObject({ drift: ["routing.allowFrom"], changedAtStart: [] });
  });

  test("does not take a change for its own that came after a pass had accepted its write", () => {
    const situation = { desired: GIT, applied: GIT, observed: STARTED, accepted: GIT, changedMs: 1_010_000 };
    const backupMs = 1_009_700;
    const late = target({ ...situation, backupMs, acceptedMs: 1_009_800 }, { start });
    expect(late).toMatchObject({ drift: ["routing.allowFrom"], changedAtStart: [] });
    const own = target({ ...situation, backupMs, acceptedMs: 1_009_600 }, { start });
    expect(own).toMatchObject({ drift: [], changedAtStart: AT_START });
  });

  test("does not take a change for its own without a backup of the same moment: OpenClaw keeps one at each write", () => {
    const situation = { desired: GIT, applied: GIT, observed: STARTED, changedMs: 1_010_000 };
    for (const backupMs of [undefined, 1_008_999, 1_011_001, 900_000]) {
      const chosen = target({ ...situation, backupMs }, { start });
      expect(chosen).toMatchObject({ drift: ["routing.allowFrom"], changedAtStart: [] });
    }
    for (const backupMs of [1_009_000, 1_009_669, 1_010_000, 1_011_000]) {
      expect(target({ ...situation, backupMs }, { start })).toMatchObject({ drift: [], changedAtStart: AT_START });
    }
  });

  test("keeps it apart from an edit before the start, as far as this process has seen it", () => {
    const EDITED = toJson((config) => {
      config.channels.discord.enabled = false;
    });
    const observed = toJson((config) => {
      config.channels.discord.enabled = false;
      config.plugins = { entries: { discord: { enabled: true } } };
    });
    const situation = { desired: GIT, applied: GIT, observed, changedMs: 1_010_000 };
    const seen = target(situation, { start, before: generationOf(EDITED) });
    expect(seen).toMatchObject({
      changedAtStart: ["plugins.entries.discord.enabled"],
      drift: ["channels.discord.enabled"],
    });
    const unseen = target(situation, { start });
    expect(unseen).toMatchObject({
      changedAtStart: ["channels.discord.enabled", "plugins.entries.discord.enabled"],
      drift: [],
    });
  });

  test("adds the changes of the next start to those of the last one", () => {
    const observed = JSON.stringify({ ...JSON.parse(STARTED), commands: { native: "auto" } });
    const chosen = target({ desired: GIT, applied: GIT, observed, accepted: STARTED, changedMs: 1_010_000 }, { start });
    expect(chosen).toMatchObject({ drift: [], changedAtStart: ["commands.native"] });
    expect(valueOf(chosen.accepted)).toEqual(JSON.parse(observed));
  });

  test("tells nothing if only the stamp has changed", () => {
    const observed = toJson((config) => {
      config.meta = { lastTouchedVersion: "2026.9.6" };
    });
    const chosen = target({ desired: GIT, applied: GIT, observed, changedMs: 1_010_000 }, { start });
    expect(chosen).toMatchObject({ changedAtStart: [], drift: [] });
  });

  test("believes a record that equals Git's file in a new container: no agent runs before the gateway is ready", () => {
    const situation = { desired: GIT, applied: GIT, lastApplied: null, observed: STARTED, changedMs: 1_010_000 };
    const chosen = target(situation, { start });
    expect(textsOf(chosen.live)).toEqual({ "openclaw.json": STARTED });
    expect(chosen).toMatchObject({ changedAtStart: AT_START, drift: [] });
    // But not one that says something else.
    const forged = target({ ...situation, applied: STARTED }, { start });
    expect(valueOf(forged.live)).toHaveProperty("routing");
  });

  test("delivers Git's change on top of it", () => {
    const chosen = target({ applied: GIT, observed: STARTED, changedMs: 1_010_000 }, { start });
    expect(valueOf(chosen.live)).toEqual({
      ...JSON.parse(STARTED),
      models: { providers: { litellm: { baseUrl: "http://litellm:4000", models: [] } } },
    });
    expect(chosen.accepted.equals(chosen.live)).toBeTrue();
  });

  test("delivers Git's bytes where the gateway has put its own backup back", () => {
    const backup = toJson((config) => {
      Reflect.deleteProperty(config, "channels");
    });
    const situation = { desired: GIT, applied: GIT, observed: backup, clobbered: GIT, changedMs: 1_010_000 };
    const chosen = target(situation, { start });
    expect(textsOf(chosen.live)).toEqual({ "openclaw.json": GIT });
    expect(chosen).toMatchObject({ isRestored: true, changedAtStart: [], drift: [] });
    // The file that it has replaced is not what was delivered, or the gateway was not starting.
    expect(target({ ...situation, clobbered: "{}" }, { start }).isRestored).toBeFalse();
    expect(target(situation).isRestored).toBeFalse();
  });

  test("is told in the mode replace neither, since it does not stay", () => {
    const situation = { desired: GIT, applied: GIT, observed: STARTED, changedMs: 1_010_000 };
    expect(target(situation, { start, mode: "replace" }).changedAtStart).toEqual([]);
  });
});

describe("chooseTarget() of a config with included files", () => {
  const ROOT = GIT.replace(/agents: .*,\n/, 'agents: { $include: "./agents.json5" },\n').replace(
    /channels: .*,\n/,
    'channels: { $include: "./channels.json5" },\n',
  );
  const AGENTS = '{ list: [{ id: "main", model: "litellm/claude" }] } // agents\n';
  const CHANNELS = '{ discord: { enabled: true, token: "${DISCORD_TOKEN}" } } // channels\n';
  const base = generationOf(ROOT, { "agents.json5": AGENTS, "channels.json5": CHANNELS });
  const desired = generationOf(ROOT, { "agents.json5": AGENTS.replace("claude", "gpt"), "channels.json5": CHANNELS });

  test("is Git's bytes in all files if nobody has touched them", () => {
    const chosen = target({ desired, applied: base, observed: base });
    expect(chosen.live.equals(desired)).toBeTrue();
    expect(chosen.mode).toBe("verbatim");
  });

  test("merges file by file: one that only Git, or only something else, has changed keeps its bytes", () => {
    const edited = '{ discord: { enabled: true, token: "${DISCORD_TOKEN}", allowFrom: [] } } // by hand';
    const observed = generationOf(ROOT, { "agents.json5": AGENTS, "channels.json5": edited });
    const chosen = target({ desired, applied: base, observed });
    expect(textsOf(chosen.live)).toEqual({
      "openclaw.json": ROOT,
      "agents.json5": AGENTS.replace("claude", "gpt"),
      "channels.json5": edited,
    });
    expect(chosen).toMatchObject({ mode: "merged", drift: [], notInGit: ["channels.discord.allowFrom"] });
  });

  test("adds a file that Git includes anew", () => {
    const more = generationOf(`${ROOT.trimEnd().slice(0, -1)}  messages: { $include: "./messages.json5" },\n}\n`, {
      "agents.json5": AGENTS,
      "channels.json5": CHANNELS,
      "messages.json5": '{ ackReaction: "🦞" } // 🦞',
    });
    const observed = generationOf(ROOT.replace("{", "{ meta: {},"), {
      "agents.json5": AGENTS,
      "channels.json5": CHANNELS,
    });
    const chosen = target({ desired: more, applied: base, observed });
    expect(textsOf(chosen.live)).toMatchObject({ "messages.json5": '{ ackReaction: "🦞" } // 🦞' });
    expect(valueOf(chosen.live)).toMatchObject({ messages: { ackReaction: "🦞" }, meta: {} });
  });

  test("drops a file that Git no longer includes, as it was delivered", () => {
    const flat = generationOf(GIT.replace("litellm/claude", "litellm/gpt"));
    const stamped = generationOf(ROOT.replace("{", "{ meta: {},"), {
      "agents.json5": AGENTS,
      "channels.json5": CHANNELS,
    });
    for (const observed of [base, stamped]) {
      const chosen = target({ desired: flat, applied: base, observed });
      expect([...chosen.live.includes.keys()]).toEqual([]);
      expect([...chosen.dropped.keys()].toSorted()).toEqual(["agents.json5", "channels.json5"]);
      expect(Buffer.from(chosen.dropped.get("agents.json5")?.bytes ?? []).toString()).toBe(AGENTS);
      expect(valueOf(chosen.live)).toMatchObject(valueOf(flat));
    }
    expect(target({ desired, applied: base, observed: base }).dropped.size).toBe(0);
  });

  test("merges into one file where 2026.2.9 has written the whole config into the root", () => {
    const flattened = JSON.stringify({ ...valueOf(base), meta: {}, commands: { native: "auto" } });
    const chosen = target({ desired, applied: base, observed: flattened, accepted: flattened });
    expect(valueOf(chosen.live)).toEqual({ ...valueOf(desired), meta: {}, commands: { native: "auto" } });
    expect([...chosen.live.includes.keys()]).toEqual([]);
    expect(chosen).toMatchObject({ mode: "merged", drift: [], notInGit: ["commands.native"] });
    expect(chosen.dropped.size).toBe(0);
  });

  test("drops no file that Git still includes, although the flattened root does not", () => {
    const flattened = JSON.stringify({ ...valueOf(base), meta: {} });
    const chosen = target({ desired, applied: base, observed: flattened });
    expect([...chosen.live.includes.keys()]).toEqual([]);
    expect(chosen.dropped.size).toBe(0);
  });

  test("sees drift and what is not in Git through the flattening", () => {
    const flattened = JSON.stringify(valueOf(base)).replace("litellm/claude", "by-hand");
    const chosen = target({ desired: base, applied: base, observed: flattened });
    expect(chosen.drift).toEqual(["agents.list"]);
    const healed = target({ desired: base, applied: base, observed: flattened }, { selfHeal: true });
    expect(valueOf(healed.live)).toEqual(valueOf(base));
  });
});

describe("differences()", () => {
  test.each([
    ["another order of keys", "{a: 1, b: 2}", '{"b": 2, "a": 1}'],
    ["comments, blanks and quotes", "{a: 'x' /* y */}", '{\n"a": "x"}'],
    ["numbers that are written otherwise", "{a: 0x12c, b: .5}", '{"a": 300, "b": 0.5}'],
    ["a stamp", "{a: 1}", '{"a": 1, "meta": {"lastTouchedVersion": "2026.9.6"}}'],
    ["two stamps", '{"meta": 1}', '{"meta": 2}'],
  ])("ignores %s", (_, one, other) => {
    expect(differences(generationOf(one), generationOf(other))).toEqual([]);
    expect(differences(generationOf(other), generationOf(one))).toEqual([]);
  });

  test.each([
    ["a value", "{a: 1}", "{a: 2}"],
    ["its type", "{a: 1}", '{a: "1"}'],
    ["a key more", "{a: 1}", "{a: 1, b: null}"],
    ["an object for a list", "{a: {}}", "{a: []}"],
    ["the order of a list", "{a: [1, 2]}", "{a: [2, 1]}"],
    ["a meta further down", "{a: {meta: 1}}", "{a: {meta: 2}}"],
    ["what is under __proto__", "{__proto__: {a: 1}}", "{__proto__: {a: 2}}"],
    ["that there is a __proto__", "{__proto__: {}}", "{}"],
  ])("notices %s", (_, one, other) => {
    expect(differences(generationOf(one), generationOf(other))).toHaveLength(1);
    expect(differences(generationOf(other), generationOf(one))).toHaveLength(1);
  });

  test("takes a missing or broken file for an empty one", () => {
    for (const nothing of [undefined, generationOf("{"), generationOf("[]"), generationOf("")]) {
      expect(differences(nothing, generationOf("{a: {b: 1}}"))).toEqual([{ path: "a.b", kind: "added" }]);
      expect(differences(generationOf("{a: {b: 1}}"), nothing)).toEqual([{ path: "a.b", kind: "removed" }]);
    }
  });

  test("compares what OpenClaw reads, not how it is spread over files", () => {
    const split = generationOf('{a: {$include: "./a"}, b: 1}', { a: "{x: 1}" });
    expect(differences(split, generationOf("{a: {x: 1}, b: 1}"))).toEqual([]);
    expect(differences(split, generationOf("{a: {x: 2}, b: 1}"))).toEqual([{ path: "a.x", kind: "changed" }]);
  });
});
