import { chmod, mkdir, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { SETTING_SOURCES, type SettingName } from "../../lib/setting-sources.ts";
import { readSettings } from "../../lib/settings.ts";
import { asOrdinaryUser, createScratch } from "../support/fakes.ts";

type Flags = Parameters<typeof readSettings>[0];
type Environment = Parameters<typeof readSettings>[1];

function read(flags: Flags = {}, env: Environment = {}) {
  const result = readSettings(flags, env);
  if (result.kind === "invalid") throw new Error(result.problems.join("\n"));
  return result.settings;
}

function problemsOf(flags: Flags, env: Environment = {}): string[] {
  const result = readSettings(flags, env);
  return result.kind === "invalid" ? result.problems : [];
}

describe("readSettings()", () => {
  test("has the documented defaults", () => {
    expect(read()).toEqual({
      configDir: "/etc/openclaw/config.d",
      cronDir: "/etc/openclaw/cron.d",
      pvcConfig: "/home/node/.openclaw/openclaw.json",
      stagingDir: "/home/node/.openclaw/cron-config",
      checksumDir: "/tmp/checksums",
      pollInterval: "60",
      gatewayUrl: "ws://127.0.0.1:18789",
      gatewayTokenFile: undefined,
      owner: "config-manager",
      prune: "owned",
      transport: "auto",
      logFormat: "text",
      configMode: "auto",
      workspaceDir: "/etc/openclaw/workspace.d",
      workspaceMode: "own",
      secretsDir: undefined,
      secretsTargetDir: undefined,
      restart: "now",
      restartDeadline: 3_600,
      httpPort: undefined,
    });
  });

  test.each([
    ["configDir", "CONFIG_DIR", "--config-dir"],
    ["cronDir", "CRON_DIR", "--cron-dir"],
    ["pvcConfig", "PVC_CONFIG", "--pvc-config"],
    ["stagingDir", "STAGING_DIR", "--staging-dir"],
    ["checksumDir", "CHECKSUM_DIR", "--checksum-dir"],
    ["pollInterval", "POLL_INTERVAL", "--poll-interval"],
    ["gatewayUrl", "OPENCLAW_GATEWAY_URL", "--gateway-url"],
    ["gatewayTokenFile", "OPENCLAW_GATEWAY_TOKEN_FILE", "--gateway-token-file"],
    ["owner", "CONFIG_MANAGER_OWNER", "--owner"],
    ["prune", "CONFIG_MANAGER_PRUNE", "--prune"],
    ["transport", "CONFIG_MANAGER_TRANSPORT", "--transport"],
    ["logFormat", "CONFIG_MANAGER_LOG_FORMAT", "--log-format"],
    ["configMode", "CONFIG_MANAGER_CONFIG_MODE", "--config-mode"],
    ["workspaceDir", "WORKSPACE_DIR", "--workspace-dir"],
    ["workspaceMode", "CONFIG_MANAGER_WORKSPACE_MODE", "--workspace-mode"],
    ["restart", "CONFIG_MANAGER_RESTART", "--restart"],
    ["restartDeadline", "CONFIG_MANAGER_RESTART_DEADLINE", "--restart-deadline"],
    ["secretsDir", "SECRETS_DIR", "--secrets-dir"],
    ["secretsTargetDir", "SECRETS_TARGET_DIR", "--secrets-target-dir"],
    ["httpPort", "CONFIG_MANAGER_HTTP_PORT", "--http-port"],
  ] satisfies [SettingName, string, string][])("calls %s by the names %s and %s", (name, env, flag) => {
    expect(SETTING_SOURCES[name]).toMatchObject({ env, flag });
  });

  test.each([
    [{ secretsDir: "/from" }, "SECRETS_DIR: expected SECRETS_TARGET_DIR beside it"],
    [{ secretsTargetDir: "/to" }, "SECRETS_TARGET_DIR: expected SECRETS_DIR beside it"],
    [
      { secretsDir: "/a", secretsTargetDir: "/a/b" },
      'SECRETS_TARGET_DIR: expected a directory outside SECRETS_DIR: "/a/b"',
    ],
    [
      { secretsDir: "/a/b", secretsTargetDir: "/a/b/" },
      'SECRETS_TARGET_DIR: expected a directory outside SECRETS_DIR: "/a/b/"',
    ],
  ] satisfies [Flags, string][])("wants two directories for secrets, or none: %j", (flags, problem) => {
    expect(problemsOf(flags)).toEqual([problem]);
  });

  test("prefers a flag to its variable, and the variable to the default", () => {
    const env = { CONFIG_DIR: "/from/env", CONFIG_MANAGER_OWNER: "env", CONFIG_MANAGER_PRUNE: "none" };
    expect(read({ configDir: "/from/flag", prune: "owned" }, env)).toMatchObject({
      configDir: "/from/flag",
      owner: "env",
      prune: "owned",
      cronDir: "/etc/openclaw/cron.d",
    });
  });

  test("treats an empty environment variable as unset", () => {
    const env = { CONFIG_DIR: "", POLL_INTERVAL: "", OPENCLAW_GATEWAY_URL: "", OPENCLAW_GATEWAY_TOKEN_FILE: "" };
    expect(read({}, { ...env, OPENCLAW_GATEWAY_PORT: "" })).toEqual(read());
  });

  test("does not treat an empty flag as unset", () => {
    expect(problemsOf({ configDir: "", owner: "" })).toEqual([
      "--config-dir: expected a path but received none",
      "--owner: expected letters, digits, dots and dashes, at most 64",
    ]);
  });

  test("reads the gateway's port from the gateway's own variable", () => {
    expect(read({}, { OPENCLAW_GATEWAY_PORT: "19000" }).gatewayUrl).toBe("ws://127.0.0.1:19000");
    const env = { OPENCLAW_GATEWAY_PORT: "19000", OPENCLAW_GATEWAY_URL: "wss://gateway.example:1" };
    expect(read({}, env).gatewayUrl).toBe("wss://gateway.example:1");
  });

  test("ignores the port variable that Kubernetes sets for a Service named openclaw-gateway", () => {
    expect(read({}, { OPENCLAW_GATEWAY_PORT: "tcp://10.0.0.1:18789" }).gatewayUrl).toBe("ws://127.0.0.1:18789");
  });

  test("ignores the port variable that Kubernetes sets for a Service named config-manager-http", () => {
    const env = { CONFIG_MANAGER_HTTP_PORT: "tcp://10.0.0.1:9090" };
    expect(read({}, env).httpPort).toBeUndefined();
    expect(read({ httpPort: "9091" }, env).httpPort).toBe(9091);
    expect(problemsOf({ httpPort: "tcp://10.0.0.1:9090" })).toHaveLength(1);
  });

  test.each(["ws://127.0.0.1:1/?token=s3cret", "ws://me:s3cret@127.0.0.1:1"])(
    "rejects an address with a secret, and does not repeat it: %s",
    (gatewayUrl) => {
      const problem = "--gateway-url: expected an address such as ws://127.0.0.1:18789";
      expect(problemsOf({ gatewayUrl })).toEqual([problem]);
    },
  );

  test("reports every problem, under the flag or variable that set the value", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "");
    const flags = { configDir: scratch.in("file"), pollInterval: "abc", prune: "all" };
    const env = {
      CONFIG_DIR: "/etc",
      CRON_DIR: scratch.in("file"),
      OPENCLAW_GATEWAY_URL: "http://127.0.0.1",
      CONFIG_MANAGER_OWNER: "a b",
      CONFIG_MANAGER_TRANSPORT: "smoke signals",
      CONFIG_MANAGER_LOG_FORMAT: "xml",
      CONFIG_MANAGER_CONFIG_MODE: "copy",
      CONFIG_MANAGER_HTTP_PORT: "http",
    };
    expect(problemsOf(flags, env)).toEqual([
      `--config-dir: expected a directory, but a file is there: "${scratch.in("file")}"`,
      `CRON_DIR: expected a directory, but a file is there: "${scratch.in("file")}"`,
      '--poll-interval: expected a number of seconds, above 0 and at most 86400: "abc"',
      "OPENCLAW_GATEWAY_URL: expected an address such as ws://127.0.0.1:18789",
      'CONFIG_MANAGER_OWNER: expected letters, digits, dots and dashes, at most 64: "a b"',
      '--prune: expected owned or none: "all"',
      'CONFIG_MANAGER_TRANSPORT: expected auto, gateway or cli: "smoke signals"',
      'CONFIG_MANAGER_LOG_FORMAT: expected text or json: "xml"',
      'CONFIG_MANAGER_CONFIG_MODE: expected auto, merge or replace: "copy"',
      'CONFIG_MANAGER_HTTP_PORT: expected a whole number from 1 to 65535: "http"',
    ]);
  });

  test("reports each problem on one line, whatever the value", () => {
    for (const problem of problemsOf({ owner: "a\nb", pollInterval: "\u001b[31m1\r" })) {
      expect(problem).toMatch(/^[\u0020-\u007e]+$/);
    }
  });

  test.each(["configDir", "cronDir"] satisfies SettingName[])(
    "accepts an existing or missing directory for %s, and no file",
    async (name) => {
      await using scratch = await createScratch();
      await mkdir(scratch.in("directory"));
      await writeFile(scratch.in("file"), "");
      expect(problemsOf({ [name]: scratch.in("directory") })).toEqual([]);
      expect(problemsOf({ [name]: scratch.in("not", "yet") })).toEqual([]);
      expect(problemsOf({ [name]: scratch.in("file") })).toHaveLength(1);
    },
  );

  test("accepts a file where it writes: the pass that needs the directory reports it, and a Pod starts", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("file"), "");
    expect(problemsOf({ stagingDir: scratch.in("file"), checksumDir: scratch.in("file") })).toEqual([]);
  });

  test("accepts a directory that it may not look into: the pass that reads it reports why", async () => {
    await using scratch = await createScratch();
    await chmod(scratch.path, 0o700);
    const problems = await asOrdinaryUser(async () => problemsOf({ configDir: scratch.in("config.d") }));
    expect(problems).toEqual([]);
  });

  test.each(["60", "0.5", "1", "86400", ".25", "1e3"])("accepts a poll interval of %s", (pollInterval) => {
    expect(read({ pollInterval }).pollInterval).toBe(pollInterval);
  });

  test.each(["0", "-1", "abc", "60s", "86401", "Infinity", "NaN", " ", "1,5"])(
    "rejects a poll interval of %j",
    (pollInterval) => {
      expect(problemsOf({ pollInterval })).toHaveLength(1);
    },
  );

  test.each(["ws://127.0.0.1:18789", "wss://gateway.example", "ws://[::1]:18789/", "ws://localhost:1/path"])(
    "accepts the address %s",
    (gatewayUrl) => {
      expect(read({ gatewayUrl }).gatewayUrl).toBe(gatewayUrl);
    },
  );

  test.each([
    "http://127.0.0.1:18789",
    "127.0.0.1:18789",
    "ws://",
    "ws://127.0.0.1:99999",
    "ws://user@gateway.example",
    "ws://:s3cret@gateway.example",
    "ws://user:s3cret@gateway.example",
    "s3cret",
  ])("rejects the address %s, and does not repeat it: it may contain a password", (gatewayUrl) => {
    const expected = "expected an address such as ws://127.0.0.1:18789";
    expect(problemsOf({ gatewayUrl })).toEqual([`--gateway-url: ${expected}`]);
    expect(problemsOf({}, { OPENCLAW_GATEWAY_URL: gatewayUrl })).toEqual([`OPENCLAW_GATEWAY_URL: ${expected}`]);
  });

  test.each(["1", "80", "9090", "65535"])("accepts the port %s", (httpPort) => {
    expect(read({ httpPort }).httpPort).toBe(Number(httpPort));
    expect(read({}, { CONFIG_MANAGER_HTTP_PORT: httpPort }).httpPort).toBe(Number(httpPort));
  });

  test.each(["", "0", "65536", "99999", "-1", "+1", "1.5", "1e3", "0x50", "080", " 80", "80 ", "http", ":80"])(
    "rejects the port %j",
    (httpPort) => {
      const problem = "--http-port: expected a whole number from 1 to 65535";
      expect(problemsOf({ httpPort })).toEqual([expect.stringContaining(problem)]);
    },
  );

  test.each(["auto", "gateway", "cli"])("accepts the transport %s", (transport) => {
    expect(read({ transport }).transport).toBe(transport as "auto");
  });

  test.each(["config-manager", "a", "9", "team.A_9-b", "x".repeat(64)])("accepts the owner %s", (owner) => {
    expect(read({ owner }).owner).toBe(owner);
  });

  test.each(["a b", "a:b", "-a", ".a", "a]", "é", "x".repeat(65), "a\n"])("rejects the owner %j", (owner) => {
    expect(problemsOf({ owner })).toEqual([expect.stringMatching(/^--owner: expected letters/)]);
  });

  test.each(["heartbeat", "memory-core", "claw", "skill-collection-review"])(
    "rejects the owner %s: OpenClaw uses it for its own jobs",
    (owner) => {
      expect(problemsOf({ owner })).toEqual([expect.stringMatching(/^--owner: is a name that OpenClaw uses/)]);
    },
  );
});
