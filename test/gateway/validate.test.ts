// `validate`, `schema config` and the line of `doctor` about upgrades beside real gateways, with a config as people have
// it. 2026.2.9 takes keys that 2026.9.6 does not.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import Ajv from "ajv";
import JSON5 from "json5";
import type { JsonObject } from "../../lib/json.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { ALONE, type Pod, createPod } from "../support/pod.ts";
import { VARIABLES, realConfig } from "../support/real-config.ts";
import { RELEASES, getRelease } from "../support/release.ts";
import { runBinary } from "../support/sidecar.ts";

const NEWEST = RELEASES[0];

/** Keys that 2026.2.9 takes and 2026.9.6 migrates, as realConfig() has them, and one in an included file. */
const OLD_KEYS = [
  "channels.discord.dm.policy",
  "gateway.controlUi.allowInsecureAuth",
  "tools.exec.security",
  "tools.exec.ask",
  // These two 2026.2.9 writes by itself, with its defaults.
  "logging.redactSensitive",
  "channels.telegram.streamMode",
];
const OLD_INCLUDED = "channels.defaults.heartbeat";

/** An agent that there is not: only 2026.9.6 refuses that. */
const REFUSED = "bindings.0.agentId";

describe.each([...RELEASES])("validate beside OpenClaw %s", (version) => {
  const isNewest = version === NEWEST;
  let gateway: TestGateway;
  let pod: Pod;
  /** The config in Git, as a file. */
  let file: string;
  let included: string;
  const outputs: string[] = [];

  const environment = (more: Record<string, string> = {}) =>
    pod.environment({ ...VARIABLES, OPENCLAW_GATEWAY_TOKEN: gateway.token, ...more });
  /** Where the CLI of this release is on PATH, and finds its plugins compiled. */
  const withCli = () => {
    return environment({ ...gateway.environment, ...VARIABLES, JITI_FS_CACHE: "true" });
  };

  async function type(args: string[], env = environment()) {
    const { exitCode, stdout, stderr } = await runBinary(args, env);
    outputs.push(stdout, stderr);
    return { exitCode, stderr, lines: stdout.split("\n").filter(Boolean), stdout };
  }
  const findings = (lines: string[]) =>
    lines.filter((line) => !/: (?:included )?config, no problem$|^checked against | jobs?, no problem$/.test(line));

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version), VARIABLES);
    pod = await createPod(gateway);
    const heartbeat = isNewest ? "heartbeatVisibility" : "heartbeat";
    const defaults = `{\n  ${heartbeat}: { showOk: true },\n}`;
    const channels = `{
      telegram: { enabled: true, botToken: "\${TELEGRAM_BOT_TOKEN}", dmPolicy: "pairing" },
      discord: { enabled: false, token: "\${DISCORD_TOKEN}"${isNewest ? "" : ', dm: { policy: "pairing" }'} },
      defaults: ${defaults},
    }`;
    const bindings = `[{ agentId: "${isNewest ? "main" : "helper"}", match: { channel: "telegram" } }]`;
    await writeFile(gateway.configPath, realConfig(gateway, { hasOldKeys: !isNewest, more: { channels, bindings } }));
    file = join(pod.mounts.root, "git", "openclaw.json");
    await mkdir(dirname(file));
    await writeFile(file, realConfig(gateway, { hasOldKeys: !isNewest }));
    await pod.mounts.config.publish({ "openclaw.json": realConfig(gateway, { hasOldKeys: !isNewest }) });
    await pod.mounts.publishJobs([{ name: "nightly", schedule: "0 3 * * *", message: "tidy up" }]);
    await gateway.startAsKubelet();
    // 2026.2.9 writes what is included into the file itself when it starts. The config stays what it is.
    included = join(dirname(gateway.configPath), "parts/defaults.json5");
    await mkdir(dirname(included));
    await writeFile(included, `// shared\n${defaults}\n`);
    const live = JSON5.parse(await readFile(gateway.configPath, "utf8"));
    live.channels.defaults = { $include: included };
    await replaceFile(gateway.configPath, JSON.stringify(live, undefined, 2));
  });
  afterAll(async () => {
    await pod?.dispose();
    await gateway?.dispose();
  });

  test("takes the gateway's release, and says so", async () => {
    const { exitCode, lines, stderr } = await type(["validate", file]);
    expect({ exitCode, lines, stderr }).toEqual({
      exitCode: 0,
      lines: [`${file}: config, no problem`, `checked against OpenClaw ${version} (the gateway's release)`],
      stderr: "",
    });
  });

  test("takes the newest where the gateway refuses us, and says why", async () => {
    const { exitCode, lines } = await type(
      ["validate", file],
      environment({ OPENCLAW_GATEWAY_TOKEN: "not-the-token" }),
    );
    expect(lines.at(-1)).toStartWith(
      `checked against OpenClaw ${NEWEST} (the newest known; the gateway's is not known: `,
    );
    expect(lines.at(-1)).toMatch(/unauthorized|token/);
    expect(exitCode).toBe(0);
  });

  test("finds in the live config what an upgrade would not take, in the file that has it", async () => {
    const { exitCode, lines, stderr } = await type(["validate", "--openclaw", NEWEST, "--live"]);
    const found = findings(lines);
    const warnings = stderr.split("\n").filter(Boolean);
    if (isNewest) {
      expect({ exitCode, found, warnings }).toEqual({ exitCode: 0, found: [], warnings: [] });
      return;
    }
    expect(exitCode).toBe(1);
    expect(found).toEqual([expect.stringContaining(`: ${REFUSED}: `)]);
    for (const path of OLD_KEYS) {
      const ofPath = warnings.filter((line) => line.includes(`: ${path}: an old key`));
      expect(ofPath).toEqual([expect.stringMatching(/openclaw\.json:\d+: /)]);
    }
    expect(warnings.filter((line) => line.includes(": meta"))).toEqual([]); // the stamp is OpenClaw's
    const ofIncluded = warnings.filter((line) => line.includes(`: ${OLD_INCLUDED}: `));
    expect(ofIncluded.map((line) => line.split(": ")[1])).toEqual([`${included}:3`]);
    expect((await type(["validate", "--live"])).exitCode).toBe(0);
  });

  test("doctor says how the live config goes with this gateway, and with the newest", async () => {
    const { stdout } = await type(["doctor", "--json"]);
    const upgradeOf = (text: string) =>
      JSON.parse(text).checks.find(({ name }: { name: string }) => name === "upgrade");
    if (isNewest) {
      expect(upgradeOf(stdout)).toEqual({
        name: "upgrade",
        state: "ok",
        detail: `goes with this gateway, ${NEWEST}, the newest that is known`,
      });
    } else {
      const old = OLD_KEYS.length + 1;
      expect(upgradeOf(stdout)).toEqual({
        name: "upgrade",
        state: "warning",
        detail: `goes with this gateway; with ${NEWEST}: 1 problem, and ${old} old keys that it migrates`,
        hint: `config-manager validate --openclaw ${NEWEST} --live`,
      });
    }
    const { stdout: alone } = await type(["doctor", "--json"], environment(ALONE));
    expect(upgradeOf(alone).detail).toStartWith(`this gateway's release is not known; with ${NEWEST}: `);
    const nothing = { PVC_CONFIG: join(pod.mounts.root, "nothing.json") };
    expect(upgradeOf((await type(["doctor", "--json"], environment(nothing))).stdout).state).toBe("skipped");
  });

  test("schema config prints a schema that validates", async () => {
    const { exitCode, stdout } = await type(["schema", "config"]);
    expect(exitCode).toBe(0);
    const schema = JSON.parse(stdout) as JsonObject;
    expect(listReferences(schema)).toEqual([]);
    // The whole schema of 2026.9.6 takes ajv 14 s and 480 MB.
    const { gateway: ofGateway } = schema.properties as JsonObject;
    new Ajv({ strict: false, validateFormats: false }).compile((isNewest ? ofGateway : schema) as object);

    const path = join(pod.mounts.root, "schema.json");
    await writeFile(path, stdout);
    const live = await type(["validate", "--schema", path, "--live"]);
    expect({ exitCode: live.exitCode, found: findings(live.lines) }).toEqual({ exitCode: 0, found: [] });
    const wrong = join(pod.mounts.root, "wrong.json");
    await writeFile(wrong, realConfig(gateway, { more: { messages: '{ ackReactoin: "s3cret-of-a-typo" }' } }));
    const { exitCode: ofWrong, lines } = await type(["validate", "--schema", path, wrong]);
    expect(ofWrong).toBe(1);
    expect(findings(lines)).toEqual([
      expect.stringMatching(/wrong\.json:\d+: messages\.ackReactoin: unknown key, did you mean ackReaction\?$/),
    ]);
  });

  test("--exact asks the release's own CLI, and says once what both find", async () => {
    const wrong = join(pod.mounts.root, "exact.json");
    await writeFile(
      wrong,
      realConfig(gateway, {
        more: {
          channels: '{ telegram: { botTokn: "s3cret-of-a-typo" } }',
          models: '{ providers: { acme: { baseUrl: "http://127.0.0.1:9/v1", models: [{ id: "acme-1" }] } } }',
          messages: '{ ackReactoin: "s3cret-of-a-typo", responsePrefix: 5 }',
        },
      }),
    );
    const { exitCode, lines, stderr } = await type(["validate", "--exact", wrong], withCli());
    expect(exitCode).toBe(1);
    expect(findings(lines).map((line) => line.split(": ")[1])).toEqual([
      "channels.telegram.botTokn",
      "models.providers.acme.models.0",
      "messages.ackReactoin",
      "messages.responsePrefix",
    ]);
    const tooOld =
      "warning: --exact: the openclaw command on PATH has no config validate --json: its own check is left out\n";
    expect(stderr).toBe(isNewest ? "" : tooOld);
    if (!isNewest) return; // the line takes its CLI 20 s
    const live = await type(["validate", "--exact", "--live"], withCli());
    expect({ exitCode: live.exitCode, found: findings(live.lines) }).toEqual({ exitCode: 0, found: [] });
  });

  test("--exact without a command that answers is no success", async () => {
    const bin = join(pod.mounts.root, "bin");
    await mkdir(bin);
    const missing = await type(["validate", "--exact", file], environment({ PATH: bin }));
    await writeFile(join(bin, "openclaw"), "#!/bin/sh\necho garbage\n", { mode: 0o755 });
    const garbage = await type(["validate", "--exact", file], environment({ PATH: bin }));
    for (const { exitCode, lines } of [missing, garbage]) {
      expect({ exitCode, first: lines[0] }).toEqual({ exitCode: 1, first: `${file}: config, no problem` });
    }
    expect(missing.stderr).toBe("error: --exact: there is no openclaw command on PATH: its own check is left out\n");
    expect(garbage.stderr).toBe(
      "error: --exact: openclaw config validate: its output makes no sense (it ended with 0): its own check is left out\n",
    );
  });

  test("takes the newest where no gateway answers", async () => {
    await gateway.kill();
    for (const env of [environment(), environment({ OPENCLAW_GATEWAY_URL: "ws://192.0.2.1:18789" })]) {
      const { exitCode, lines } = await type(["validate", file], env);
      expect(lines.at(-1)).toBe(`checked against OpenClaw ${NEWEST} (the newest known)`);
      expect(exitCode).toBe(0);
    }
    const { exitCode, stderr } = await type(["schema", "config"]);
    expect(exitCode).toBe(1);
    expect(stderr).toEndWith("hint: config-manager schema config --openclaw latest\n");
  });

  test("nothing that was printed has a secret in it", () => {
    const secrets = [...Object.values(VARIABLES), gateway.token, "s3cret", "not-the-token"];
    for (const output of outputs) for (const secret of secrets) expect(output.includes(secret)).toBe(false);
  });
});

/** At once, so that no gateway reads a half of it. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

/** The references in a schema; a property may have that name. */
function listReferences(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(listReferences);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" && typeof inner === "string" ? [inner] : listReferences(inner),
  );
}
