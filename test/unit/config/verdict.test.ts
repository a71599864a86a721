import { createHash } from "node:crypto";
import { describe, expect, test } from "bun:test";
import type { ConfigGateway, ConfigIssue, ConfigView } from "../../../lib/gateway/config-calls.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { type Verdict, isViewOf, readViewBefore, readViewInTime, waitForVerdict } from "../../../lib/config/verdict.ts";
import { createClock, generationOf, thrownBy } from "../../support/fakes.ts";

const FILE = generationOf('{agents: {token: "s3cret-value"}}');
const SHA256 = createHash("sha256").update(FILE.root.bytes).digest("hex");
const OTHER_SHA256 = createHash("sha256").update("{}").digest("hex");
const PATH = "/gateway/openclaw.json";

function viewOf(fields: Partial<ConfigView> = {}): ConfigView {
  const usual = { path: PATH, parsed: undefined, isValid: true, issues: [], warnings: [], isApplied: undefined };
  return { ...usual, hash: SHA256, ...fields };
}

const invalid = (...issues: ConfigIssue[]) => viewOf({ isValid: false, issues });

const VALID: Verdict = { kind: "valid", warnings: [], isApplied: undefined };

/** A gateway that returns these views in order, then the last one forever; a thrown item is thrown. */
function showing(...views: (ConfigView | Error)[]) {
  let asked = 0;
  let probed = 0;
  const gateway: ConfigGateway = {
    release: "2026.9.6",
    processStartedMs: undefined,
    start: undefined,
    async readView() {
      const view = views[Math.min(asked, views.length - 1)] ?? viewOf();
      asked += 1;
      if (view instanceof Error) throw view;
      return view;
    },
    async readIssues() {
      probed += 1;
      return found.issues;
    },
    readReload: () => Promise.reject(new Error("nobody should ask")),
    readSchema: async () => undefined,
    readActiveWork: () => Promise.reject(new Error("nobody should ask")),
    lookUpReload: () => Promise.reject(new Error("nobody should ask")),
  };
  /** The problems of the file itself, if the gateway can be asked past its cache. */
  const found: { issues: ConfigIssue[] | undefined } = { issues: undefined };
  return {
    gateway,
    found,
    get probed() {
      return probed;
    },
    get asked() {
      return asked;
    },
  };
}

const gone = () => new ManagerError("unreachable", "config.get: gateway closed (1006)");

describe("waitForVerdict()", () => {
  const verdictOf = (gateway: ConfigGateway, staleHash?: string, clock = createClock()) =>
    waitForVerdict(FILE, gateway, staleHash, clock);

  test("returns the gateway's verdict at once if it has seen the bytes", async () => {
    const clock = createClock();
    const shown = showing(viewOf());
    expect(await verdictOf(shown.gateway, undefined, clock)).toEqual(VALID);
    expect({ asked: shown.asked, pauses: clock.pauses }).toEqual({ asked: 1, pauses: [] });
  });

  test("tells whether the gateway reports what it has applied", async () => {
    for (const isApplied of [true, false]) {
      expect(await verdictOf(showing(viewOf({ isApplied })).gateway)).toEqual({ ...VALID, isApplied });
    }
  });

  test("names each problem by its path, and one of the whole config without a path", async () => {
    const issues = [
      { path: "agents", message: 'Unrecognized key: "nonsense"' },
      { path: "", message: "JSON5 parse failed" },
    ];
    expect(await verdictOf(showing(invalid(...issues)).gateway)).toEqual({
      kind: "invalid",
      problems: ['agents: Unrecognized key: "nonsense"', "JSON5 parse failed"],
    });
  });

  test("has a problem even if the gateway gives none", async () => {
    expect(await verdictOf(showing(invalid()).gateway)).toEqual({ kind: "invalid", problems: ["invalid"] });
  });

  test("reports a problem once, however often the gateway repeats it", async () => {
    const [one, other] = [
      { path: "a", message: "Invalid input" },
      { path: "b", message: "Invalid input" },
    ];
    expect(await verdictOf(showing(invalid(one, other, one, one)).gateway)).toEqual({
      kind: "invalid",
      problems: ["a: Invalid input", "b: Invalid input"],
    });
    expect(await verdictOf(showing(viewOf({ warnings: [one, one] })).gateway)).toEqual({
      ...VALID,
      warnings: ["a: Invalid input"],
    });
  });

  test("quotes no secret of the config, in a problem or a warning", async () => {
    const said = { path: "agents.token", message: "not found: s3cret-value" };
    expect(await verdictOf(showing(invalid(said)).gateway)).toEqual({
      kind: "invalid",
      problems: ["agents.token: not found: ***"],
    });
    expect(await verdictOf(showing(viewOf({ warnings: [said] })).gateway)).toEqual({
      ...VALID,
      warnings: ["agents.token: not found: ***"],
    });
  });

  test("returns a verdict on bytes that do not parse", async () => {
    const file = generationOf("{");
    const hash = createHash("sha256").update(file.root.bytes).digest("hex");
    const { gateway } = showing({ ...invalid({ path: "", message: "JSON5 parse failed" }), hash });
    expect(await waitForVerdict(file, gateway, undefined, createClock())).toMatchObject({ kind: "invalid" });
  });

  test("ignores a view of the previous file, known by its SHA-256, and asks again soon", async () => {
    const stale = { ...invalid({ path: "", message: "stale" }), hash: OTHER_SHA256 };
    for (const staleHash of [undefined, OTHER_SHA256, "another"]) {
      const clock = createClock();
      const shown = showing(stale, stale, viewOf());
      expect(await verdictOf(shown.gateway, staleHash, clock)).toEqual(VALID);
      expect({ asked: shown.asked, pauses: clock.pauses }).toEqual({ asked: 3, pauses: [10, 10] });
    }
  });

  test("accepts a view of equal bytes, known by their SHA-256", async () => {
    expect(await verdictOf(showing(viewOf()).gateway, SHA256)).toMatchObject({ kind: "valid" });
  });

  test("ignores a view of the previous file, known by an opaque hash", async () => {
    const stale = viewOf({ hash: "hmac-sha256:v1:b2xk" });
    const shown = showing(stale, stale, { ...invalid({ path: "a", message: "no" }), hash: "hmac-sha256:v1:bmV3" });
    expect(await verdictOf(shown.gateway, "hmac-sha256:v1:b2xk")).toEqual({ kind: "invalid", problems: ["a: no"] });
    expect(shown.asked).toBe(3);
  });

  test("returns at once if the file has been in place for long", async () => {
    const shown = showing(viewOf({ hash: "hmac-sha256:v1:b2xk" }));
    expect(await verdictOf(shown.gateway)).toMatchObject({ kind: "valid" });
    expect(shown.asked).toBe(1);
  });

  test("is valid only if the file is also valid past the cache: the first view may be stale", async () => {
    const shown = showing(viewOf({ hash: "hmac-sha256:v1:b2xk", isApplied: true }));
    shown.found.issues = [{ path: "agents", message: "bad" }];
    expect(await verdictOf(shown.gateway)).toEqual({ kind: "invalid", problems: ["agents: bad"] });
    shown.found.issues = [];
    expect(await verdictOf(shown.gateway)).toEqual({ ...VALID, isApplied: true });
    expect({ asked: shown.asked, probed: shown.probed }).toEqual({ asked: 2, probed: 2 });
  });

  test("is not invalid because the previous file was", async () => {
    const issues = [{ path: "agents", message: "bad" }];
    const shown = showing(viewOf({ hash: "hmac-sha256:v1:b2xk", isApplied: true, isValid: false, issues }));
    shown.found.issues = [];
    expect(await verdictOf(shown.gateway)).toEqual({ ...VALID, isApplied: false });
  });

  test("trusts a SHA-256, and a gateway that has no cache", async () => {
    for (const hash of [SHA256, "hmac-sha256:v1:b2xk"]) {
      const shown = showing(viewOf({ hash }));
      shown.found.issues = [{ path: "agents", message: "bad" }];
      expect(await verdictOf(shown.gateway)).toEqual(VALID);
      expect(shown.probed).toBe(0);
    }
  });

  test("is unknown after five seconds, and names the file that the gateway reads", async () => {
    const clock = createClock();
    const shown = showing(viewOf({ hash: OTHER_SHA256 }));
    expect(await verdictOf(shown.gateway, undefined, clock)).toEqual({
      kind: "unknown",
      reason: `the gateway has not noticed the file within 5 s; it reads ${PATH}`,
    });
    expect(clock.nowMs() - 1_000_000).toBeWithin(5_000, 5_100);
  });

  test("names no path if the gateway reports none, nor needs a hash", async () => {
    const shown = showing(viewOf({ hash: undefined, path: undefined }));
    expect(await verdictOf(shown.gateway)).toEqual({
      kind: "unknown",
      reason: "the gateway has not noticed the file within 5 s",
    });
  });

  test("accepts an answer at the last moment", async () => {
    const clock = createClock();
    const shown = showing(viewOf({ hash: OTHER_SHA256 }));
    const { gateway } = showing(viewOf());
    const late: ConfigGateway = {
      ...gateway,
      readView: () => (clock.nowMs() < 1_005_000 ? shown.gateway.readView() : gateway.readView()),
    };
    expect(await verdictOf(late, undefined, clock)).toMatchObject({ kind: "valid" });
  });

  test("is unknown if the gateway goes away, before or meanwhile", async () => {
    for (const views of [[gone()], [viewOf({ hash: OTHER_SHA256 }), gone()]]) {
      expect(await verdictOf(showing(...views).gateway)).toEqual({
        kind: "unknown",
        reason: "config.get: gateway closed (1006)",
      });
    }
  });

  test("does not hide a bug", async () => {
    const bug = new TypeError("a bug");
    expect(await thrownBy(verdictOf(showing(bug).gateway))).toBe(bug);
  });
});

describe("isViewOf()", () => {
  test("takes only 64 hex digits for a SHA-256", () => {
    expect(isViewOf(FILE, viewOf(), undefined)).toBeTrue();
    expect(isViewOf(FILE, viewOf({ hash: OTHER_SHA256 }), undefined)).toBeFalse();
    // An opaque hash only shows that something has changed.
    for (const hash of [SHA256.toUpperCase(), SHA256.slice(1), `${OTHER_SHA256}0`, `sha256:${OTHER_SHA256}`, ""]) {
      expect(isViewOf(FILE, viewOf({ hash }), undefined)).toBeTrue();
      expect(isViewOf(FILE, viewOf({ hash }), hash)).toBeFalse();
    }
  });
});

describe("isViewOf() of a config with included files", () => {
  const SPLIT = generationOf('{agents: {$include: "./agents.json5"}}', { "agents.json5": "{list: []}" });

  test("knows the root by its SHA-256, as 2026.2.9 reports it", () => {
    expect(isViewOf(SPLIT, viewOf({ hash: SPLIT.root.sha256 }), SPLIT.root.sha256)).toBeTrue();
  });

  test("takes another SHA-256 for one over all files, unless it is that of the previous files", () => {
    expect(isViewOf(SPLIT, viewOf({ hash: OTHER_SHA256 }), undefined)).toBeTrue();
    expect(isViewOf(SPLIT, viewOf({ hash: OTHER_SHA256 }), OTHER_SHA256)).toBeFalse();
  });
});

describe("waitForVerdict() of a message about the former config", () => {
  test("masks a value of it like one of the new one", async () => {
    const former = generationOf('{agents: {token: "hush former"}}');
    const message = "was hush former, is s3cret-value";
    const { gateway } = showing(invalid({ path: "agents", message }));
    expect(await waitForVerdict(FILE, gateway, undefined, createClock(), [undefined, former])).toEqual({
      kind: "invalid",
      problems: ["agents: was ***, is ***"],
    });
  });
});

describe("waitForVerdict() of a config with included files", () => {
  test("names the files that cannot be included, and masks the values of all files, not their names", async () => {
    const root = '{agents: {$include: "./agents.json5"}, channels: {$include: "./nope.json5"}}';
    const live = generationOf(root, { "agents.json5": '{token: "s3cret-value"}' });
    const message = "Failed to read include file: ./nope.json5 (resolved: /home/node/.openclaw/nope.json5)";
    const broken = { ...invalid({ path: "", message }), hash: live.root.sha256 };
    expect(await waitForVerdict(live, showing(broken).gateway, undefined, createClock())).toEqual({
      kind: "invalid",
      problems: [message],
    });
    const whole = generationOf('{agents: {$include: "./agents.json5"}}', { "agents.json5": '{token: "s3cret-value"}' });
    const quoting = invalid({ path: "agents.token", message: "no such token: s3cret-value" });
    const { gateway } = showing({ ...quoting, hash: whole.root.sha256 });
    expect(await waitForVerdict(whole, gateway, undefined, createClock())).toEqual({
      kind: "invalid",
      problems: ["agents.token: no such token: ***"],
    });
  });
});

describe("readViewInTime() and readViewBefore()", () => {
  test("return the view, or undefined after three seconds without one", async () => {
    const view = viewOf();
    const never = { ...showing(view).gateway, readView: () => new Promise<ConfigView>(() => {}) };
    for (const read of [readViewInTime, readViewBefore]) {
      expect(await read(showing(view).gateway, () => new Promise(() => {}))).toBe(view);
      const clock = createClock();
      expect(await read(never, clock.pause)).toBeUndefined();
      expect(clock.pauses).toEqual([3_000]);
    }
  });

  test("differ in what they do if the gateway goes away: only the first one throws", async () => {
    const { gateway } = showing(gone());
    expect(await thrownBy(readViewInTime(gateway, createClock().pause))).toBeInstanceOf(ManagerError);
    expect(await readViewBefore(gateway, createClock().pause)).toBeUndefined();
  });
});

describe("waitForVerdict() of a gateway that does not notice the file", () => {
  const stale = viewOf({ hash: "hmac-sha256:v1:old", isApplied: true });
  const verdictOf = (gateway: ConfigGateway, clock = createClock()) =>
    waitForVerdict(FILE, gateway, "hmac-sha256:v1:old", clock);

  test("bypasses the cache once, within the debounce, and reports the problems without values", async () => {
    const clock = createClock();
    const shown = showing(stale);
    shown.found.issues = [{ path: "agents", message: "no s3cret-value" }];
    expect(await verdictOf(shown.gateway, clock)).toEqual({ kind: "invalid", problems: ["agents: no ***"] });
    expect(shown.probed).toBe(1);
    expect(clock.nowMs() - 1_000_000).toBeWithin(250, 290);
  });

  test("is valid if the file itself has no problems", async () => {
    const shown = showing(stale);
    shown.found.issues = [];
    expect(await verdictOf(shown.gateway)).toEqual({ ...VALID, isApplied: false });
  });

  test("keeps waiting if the cache cannot be bypassed", async () => {
    const shown = showing(stale);
    expect(await verdictOf(shown.gateway)).toMatchObject({ kind: "unknown" });
    expect(shown.probed).toBe(1);
  });

  test("does not bypass the cache if the gateway notices the file in time", async () => {
    const shown = showing(...Array<ConfigView>(20).fill(stale), viewOf({ hash: "hmac-sha256:v1:new" }));
    shown.found.issues = [{ path: "agents", message: "bad" }];
    expect(await verdictOf(shown.gateway)).toEqual(VALID);
    expect(shown.probed).toBe(0);
  });

  test.each([-3_600_000, 3_600_000])("waits as long if the clock is set by %d ms meanwhile", async (stepMs) => {
    const clock = createClock();
    const shown = showing(stale);
    const readView = async () => {
      if (clock.nowMs() === clock.uptimeMs()) clock.step(stepMs);
      return shown.gateway.readView();
    };
    expect(await verdictOf({ ...shown.gateway, readView }, clock)).toMatchObject({ kind: "unknown" });
    expect(clock.uptimeMs() - 1_000_000).toBeWithin(5_000, 5_100);
  });
});
