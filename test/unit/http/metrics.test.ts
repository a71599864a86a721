import { describe, expect, test } from "bun:test";
import packageJson from "../../../package.json" with { type: "json" };
import type { Convergence } from "../../../lib/cron/converge.ts";
import { createMetrics } from "../../../lib/http/metrics.ts";
import { createSidecarState } from "../../../lib/reconcile/sidecar-state.ts";
import { createClock } from "../../support/fakes.ts";

const NONE: Convergence = {
  isEqual: true,
  changed: 0,
  refusedRemovals: [],
  unsupported: [],
  declared: 0,
  owned: 0,
  unmanaged: 0,
};

function start(isConnected = () => false) {
  const clock = createClock(Date.parse("2026-11-22T12:00:00.500Z"));
  const state = createSidecarState({ nowMs: clock.nowMs, uptimeMs: clock.nowMs });
  const metrics = createMetrics(state, isConnected);
  const samples = async () => (await metrics.render()).split("\n").filter((line) => line && !line.startsWith("#"));
  /** The value of this one, as it is printed; undefined where it is not there. */
  const read = async (name: string) => {
    const lines = (await samples()).filter((line) => line.startsWith(`config_manager_${name} `));
    expect(lines.length).toBeLessThan(2);
    return lines[0]?.split(" ").at(-1);
  };
  return { clock, state, metrics, samples, read };
}

describe("createMetrics()", () => {
  test("has every series from the first moment, but for what nobody has counted yet", async () => {
    const { samples } = start();
    expect(await samples()).toEqual([
      `config_manager_build_info{version="${packageJson.version}",revision="source"} 1`,
      ...["config", "cron"].flatMap((reconciler) =>
        ["equal", "pending", "rejected", "failed"].map(
          (result) => `config_manager_passes_total{reconciler="${reconciler}",result="${result}"} 0`,
        ),
      ),
      'config_manager_last_success_timestamp_seconds{reconciler="config"} 0',
      'config_manager_last_success_timestamp_seconds{reconciler="cron"} 0',
      'config_manager_last_pass_duration_seconds{reconciler="config"} 0',
      'config_manager_last_pass_duration_seconds{reconciler="cron"} 0',
      "config_manager_config_drift 0",
      "config_manager_config_rejected 0",
      "config_manager_definitions_rejected 0",
      "config_manager_gateway_connected 0",
    ]);
  });

  test("explains each, and gives it a type, before its first sample", async () => {
    const { state, metrics } = start();
    state.convergence = NONE;
    const text = await metrics.render();
    const blocks = text.trimEnd().split("\n\n");
    expect(blocks).toHaveLength(13);
    for (const block of blocks) {
      const [help, type, ...lines] = block.split("\n");
      const name = /^# HELP (config_manager_[a-z_]+) \S.*\.$/.exec(help ?? "")?.[1];
      expect(type).toBe(`# TYPE ${name} ${name?.endsWith("_total") ? "counter" : "gauge"}`);
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(line).toStartWith(`${name}`);
    }
    expect(text).toEndWith("\n");
  });

  test("counts passes, and tells when the last one was a success and how long it took", async () => {
    const { clock, state, read } = start();
    await state.cron.track(async () => {
      clock.advance(1_250);
      return { kind: "equal" };
    });
    for (let pass = 0; pass < 3; pass++) await state.config.track(async () => ({ kind: "failed", maxPauseMs: 1 }));
    expect(await read('passes_total{reconciler="cron",result="equal"}')).toBe("1");
    expect(await read('passes_total{reconciler="config",result="failed"}')).toBe("3");
    expect(await read('passes_total{reconciler="config",result="failed"}')).toBe("3"); // and not more by being read
    const success = Date.parse("2026-11-22T12:00:01.750Z") / 1000;
    expect(await read('last_success_timestamp_seconds{reconciler="cron"}')).toBe(String(success));
    expect(await read('last_success_timestamp_seconds{reconciler="config"}')).toBe("0");
    expect(await read('last_pass_duration_seconds{reconciler="cron"}')).toBe("1.25");
  });

  test.each([
    ["drift", "1", "0"],
    ["reject", "0", "1"],
    ["missing", "0", "1"],
    ["none", "0", "0"],
    ["validate", "0", "0"],
    ["update", "0", "0"],
  ] as const)("tells of a config that is found %s: drift %s, rejected %s", async (plan, drift, rejected) => {
    const { state, read } = start();
    state.configPlan = plan;
    expect([await read("config_drift"), await read("config_rejected")]).toEqual([drift, rejected]);
    state.configPlan = "none";
    expect([await read("config_drift"), await read("config_rejected")]).toEqual(["0", "0"]);
  });

  test.each([
    ["missing", "1"],
    ["invalid", "1"],
    ["valid", "0"],
  ] as const)("tells of definitions that are %s: rejected %s", async (definitions, rejected) => {
    const { state, read } = start();
    state.definitions = definitions;
    expect(await read("definitions_rejected")).toBe(rejected);
  });

  test("counts jobs, and names none", async () => {
    const { state, metrics, read } = start();
    const missing = [{ what: "payload", since: "2026.8" }];
    const unsupported = { kind: "unsupported", name: "marked-name", wanted: "add", missing } as const;
    state.convergence = {
      ...NONE,
      declared: 5,
      owned: 4,
      unmanaged: 2,
      unsupported: [{ ...unsupported }],
      refusedRemovals: ["marked-name", "b", "c"],
    };
    expect(await read("declared_jobs")).toBe("5");
    expect(await read("owned_jobs")).toBe("4");
    expect(await read("unmanaged_jobs")).toBe("2");
    expect(await read("impossible_jobs")).toBe("1");
    expect(await read("refused_removals")).toBe("3");
    expect(await metrics.render()).not.toContain("marked-name");
    state.convergence = NONE;
    expect(await read("owned_jobs")).toBe("0");
  });

  test("asks at each scrape whether the gateway is there", async () => {
    let isThere = true;
    const { read } = start(() => isThere);
    expect(await read("gateway_connected")).toBe("1");
    isThere = false;
    expect(await read("gateway_connected")).toBe("0");
  });

  test("lets two of them stand side by side: nothing is shared", async () => {
    const [one, other] = [start(), start()];
    one.state.configPlan = "drift";
    expect([await one.read("config_drift"), await other.read("config_drift")]).toEqual(["1", "0"]);
  });
});
