import { describe, expect, test } from "bun:test";
import packageJson from "../../../package.json" with { type: "json" };
import { createMetrics } from "../../../lib/http/metrics.ts";
import { type Loop, createSidecarState } from "../../../lib/reconcile/sidecar-state.ts";
import { createClock, createFakeReconciler } from "../../support/fakes.ts";

function start(isConnected = () => false) {
  const clock = createClock(Date.parse("2026-11-22T12:00:00.500Z"));
  const seen: { drift: boolean; jobs: number | undefined } = { drift: false, jobs: undefined };
  const kinds = [
    createFakeReconciler("config", {
      gauges: [{ name: "config_drift", help: "Whether there is drift.", read: () => seen.drift }],
    }),
    createFakeReconciler("cron", {
      gauges: [{ name: "owned_jobs", help: "Jobs of ours.", read: () => seen.jobs }],
    }),
  ];
  const state = createSidecarState(kinds, { nowMs: clock.nowMs, uptimeMs: clock.nowMs });
  const [config, cron] = state as [Loop, Loop];
  const metrics = createMetrics(state, isConnected);
  const samples = async () => (await metrics.render()).split("\n").filter((line) => line && !line.startsWith("#"));
  /** Returns the value of this series as it is printed; undefined if it is absent. */
  const read = async (name: string) => {
    const lines = (await samples()).filter((line) => line.startsWith(`config_manager_${name} `));
    expect(lines.length).toBeLessThan(2);
    return lines[0]?.split(" ").at(-1);
  };
  return { clock, seen, loops: { config, cron }, metrics, samples, read };
}

describe("createMetrics()", () => {
  test("has every series from the start, except for values that are unknown yet", async () => {
    const { samples } = start();
    expect(await samples()).toEqual([
      `config_manager_build_info{version="${packageJson.version}",revision="source"} 1`,
      ...["config", "cron"].flatMap((reconciler) =>
        ["equal", "pending", "held", "rejected", "failed"].map(
          (result) => `config_manager_passes_total{reconciler="${reconciler}",result="${result}"} 0`,
        ),
      ),
      ...["config", "cron"].flatMap((reconciler) =>
        ["equal", "pending", "held", "rejected", "failed"].map(
          (result) => `config_manager_last_pass_result{reconciler="${reconciler}",result="${result}"} 0`,
        ),
      ),
      'config_manager_last_success_timestamp_seconds{reconciler="config"} 0',
      'config_manager_last_success_timestamp_seconds{reconciler="cron"} 0',
      'config_manager_last_pass_duration_seconds{reconciler="config"} 0',
      'config_manager_last_pass_duration_seconds{reconciler="cron"} 0',
      "config_manager_config_drift 0",
      "config_manager_gateway_connected 0",
    ]);
  });

  test("has help and type before each first sample", async () => {
    const { seen, metrics } = start();
    seen.jobs = 0;
    const text = await metrics.render();
    const blocks = text.trimEnd().split("\n\n");
    expect(blocks).toHaveLength(8);
    for (const block of blocks) {
      const [help, type, ...lines] = block.split("\n");
      const name = /^# HELP (config_manager_[a-z_]+) \S.*\.$/.exec(help ?? "")?.[1];
      expect(type).toBe(`# TYPE ${name} ${name?.endsWith("_total") ? "counter" : "gauge"}`);
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(line).toStartWith(`${name}`);
    }
    expect(text).toEndWith("\n");
  });

  test("counts passes, and reports the last success and the last duration", async () => {
    const { clock, loops, read } = start();
    await loops.cron.track(async () => {
      clock.advance(1_250);
      return { kind: "equal" };
    });
    for (let pass = 0; pass < 3; pass++) await loops.config.track(async () => ({ kind: "failed", maxPauseMs: 1 }));
    expect(await read('passes_total{reconciler="cron",result="equal"}')).toBe("1");
    expect(await read('passes_total{reconciler="config",result="failed"}')).toBe("3");
    expect(await read('passes_total{reconciler="config",result="failed"}')).toBe("3"); // reading does not count
    const success = Date.parse("2026-11-22T12:00:01.750Z") / 1000;
    expect(await read('last_success_timestamp_seconds{reconciler="cron"}')).toBe(String(success));
    expect(await read('last_success_timestamp_seconds{reconciler="config"}')).toBe("0");
    expect(await read('last_pass_duration_seconds{reconciler="cron"}')).toBe("1.25");
  });

  test("says how the last pass of each kind ended, and nothing of the one before it", async () => {
    const { loops, samples } = start();
    const results = async () =>
      (await samples()).filter((line) => line.startsWith("config_manager_last_pass_result{") && line.endsWith(" 1"));
    await loops.config.track(async () => ({ kind: "rejected" }));
    await loops.cron.track(async () => ({ kind: "failed", maxPauseMs: 1 }));
    expect(await results()).toEqual([
      'config_manager_last_pass_result{reconciler="config",result="rejected"} 1',
      'config_manager_last_pass_result{reconciler="cron",result="failed"} 1',
    ]);
    await loops.config.track(async () => ({ kind: "equal" }));
    expect(await results()).toEqual([
      'config_manager_last_pass_result{reconciler="config",result="equal"} 1',
      'config_manager_last_pass_result{reconciler="cron",result="failed"} 1',
    ]);
  });

  test("reads the gauges of each kind at each scrape, and omits unknown values", async () => {
    const { seen, read } = start();
    expect([await read("config_drift"), await read("owned_jobs")]).toEqual(["0", undefined]);
    Object.assign(seen, { drift: true, jobs: 4 });
    expect([await read("config_drift"), await read("owned_jobs")]).toEqual(["1", "4"]);
    seen.jobs = undefined;
    expect(await read("owned_jobs")).toBeUndefined();
  });

  test("reads at each scrape whether the gateway is connected", async () => {
    let isThere = true;
    const { read } = start(() => isThere);
    expect(await read("gateway_connected")).toBe("1");
    isThere = false;
    expect(await read("gateway_connected")).toBe("0");
  });

  test("has no shared state: two instances work side by side", async () => {
    const [one, other] = [start(), start()];
    one.seen.drift = true;
    expect([await one.read("config_drift"), await other.read("config_drift")]).toEqual(["1", "0"]);
  });
});
