// The sidecar in the limits of the manifests, 128 MiB and a tenth of a core, with the worst that a pull request or an
// agent can give it: each is refused by a line or taken, nothing is killed, and /healthz answers all the while.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { chmod, copyFile, mkdir, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import JSON5 from "json5";
import { type ControlGroup, createControlGroup, whyNoControlGroups } from "../support/control-group.ts";
import { serveGateway } from "../support/fakes.ts";
import { findFreePort } from "../support/free-port.ts";
import { putObstacle } from "../support/obstacles.ts";
import { mustRun } from "../support/process.ts";
import { until } from "../support/until.ts";
import { type Volume, type VolumeFiles, createVolume } from "../support/volume.ts";
import { BINARY, type Mounts, type Sidecar, createMounts, startSidecar } from "../support/sidecar.ts";

const MIB = 1024 ** 2;
const repeat = (count: number, write: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => write(i)).join("");

/** As the Deployment has it: a probe may take 5 s, and three that fail in a row end the container. */
const PROBE_LIMIT_MS = 5_000;
const FAILURE_THRESHOLD = 3;

/** Each takes seconds of a tenth of a core. */
const LIMIT_MS = 120_000;

const missing = await whyNoControlGroups();
if (missing) console.log(`(skip) the limits of the manifests: ${missing}`);

describe.skipIf(missing !== undefined)("at 128 MiB and 0.1 CPU", () => {
  const gateway = serveGateway({ "cron.list": () => ({ payload: { jobs: [] } }) });
  let limited: ControlGroup;
  let mounts: Mounts;
  let sidecar: Sidecar;
  let workspaceFiles: Volume;
  let live: string;
  let round = 0;
  let failedInARow = 0;
  let mostFailed = 0;
  const end = new AbortController();
  let probing: Promise<void>;

  const goodConfig = () => `{"gateway":{"mode":"local"},"messages":{"ackReaction":"${(round += 1)}"}}`;

  async function probe(port: number): Promise<void> {
    while (!end.signal.aborted) {
      const isFine = await fetch(`http://127.0.0.1:${port}/healthz`, {
        signal: AbortSignal.timeout(PROBE_LIMIT_MS),
      }).then(
        async (response) => (await response.text()).startsWith("ok"),
        () => false,
      );
      failedInARow = isFine ? 0 : failedInARow + 1;
      mostFailed = Math.max(mostFailed, failedInARow);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  beforeAll(async () => {
    limited = await createControlGroup({ memoryBytes: 128 * MIB, cpus: 0.1 });
    mounts = await createMounts();
    live = join(mounts.root, "pvc", "openclaw.json");
    await mkdir(join(mounts.root, "pvc"));
    const program = join(mounts.root, "config-manager"); // a copy, whose pages are charged to this group alone
    await copyFile(BINARY, program);
    await chmod(program, 0o755);
    await chmod(mounts.root, 0o755);
    await mounts.config.publish({ "openclaw.json": goodConfig() });
    await mounts.publishJobs([]);
    workspaceFiles = await createVolume(join(mounts.root, "workspace.d"));
    await workspaceFiles.publish({});
    await mustRun("chown", ["-hR", "1000:1000", mounts.root]);
    const port = await findFreePort();
    const env = mounts.environment({
      PVC_CONFIG: live,
      WORKSPACE_DIR: workspaceFiles.path,
      OPENCLAW_GATEWAY_URL: gateway.url,
      OPENCLAW_GATEWAY_TOKEN: "token",
      CONFIG_MANAGER_HTTP_PORT: String(port),
      POLL_INTERVAL: "3600",
    });
    sidecar = startSidecar(env, ["run"], [...limited.enter, program]);
    await sidecar.waitFor(/^Cron job sync complete/);
    probing = probe(port);
  }, LIMIT_MS);

  afterAll(async () => {
    end.abort();
    await probing;
    await sidecar.dispose();
    await limited[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
    await mounts.dispose();
  });

  afterEach(async () => {
    expect((await limited.memory()).oomKills).toBe(0);
    expect(mostFailed).toBeLessThan(FAILURE_THRESHOLD);
  });

  /** Git's next good config goes in. */
  async function expectGood(): Promise<void> {
    const text = goodConfig();
    await mounts.config.publish({ "openclaw.json": text });
    const { messages } = JSON.parse(text) as { messages: object };
    await until(
      "Git's next config to be in place",
      async () => {
        const found = JSON5.parse<{ messages?: object }>(await readFile(live, "utf8").catch(() => "{}"));
        return Bun.deepEquals(found.messages, messages);
      },
      { explain: () => sidecar.messages().slice(-10).join("\n") },
    );
  }

  test.each<[string, string, RegExp]>([
    ["of 5 MiB", `{"a":"${"x".repeat(5 * MIB)}"}`, /larger than 4 MiB/],
    ["of 390 KiB of brackets", "[".repeat(390 * 1024), /nested too deeply/],
    ["of 390 KiB of keys in keys", '{"a":'.repeat(78 * 1024), /nested too deeply/],
    ["of 1.3 million objects", `[${"{},".repeat(1.3 * MIB)}]`, /100000 values/],
    [
      "of 50,000 unknown objects",
      `{gateway: {mode: "local"}, ${repeat(50_000, (i) => `k${i}: {a: 1},`)}}`,
      /100000 values/,
    ],
    [
      "of a MiB that only the slow parser reads",
      `{a: 0x1f, b: "${"x".repeat(MIB - 100)}"}`,
      /0\.5 MiB, and no plain JSON/,
    ],
  ])(
    "a config %s is refused by a line",
    async (_, text, reason) => {
      const from = sidecar.messages().length;
      const before = await readFile(live, "utf8");
      await mounts.config.publish({ "openclaw.json": text });
      expect(await sidecar.waitFor(/^WARNING: Config rejected/, from)).toMatch(reason);
      expect(await readFile(live, "utf8")).toBe(before);
      await expectGood();
    },
    LIMIT_MS,
  );

  test.each<[string, string, string, RegExp]>([
    ["390 KiB of brackets", "a.json", "[".repeat(390 * 1024), /nested too deeply/],
    ["the same in JSON5", "a.json5", "[".repeat(390 * 1024), /nested too deeply/],
    ["the same in YAML", "a.yaml", "[".repeat(390 * 1024), /nested too deeply/],
    ["a MiB of objects", "a.json", `[${"{},".repeat(349_000)}{}]`, /100000 values/],
    ["a MiB of dashes", "a.yaml", "- ".repeat(MIB / 2), /nested too deeply/],
    ["a MiB of numbers in YAML", "a.yaml", `[${"1,".repeat(MIB / 2 - 2)}1]`, /too many values/],
    [
      "aliases of aliases",
      "a.yaml",
      `a: &a [1,1,1,1,1,1,1,1,1]\n${repeat(30, (i) => `a${i}: &a${i} [${`*a${i === 0 ? "" : i - 1},`.repeat(9)}]\n`)}`,
      /aliases of aliases/,
    ],
    [
      "7,000 wrong jobs",
      "a.json",
      JSON.stringify(Array.from({ length: 7_000 }, () => ({ name: "", cron: 1 }))),
      /unknown field/,
    ],
  ])(
    "definitions of %s are refused by a line",
    async (_, name, text, reason) => {
      const from = sidecar.messages().length;
      await mounts.cron.publish({ [name]: text });
      expect(await sidecar.waitFor(/^WARNING: Cron config rejected/, from)).toMatch(reason);
      await mounts.publishJobs([]);
      await expectGood();
    },
    LIMIT_MS,
  );

  test.each([
    [
      "the largest that is read",
      "openclaw.json",
      `{"gateway":{"mode":"local"},${repeat(16_300, (i) => `"k${i}":{"a":"${"x".repeat(200)}"},`)}"z":1}`,
    ],
    [
      "the largest in JSON5",
      "openclaw.json",
      `// Git\n{gateway: {mode: "local"}, ${repeat(16_300, (i) => `k${i}: {a: "${"x".repeat(200)}"},`)} z: 1}`,
    ],
  ])(
    "%s is taken",
    async (_, name, text) => {
      const from = sidecar.messages().length;
      await mounts.config.publish({ [name]: text });
      await sidecar.waitFor(/^(Config update complete|WARNING: )/, from);
      await expectGood();
    },
    LIMIT_MS,
  );

  const mebibytes = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`skills/large/${i}`, Buffer.alloc(MIB, i + 1)]));
  const manyFiles = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`skills/many-${i % 50}/${i}`, `file ${i}\n`]));

  test.each([
    ["of 16 MiB", mebibytes(16)],
    ["of 500 files", manyFiles(500)],
  ])(
    "workspace files %s are taken, and go again",
    async (_, files) => {
      const from = sidecar.messages().length;
      await workspaceFiles.publish(files);
      await sidecar.waitFor(/^Workspace sync complete/, from);
      for (const [name, content] of Object.entries(files)) {
        expect((await readFile(join(mounts.root, "pvc/workspace", name))).equals(Buffer.from(content))).toBe(true);
      }
      const filled = sidecar.messages().length;
      await workspaceFiles.publish({ "AGENTS.md": "# Git\n" });
      await sidecar.waitFor(/^Workspace sync complete/, filled);
      expect(await readdir(join(mounts.root, "pvc/workspace/skills")).catch(() => [])).toEqual([]);
    },
    LIMIT_MS,
  );

  test.each<[string, VolumeFiles, RegExp]>([
    ["of 17 MiB", mebibytes(17), /more than 16777216 bytes/],
    ["of 600 files", manyFiles(600), /500 files/],
    ["with one of 5 MiB", { "AGENTS.md": Buffer.alloc(5 * MIB, 32) }, /AGENTS\.md has 5242880 bytes/],
  ])(
    "workspace files %s are refused by a line",
    async (_, files, reason) => {
      const from = sidecar.messages().length;
      await workspaceFiles.publish(files);
      expect(await sidecar.waitFor(/^WARNING: Workspace/, from)).toMatch(reason);
      await workspaceFiles.publish({ "AGENTS.md": `# Git ${(round += 1)}\n` });
      await sidecar.waitFor(/^Workspace sync complete/, from);
      await expectGood();
    },
    LIMIT_MS,
  );

  test.each(["a sparse file of 1.5 GB", "a link to a device", "a pipe"])(
    "%s in the place of the live config and of every record is refused by name, and gone, all is well",
    async (obstacle) => {
      const planted = new AsyncDisposableStack();
      for (const record of [
        "",
        ...["good", "applied", "accepted", "rejected"].map((name) => `.config-manager-${name}`),
      ]) {
        planted.use(await putObstacle(obstacle, live + record, mounts.root));
      }
      const from = sidecar.messages().length;
      await mounts.config.publish({ "openclaw.json": goodConfig() });
      expect(await sidecar.waitFor(/^WARNING: .*openclaw\.json/, from)).toContain(live);
      await planted.disposeAsync();
      await expectGood();
    },
    LIMIT_MS,
  );
});
