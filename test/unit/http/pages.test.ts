import { describe, expect, test } from "bun:test";
import { createPages } from "../../../lib/http/pages.ts";
import { type Loop, createSidecarState } from "../../../lib/reconcile/sidecar-state.ts";
import { createClock, createFakeReconciler } from "../../support/fakes.ts";

const NOBODY = { readSecret: async () => undefined, mask: (text: string) => text, hostName: "here" };

function start() {
  const clock = createClock();
  const kinds = [createFakeReconciler("config"), createFakeReconciler("cron")];
  const state = createSidecarState(kinds, { nowMs: clock.nowMs, uptimeMs: clock.nowMs });
  const [config, cron] = state as [Loop, Loop];
  const pages = createPages(state, () => true, NOBODY);
  return { clock, state, loops: { config, cron }, show: async (path: string) => pages[path]?.({ bearer: undefined }) };
}

const TEXT = "text/plain; charset=utf-8";

test("createPages() has four pages", () => {
  const { state } = start();
  const pages = createPages(state, () => true, NOBODY);
  expect(Object.keys(pages)).toEqual(["/healthz", "/readyz", "/metrics", "/status"]);
});

describe("/healthz", () => {
  test("is ok from the start, and shows what each loop does", async () => {
    const { clock, loops, show } = start();
    loops.config.heartbeat.idle(60_000);
    clock.advance(1_999);
    expect(await show("/healthz")).toEqual({
      status: 200,
      type: TEXT,
      body: "ok\nconfig: idle for 1 s\ncron: working, last sign of life 1 s ago\n",
    });
  });

  test("is ok whatever the outcomes are: a restart repairs no gateway and no ConfigMap", async () => {
    const { loops, show } = start();
    for (let pass = 0; pass < 100; pass++) {
      await loops.cron.track(async () => ({ kind: "failed", maxPauseMs: 1 }));
      await loops.config.track(async () => ({ kind: "rejected" }));
    }
    expect(await show("/healthz")).toMatchObject({ status: 200 });
  });

  test.each(["config", "cron"] as const)(
    "fails if the loop of the %s is stalled, and shows for how long",
    async (name) => {
      const { clock, loops, show } = start();
      const other = name === "config" ? "cron" : "config";
      clock.advance(600_999);
      loops[other].heartbeat.beat();
      const page = await show("/healthz");
      expect(page).toMatchObject({ status: 503, type: TEXT });
      expect(page?.body).toStartWith("not ok\n");
      expect(page?.body).toContain(`\n${name}: stalled, no sign of life for 600 s\n`);
      expect(page?.body).toContain(`\n${other}: working, last sign of life 0 s ago\n`);
      loops[name].heartbeat.beat();
      expect(await show("/healthz")).toMatchObject({ status: 200 });
    },
  );
});

describe("/readyz", () => {
  test("waits for the first pass of both, whatever its outcome", async () => {
    const { loops, show } = start();
    expect(await show("/readyz")).toEqual({
      status: 503,
      type: TEXT,
      body: "not ok\nconfig: first pass not done yet\ncron: first pass not done yet\n",
    });
    await loops.config.track(async () => ({ kind: "rejected" }));
    expect(await show("/readyz")).toMatchObject({
      status: 503,
      body: "not ok\nconfig: first pass done\ncron: first pass not done yet\n",
    });
    await loops.cron.track(async () => ({ kind: "failed", maxPauseMs: 1 }));
    expect(await show("/readyz")).toEqual({
      status: 200,
      type: TEXT,
      body: "ok\nconfig: first pass done\ncron: first pass done\n",
    });
  });

  test("stays ok: a later failure takes no gateway out of its Service", async () => {
    const { clock, loops, show } = start();
    for (const kind of ["equal", "rejected"] as const) {
      await loops.config.track(async () => ({ kind }));
      await loops.cron.track(async () => ({ kind }));
    }
    clock.advance(86_400_000);
    expect(await show("/readyz")).toMatchObject({ status: 200 });
  });
});

describe("/metrics", () => {
  test("is in the text format of Prometheus", async () => {
    const { show } = start();
    const page = await show("/metrics");
    expect(page).toMatchObject({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8" });
    expect(page?.body).toContain("\nconfig_manager_gateway_connected 1\n");
  });
});
