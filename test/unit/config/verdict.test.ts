import { createHash } from "node:crypto";
import { describe, expect, test } from "bun:test";
import type { ConfigGateway, ConfigIssue, ConfigView } from "../../../lib/gateway/config-calls.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { type Verdict, waitUntilApplied, waitForVerdict, isViewOf } from "../../../lib/config/verdict.ts";
import { createClock, fileOf, thrownBy } from "../../support/fakes.ts";

const FILE = fileOf('{agents: {token: "s3cret-value"}}');
const SHA256 = createHash("sha256").update(FILE.bytes).digest("hex");
const OTHER_SHA256 = createHash("sha256").update("{}").digest("hex");
const PATH = "/gateway/openclaw.json";

function viewOf(fields: Partial<ConfigView> = {}): ConfigView {
  return { path: PATH, isValid: true, issues: [], warnings: [], hash: SHA256, isApplied: undefined, ...fields };
}

const invalid = (...issues: ConfigIssue[]) => viewOf({ isValid: false, issues });

const VALID: Verdict = { kind: "valid", warnings: [], isApplied: undefined };

/** A gateway that shows these views, one after the other, and the last one for ever; what is thrown goes out. */
function showing(...views: (ConfigView | Error)[]) {
  let asked = 0;
  let probed = 0;
  const gateway: ConfigGateway = {
    release: "2026.9.6",
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
    lookUpReload: () => Promise.reject(new Error("nobody should ask")),
  };
  /** What is wrong with the file itself, where the gateway can be asked past its cache. */
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

  test("is the gateway's, at once where it has seen the bytes", async () => {
    const clock = createClock();
    const shown = showing(viewOf());
    expect(await verdictOf(shown.gateway, undefined, clock)).toEqual(VALID);
    expect({ asked: shown.asked, pauses: clock.pauses }).toEqual({ asked: 1, pauses: [] });
  });

  test("knows whether the gateway can say when it runs on it", async () => {
    for (const isApplied of [true, false]) {
      expect(await verdictOf(showing(viewOf({ isApplied })).gateway)).toEqual({ ...VALID, isApplied });
    }
  });

  test("names each problem by its path, and one about the whole without", async () => {
    const issues = [
      { path: "agents", message: 'Unrecognized key: "nonsense"' },
      { path: "", message: "JSON5 parse failed" },
    ];
    expect(await verdictOf(showing(invalid(...issues)).gateway)).toEqual({
      kind: "invalid",
      problems: ['agents: Unrecognized key: "nonsense"', "JSON5 parse failed"],
    });
  });

  test("has a reason, even where the gateway gives none", async () => {
    expect(await verdictOf(showing(invalid()).gateway)).toEqual({ kind: "invalid", problems: ["invalid"] });
  });

  test("says a problem once, however often the gateway does", async () => {
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

  test("quotes no value of the config, in a problem or a warning", async () => {
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

  test("is one on bytes that cannot be read, too", async () => {
    const file = fileOf("{");
    const hash = createHash("sha256").update(file.bytes).digest("hex");
    const { gateway } = showing({ ...invalid({ path: "", message: "JSON5 parse failed" }), hash });
    expect(await waitForVerdict(file, gateway, undefined, createClock())).toMatchObject({ kind: "invalid" });
  });

  test("is not one on what was there before, told by its sha256: it asks again, soon", async () => {
    const stale = { ...invalid({ path: "", message: "stale" }), hash: OTHER_SHA256 };
    for (const staleHash of [undefined, OTHER_SHA256, "another"]) {
      const clock = createClock();
      const shown = showing(stale, stale, viewOf());
      expect(await verdictOf(shown.gateway, staleHash, clock)).toEqual(VALID);
      expect({ asked: shown.asked, pauses: clock.pauses }).toEqual({ asked: 3, pauses: [10, 10] });
    }
  });

  test("is one on the same bytes as before, told by their sha256", async () => {
    expect(await verdictOf(showing(viewOf()).gateway, SHA256)).toMatchObject({ kind: "valid" });
  });

  test("is not one on what was there before, told by a hash that means nothing to us", async () => {
    const stale = viewOf({ hash: "hmac-sha256:v1:b2xk" });
    const shown = showing(stale, stale, { ...invalid({ path: "a", message: "no" }), hash: "hmac-sha256:v1:bmV3" });
    expect(await verdictOf(shown.gateway, "hmac-sha256:v1:b2xk")).toEqual({ kind: "invalid", problems: ["a: no"] });
    expect(shown.asked).toBe(3);
  });

  test("is one at once where the bytes have been there for long", async () => {
    const shown = showing(viewOf({ hash: "hmac-sha256:v1:b2xk" }));
    expect(await verdictOf(shown.gateway)).toMatchObject({ kind: "valid" });
    expect(shown.asked).toBe(1);
  });

  test("is valid only where it is so past the cache, too: the first look may be at what was there before", async () => {
    const shown = showing(viewOf({ hash: "hmac-sha256:v1:b2xk", isApplied: true }));
    shown.found.issues = [{ path: "agents", message: "bad" }];
    expect(await verdictOf(shown.gateway)).toEqual({ kind: "invalid", problems: ["agents: bad"] });
    shown.found.issues = [];
    expect(await verdictOf(shown.gateway)).toEqual({ ...VALID, isApplied: true });
    expect({ asked: shown.asked, probed: shown.probed }).toEqual({ asked: 2, probed: 2 });
  });

  test("is not invalid for what was there before", async () => {
    const issues = [{ path: "agents", message: "bad" }];
    const shown = showing(viewOf({ hash: "hmac-sha256:v1:b2xk", isApplied: true, isValid: false, issues }));
    shown.found.issues = [];
    expect(await verdictOf(shown.gateway)).toEqual({ ...VALID, isApplied: false });
  });

  test("takes a sha256 at its word, and a gateway that has no cache", async () => {
    for (const hash of [SHA256, "hmac-sha256:v1:b2xk"]) {
      const shown = showing(viewOf({ hash }));
      shown.found.issues = [{ path: "agents", message: "bad" }];
      expect(await verdictOf(shown.gateway)).toEqual(VALID);
      expect(shown.probed).toBe(0);
    }
  });

  test("is none after five seconds, and then it says what the gateway reads instead", async () => {
    const clock = createClock();
    const shown = showing(viewOf({ hash: OTHER_SHA256 }));
    expect(await verdictOf(shown.gateway, undefined, clock)).toEqual({
      kind: "unknown",
      reason: `the gateway has not noticed the file within 5 s; it reads ${PATH}`,
    });
    expect(clock.nowMs() - 1_000_000).toBeWithin(5_000, 5_100);
  });

  test("says nothing of a path that the gateway does not tell, nor of a hash that it has not", async () => {
    const shown = showing(viewOf({ hash: undefined, path: undefined }));
    expect(await verdictOf(shown.gateway)).toEqual({
      kind: "unknown",
      reason: "the gateway has not noticed the file within 5 s",
    });
  });

  test("is still heard at the very end", async () => {
    const clock = createClock();
    const shown = showing(viewOf({ hash: OTHER_SHA256 }));
    const { gateway } = showing(viewOf());
    const late: ConfigGateway = {
      ...gateway,
      readView: () => (clock.nowMs() < 1_005_000 ? shown.gateway.readView() : gateway.readView()),
    };
    expect(await verdictOf(late, undefined, clock)).toMatchObject({ kind: "valid" });
  });

  test("is none of a gateway that goes away, before or meanwhile", async () => {
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
  test("takes only 64 hex digits for a sha256", () => {
    expect(isViewOf(FILE, viewOf(), undefined)).toBeTrue();
    expect(isViewOf(FILE, viewOf({ hash: OTHER_SHA256 }), undefined)).toBeFalse();
    // What is none tells only that something has changed.
    for (const hash of [SHA256.toUpperCase(), SHA256.slice(1), `${OTHER_SHA256}0`, `sha256:${OTHER_SHA256}`, ""]) {
      expect(isViewOf(FILE, viewOf({ hash }), undefined)).toBeTrue();
      expect(isViewOf(FILE, viewOf({ hash }), hash)).toBeFalse();
    }
  });
});

describe("waitForVerdict() of a gateway that does not notice the file", () => {
  const stale = viewOf({ hash: "hmac-sha256:v1:old", isApplied: true });
  const verdictOf = (gateway: ConfigGateway, clock = createClock()) =>
    waitForVerdict(FILE, gateway, "hmac-sha256:v1:old", clock);

  test("asks past its cache once, within its debounce, and tells what is wrong without the value", async () => {
    const clock = createClock();
    const shown = showing(stale);
    shown.found.issues = [{ path: "agents", message: "no s3cret-value" }];
    expect(await verdictOf(shown.gateway, clock)).toEqual({ kind: "invalid", problems: ["agents: no ***"] });
    expect(shown.probed).toBe(1);
    expect(clock.nowMs() - 1_000_000).toBeWithin(250, 290);
  });

  test("takes it for valid where nothing is wrong with the file itself", async () => {
    const shown = showing(stale);
    shown.found.issues = [];
    expect(await verdictOf(shown.gateway)).toEqual({ ...VALID, isApplied: false });
  });

  test("goes on waiting where it cannot be asked so", async () => {
    const shown = showing(stale);
    expect(await verdictOf(shown.gateway)).toMatchObject({ kind: "unknown" });
    expect(shown.probed).toBe(1);
  });

  test("does not ask where the gateway has noticed it before that", async () => {
    const shown = showing(...Array<ConfigView>(20).fill(stale), viewOf({ hash: "hmac-sha256:v1:new" }));
    shown.found.issues = [{ path: "agents", message: "bad" }];
    expect(await verdictOf(shown.gateway)).toEqual(VALID);
    expect(shown.probed).toBe(0);
  });
});

describe("waitUntilApplied()", () => {
  const never = () => false;
  const pending = viewOf({ isApplied: false });

  test("waits until the config is in force", async () => {
    const clock = createClock();
    const shown = showing(pending, pending, viewOf({ isApplied: true }));
    expect(await waitUntilApplied(shown.gateway, undefined, never, clock)).toBe("applied");
    expect({ asked: shown.asked, pauses: clock.pauses }).toEqual({ asked: 3, pauses: [100, 100] });
  });

  test("does not take what the gateway has run on before for it", async () => {
    const before = viewOf({ isApplied: true, hash: "hmac-sha256:v1:old" });
    const shown = showing(before, before, viewOf({ isApplied: true, hash: "hmac-sha256:v1:new" }));
    expect(await waitUntilApplied(shown.gateway, "hmac-sha256:v1:old", never, createClock())).toBe("applied");
    expect(shown.asked).toBe(3);
  });

  test("is late after thirty seconds", async () => {
    const clock = createClock();
    expect(await waitUntilApplied(showing(pending).gateway, undefined, never, clock)).toBe("timeout");
    expect(clock.nowMs() - 1_000_000).toBeWithin(30_000, 30_300);
  });

  test("is not known where the gateway does not tell, or no longer", async () => {
    for (const views of [[viewOf()], [pending, viewOf()]]) {
      const shown = showing(...views);
      expect(await waitUntilApplied(shown.gateway, undefined, never, createClock())).toBe("unknown");
      expect(shown.asked).toBe(views.length);
    }
  });

  test("is not known where there is something newer to do, before or meanwhile", async () => {
    for (const limit of [0, 2]) {
      const shown = showing(pending);
      expect(await waitUntilApplied(shown.gateway, undefined, () => shown.asked >= limit, createClock())).toBe(
        "unknown",
      );
      expect(shown.asked).toBe(limit);
    }
  });

  test("is not known where the gateway goes away: most likely it is restarting", async () => {
    expect(await waitUntilApplied(showing(pending, gone()).gateway, undefined, never, createClock())).toBe("unknown");
  });

  test("does not hide a bug", async () => {
    const bug = new TypeError("a bug");
    expect(await thrownBy(waitUntilApplied(showing(bug).gateway, undefined, never, createClock()))).toBe(bug);
  });
});
