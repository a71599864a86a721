// A config that people have split into files, beside real gateways: the included files are part of it.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import JSON5 from "json5";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { killUnderChange } from "../support/kills.ts";
import { ALONE, type Pod, createPod } from "../support/pod.ts";
import { RELEASES, getRelease } from "../support/release.ts";
import { type Sidecar, readMaybe, runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const COMPLETE = "Config update complete (openclaw will auto-detect via chokidar)";

/** Without a channel's token: 2026.2.9 would write the whole config into the root at its start. */
const VARIABLES = { ACME_API_KEY: "acme-value-of-the-variable" };

type Files = Record<string, string>;

/** The part of a config that these tests look at. */
interface Resolved {
  agents: { defaults: { timeoutSeconds: number; heartbeat: { every: string } } };
}

describe.each(RELEASES)("a config in several files, beside OpenClaw %s", (version) => {
  let gateway: TestGateway;
  let pod: Pod;
  let sidecar: Sidecar;

  const directory = () => dirname(gateway.configPath);
  const read = (name: string) => readMaybe(join(directory(), name));
  const environment = () => pod.environment({ ...VARIABLES, OPENCLAW_GATEWAY_TOKEN: gateway.token });
  const status = async () => JSON.parse((await runBinary(["status", "--json"], environment())).stdout).config;

  const root = (more = "") => `// the root, in Git
{
  gateway: {
    mode: "local", bind: "loopback", port: ${gateway.port},
    auth: { mode: "token", token: "\${OPENCLAW_GATEWAY_TOKEN}" },
  },
  agents: { $include: "./agents.json5" },
  models: { $include: ["./models.json5"] },
  logging: { file: "${join(gateway.home, "tmp", "openclaw.log")}" },
  ${more}
}
`;
  const agents = (seconds: number) =>
    `// agents\n{ defaults: { timeoutSeconds: ${seconds}, $include: "./nested.json5" } }\n`;
  const nested = (every: string) => `{ heartbeat: { every: "${every}" } }\n`;
  const MODELS = `{
  providers: {
    acme: {
      baseUrl: "http://127.0.0.1:9/v1", apiKey: "\${ACME_API_KEY}", api: "openai-completions",
      models: [{ id: "acme-1", name: "Acme 1" }],
    },
  },
}
`;
  const files = (change: Files = {}): Files => ({
    "openclaw.json": root(),
    "agents.json5": agents(600),
    "models.json5": MODELS,
    "nested.json5": nested("30m"),
    ...change,
  });
  /** What the gateway has in the end of what all files say. */
  const resolved = async () => (await gateway.rpc<{ config: Resolved }>("config.get")).config;

  /** Back to where the tests begin, whatever the last one has left. */
  async function restore(): Promise<void> {
    await pod.mounts.config.publish(files());
    sidecar.signal("SIGHUP");
    await until("the first files to be back", async () => {
      const all = await Promise.all(Object.entries(files()).map(async ([name, text]) => (await read(name)) === text));
      return all.every(Boolean) && (await status()).state === "in-sync";
    });
  }

  async function deliver(change: Files): Promise<string[]> {
    const [from, logged] = [sidecar.messages().length, gateway.log().length];
    await pod.mounts.config.publish(files(change));
    await sidecar.waitFor(COMPLETE, from);
    await until("the gateway to look at the change", () => /\[reload\] config/.test(gateway.log().slice(logged)), {
      explain: () => gateway.log().slice(logged),
    });
    return sidecar.messages().slice(from);
  }

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version), VARIABLES);
    pod = await createPod(gateway);
    await pod.mounts.publishJobs([]);
    await pod.mounts.config.publish(files());
    const { exitCode, stdout } = await runBinary(["init", "--only", "config"], environment());
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    sidecar = pod.start({ ...VARIABLES, OPENCLAW_GATEWAY_TOKEN: gateway.token });
    await gateway.start();
    await sidecar.waitFor(/^Connected to gateway/);
    await until("the config to be in sync", async () => (await status()).state === "in-sync");
  });
  afterAll(async () => {
    await pod.dispose();
    await gateway.dispose();
  });

  test("all files are delivered with their bytes", async () => {
    for (const [name, text] of Object.entries(files())) expect(await read(name)).toBe(text);
    expect((await resolved()).agents.defaults).toMatchObject({ timeoutSeconds: 600, heartbeat: { every: "30m" } });
  });

  test("a change of an included file alone is a change, and the gateway reloads it", async () => {
    const lines = await deliver({ "nested.json5": nested("45m") });
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}Changed: agents\.defaults\.heartbeat\.every \(/));
    expect((await resolved()).agents.defaults.heartbeat.every).toBe("45m");
    expect(await status()).toMatchObject({ state: "in-sync", problems: [] });
  });

  test("an included file that the gateway rejects is put back with all others", async () => {
    await restore();
    const [from, logged] = [sidecar.messages().length, gateway.log().length];
    const bad = { "nested.json5": '{ nonsenseKey: true, heartbeat: { every: "50m" } }\n', "agents.json5": agents(700) };
    await pod.mounts.config.publish(files(bad));
    await sidecar.waitFor(/^WARNING: Config rejected, .*nonsenseKey/, from);
    expect(await read("nested.json5")).toBe(nested("30m"));
    expect(await read("agents.json5")).toBe(agents(600));
    expect((await status()).state).toBe("rejected");
    const lines = await deliver({ "nested.json5": nested("55m"), "agents.json5": agents(700) });
    expect(lines.filter((line) => line.startsWith("WARNING"))).toEqual([]);
    // A busy machine may read the bad one before it is put back.
    for (const line of gateway
      .log()
      .slice(logged)
      .match(/.*reload skipped.*/g) ?? [])
      expect(line).toContain("nonsenseKey");
    expect((await resolved()).agents.defaults).toMatchObject({ timeoutSeconds: 700, heartbeat: { every: "55m" } });
  });

  test("a file that is broken, missing, circular or outside is refused by its name, and nothing changes", async () => {
    await restore();
    const names = () =>
      readdirSync(directory())
        .filter((name) => !name.endsWith(".tmp"))
        .toSorted(); // copies, for a while
    const before = names();
    const cases: [Files, RegExp][] = [
      [{ "nested.json5": "{ heartbeat: " }, /nested\.json5: invalid end of input/],
      [
        { "openclaw.json": root('messages: { $include: "./gone.json5" },') },
        /gone\.json5: the ConfigMap has no such key/,
      ],
      [
        { "nested.json5": '{ $include: "./agents.json5" }' },
        /circular: .*agents\.json5 -> nested\.json5 -> agents\.json5/,
      ],
      [
        { "openclaw.json": root('messages: { $include: "../../etc/passwd" },') },
        /\.\.\/\.\.\/etc\/passwd: leads out of/,
      ],
    ];
    for (const [change, problem] of cases) {
      const from = sidecar.messages().length;
      await pod.mounts.config.publish(files(change));
      expect(await sidecar.waitFor(/^WARNING: Config rejected/, from)).toMatch(problem);
      expect(readFileSync(gateway.configPath, "utf8")).toBe(root());
      const path = pod.mounts.config.path;
      const { exitCode, stdout } = await runBinary(["validate", path], environment());
      expect({ exitCode, stdout }).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(problem) });
    }
    expect(names()).toEqual(before);
  });

  test("a renamed file comes before the root that includes it, and the old one goes", async () => {
    await restore();
    const renamed: Files = { ...files(), "openclaw.json": root().replace("./agents.json5", "./people.json5") };
    renamed["people.json5"] = agents(610);
    delete renamed["agents.json5"];
    const from = sidecar.messages().length;
    await pod.mounts.config.publish(renamed);
    await sidecar.waitFor(COMPLETE, from);
    expect(await read("people.json5")).toBe(agents(610));
    await until("the old file to go", () => !existsSync(join(directory(), "agents.json5")));
    expect((await resolved()).agents.defaults.timeoutSeconds).toBe(610);
    await restore();
    await until("the renamed file to go", () => !existsSync(join(directory(), "people.json5")));
  });

  test("killed again and again under constant change, no root ever includes a file that is not there", async () => {
    await sidecar.dispose();
    const names = ["one", "two", "three"];
    const seen = await killUnderChange({
      async publish(round) {
        const name = `${names[round % 3]}.json5`;
        const text = root().replace("./agents.json5", `./${name}`);
        const { "agents.json5": _, ...rest } = files({ "openclaw.json": text });
        await pod.mounts.config.publish({
          ...rest,
          [name]: agents(600 + (round % 50)),
          "nested.json5": nested(`${30 + (round % 20)}m`),
        });
      },
      async start(findsGateway) {
        const settings = { ...VARIABLES, OPENCLAW_GATEWAY_TOKEN: gateway.token, POLL_INTERVAL: "0.01" };
        return pod.start(findsGateway ? settings : { ...settings, ...ALONE });
      },
      async judge() {
        const text = readFileSync(gateway.configPath, "utf8");
        const name = /\$include"?: "\.\/(\w+\.json5)"/.exec(text)?.[1] ?? "";
        for (const included of [name, "models.json5", "nested.json5"]) {
          expect(() => JSON5.parse(readFileSync(join(directory(), included), "utf8"))).not.toThrow();
        }
        return name;
      },
    });
    expect(seen).toBeGreaterThan(1);
    const last = await runBinary(["sync", "--only", "config"], environment());
    expect({ code: last.exitCode, messages: last.messages }).toMatchObject({ code: 0 });
    expect(readdirSync(directory()).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    await rm(pod.mounts.checksums, { recursive: true, force: true });
  });
});
