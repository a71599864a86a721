import { describe, expect, test } from "bun:test";
import type { ConfigGateway, ReloadKind } from "../../../lib/gateway/config-calls.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { describeChanges, forecastByTable, forecastReloads } from "../../../lib/config/reload.ts";
import { thrownBy } from "../../support/fakes.ts";

/** A gateway with these answers; it records the lookups. */
function gatewayOf(lookUp: (path: string) => ReloadKind | undefined) {
  const asked: string[] = [];
  const gateway: ConfigGateway = {
    release: "2026.9.6",
    processStartedMs: undefined,
    start: undefined,
    readReload: () => Promise.reject(new Error("nobody should ask")),
    readIssues: () => Promise.reject(new Error("nobody should ask")),
    readView: () => Promise.reject(new Error("nobody should ask")),
    readSchema: async () => undefined,
    readActiveWork: () => Promise.reject(new Error("nobody should ask")),
    async lookUpReload(path) {
      asked.push(path);
      return lookUp(path);
    },
  };
  return { asked, gateway };
}

const never = () => 0;

describe("forecastByTable()", () => {
  test.each<[string, ReloadKind]>([
    ["gateway", "restart"],
    ["gateway.port", "restart"],
    ["gateway.auth.token", "restart"],
    ["gateway.reload", "none"],
    ["gateway.reload.mode", "none"],
    ["gateway.reload.debounceMs", "none"],
    ["gateway.remote.url", "none"],
    ["gateway.reloads", "restart"],
    ["agents", "hot"],
    ["agents.list", "hot"],
    ["agents.defaults.model.primary", "hot"],
    ["agent.model", "hot"],
    ["messages.ackReaction", "hot"],
    ["channels.discord.token", "hot"],
    ['channels."a.b".token', "hot"],
    ["models.providers", "hot"],
    ["hooks.enabled", "hot"],
    ["cron.enabled", "hot"],
    ["skills.entries", "hot"],
    ["plugins", "restart"],
    ["plugins.entries.memory-core.enabled", "restart"],
    ["discovery.mdns", "restart"],
    ["canvasHost.port", "restart"],
    ["meta", "none"],
    ["meta.lastTouchedAt", "none"],
    ["env.vars", "restart"],
    ["agentsmith", "restart"],
    ["x.gateway.reload", "restart"],
    ["__proto__", "restart"],
    ["constructor", "restart"],
    ["", "restart"],
  ])("forecasts %j: %s", (path, reload) => {
    expect(forecastByTable(path)).toBe(reload);
  });
});

describe("forecastReloads()", () => {
  test("forecasts each path, in the order of the paths", async () => {
    expect(await forecastReloads(["plugins.allow", "agents.list", "gateway.reload.mode"], undefined)).toEqual([
      { path: "plugins.allow", reload: "restart" },
      { path: "agents.list", reload: "hot" },
      { path: "gateway.reload.mode", reload: "none" },
    ]);
    expect(await forecastReloads([], undefined)).toEqual([]);
  });

  test("prefers the gateway's answer to the table, and uses the table if it has none", async () => {
    const words: Record<string, ReloadKind> = { "agents.list": "restart", "plugins.allow": "none", x: "hot" };
    const { gateway, asked } = gatewayOf((path) => words[path]);
    expect(await forecastReloads(["agents.list", "plugins.allow", "x", "gateway.port"], gateway, never)).toEqual([
      { path: "agents.list", reload: "restart" },
      { path: "plugins.allow", reload: "none" },
      { path: "x", reload: "hot" },
      { path: "gateway.port", reload: "restart" },
    ]);
    expect(asked).toEqual(["agents.list", "plugins.allow", "x", "gateway.port"]);
  });

  test("stops asking after two seconds for all paths together", async () => {
    let now = 5_000_000;
    const { gateway, asked } = gatewayOf(() => {
      now += 999;
      return "none";
    });
    const paths = ["agents.a", "agents.b", "agents.c", "agents.d", "plugins.e"];
    const changes = await forecastReloads(paths, gateway, () => now);
    expect(asked).toEqual(["agents.a", "agents.b", "agents.c"]);
    expect(changes.map(({ reload }) => reload)).toEqual(["none", "none", "none", "hot", "restart"]);
  });

  test("does not ask at the very end of the two seconds", async () => {
    let now = 0;
    const { gateway, asked } = gatewayOf(() => {
      now += 2_000;
      return "none";
    });
    await forecastReloads(["a", "b"], gateway, () => now);
    expect(asked).toEqual(["a"]);
  });

  test.each(["unreachable", "refused"] as const)("uses the table if the gateway is %s", async (code) => {
    const { gateway } = gatewayOf((path) => {
      if (path !== "plugins.a") throw new ManagerError(code, "no answer");
      return "hot";
    });
    const changes = await forecastReloads(["plugins.a", "plugins.b", "agents.c"], gateway, never);
    expect(changes.map(({ reload }) => reload)).toEqual(["hot", "restart", "hot"]);
  });

  test("does not hide a bug", async () => {
    const bug = new TypeError("a bug");
    const { gateway } = gatewayOf(() => {
      throw bug;
    });
    expect(await thrownBy(forecastReloads(["a"], gateway))).toBe(bug);
  });
});

describe("describeChanges()", () => {
  test("returns a line per path, with its effect on the gateway", async () => {
    const { gateway } = gatewayOf((path) => (path === "x" ? "none" : undefined));
    expect(await describeChanges(["agents.list", "plugins.allow", "x"], gateway)).toEqual([
      "  Changed: agents.list (hot)",
      "  Changed: plugins.allow (restart)",
      "  Changed: x (none)",
    ]);
    expect(await describeChanges([], undefined)).toEqual([]);
  });

  test("counts the paths beyond a hundred without looking them up", async () => {
    const paths = Array.from({ length: 102 }, (_, index) => `agents.a${index}`);
    expect(await describeChanges(paths.slice(0, 100), undefined)).toHaveLength(100);
    const { gateway, asked } = gatewayOf(() => "hot");
    const lines = await describeChanges(paths, gateway);
    expect(lines).toHaveLength(101);
    expect(lines.slice(-2)).toEqual(["  Changed: agents.a99 (hot)", "  Changed: 2 more paths"]);
    expect(asked.filter((path) => paths.indexOf(path) >= 100)).toEqual([]);
  });
});
