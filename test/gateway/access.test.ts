// The ways into a real gateway: over TLS with a certificate of its own, with each kind of `gateway.auth`, and by the
// openclaw CLI.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Status } from "../../lib/commands/status.ts";
import { LOCAL } from "../support/certificates.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { run } from "../support/process.ts";
import { RELEASES, getRelease } from "../support/release.ts";
import { runBinary } from "../support/sidecar.ts";

const JOB = { name: "nightly", schedule: "0 3 * * *", message: "tidy up" };
const COMPLETE = "Cron job sync complete";

/** The `gateway` section of a config for this gateway, with further keys. */
const sectionOf = ({ port, token }: TestGateway, more: object = {}) => ({
  gateway: { mode: "local", bind: "loopback", port, auth: { mode: "token", token }, ...more },
});

describe.each([...RELEASES])("OpenClaw %s that turns to TLS", (version) => {
  let gateway: TestGateway;
  let pod: Pod;
  let certificate: string;

  beforeAll(async () => {
    gateway = await createGateway(await getRelease(version));
    certificate = join(gateway.home, ".openclaw/gateway/tls/gateway-cert.pem");
    await gateway.start();
    pod = await createPod(gateway);
    await pod.mounts.publishJobs([JOB]);
    await pod.mounts.config.publish({ "openclaw.json": gateway.config(sectionOf(gateway)) });
  });
  afterAll(async () => {
    await pod?.dispose();
    await gateway?.dispose();
  });

  /** Without an address: as in a Pod. */
  const environment = (more: Record<string, string> = {}) => {
    const { OPENCLAW_GATEWAY_URL: _, ...rest } = pod.environment();
    return { ...rest, OPENCLAW_GATEWAY_PORT: `${gateway.port}`, ...more };
  };
  const secure = () => gateway.url.replace("ws:", "wss:");
  const sync = async (more: Record<string, string> = {}) => {
    const { messages } = await runBinary(["sync", "--only", "cron"], environment(more));
    return messages;
  };
  const readStatus = async (more: Record<string, string> = {}) =>
    JSON.parse((await runBinary(["status", "--json"], environment(more))).stdout) as Status;

  test("a sidecar follows it from ws:// to wss://, with the certificate that it has made", async () => {
    const sidecar = pod.start({ OPENCLAW_GATEWAY_URL: "", OPENCLAW_GATEWAY_PORT: `${gateway.port}` });
    await sidecar.waitFor(COMPLETE);
    expect(sidecar.messages()).toContainEqual(expect.stringContaining(`Connected to gateway: ${gateway.url} (`));
    const from = sidecar.messages().length;
    const config = gateway.config(sectionOf(gateway, { tls: { enabled: true, autoGenerate: true } }));
    await pod.mounts.config.publish({ "openclaw.json": config });
    await sidecar.waitFor(new RegExp(`^Connected to gateway: ${secure()} \\(`), from);
    await sidecar.dispose();
    expect((await pod.ownJobs()).map(({ name }) => name)).toEqual([JOB.name]);
  });

  test("each command reaches it, and says where it is", async () => {
    expect(await sync()).toEqual([expect.stringContaining(`Connected to gateway: ${secure()} (`), COMPLETE]);
    expect((await readStatus()).gateway).toMatchObject({ url: secure(), connected: true, transport: "gateway" });
    expect((await runBinary(["doctor"], environment())).stdout).toContain(`${secure()} answers`);
    const registered = await runBinary(["register", "--wait", "60"], environment());
    expect(registered).toMatchObject({ exitCode: 0 });
    expect(await sync({ OPENCLAW_GATEWAY_URL: secure() })).toContain(COMPLETE);
  });

  test("so does the openclaw CLI, and leaves nothing in /tmp", async () => {
    const temporary = join(gateway.home, `empty-${crypto.randomUUID()}`);
    await mkdir(temporary);
    // 2026.2.9 would compile its plugins at each call, for 40 s of processor time: it finds them compiled.
    const compiled = version === "2026.2.9" ? { JITI_FS_CACHE: "true" } : {};
    if (compiled.JITI_FS_CACHE) await symlink(join(gateway.home, "tmp/jiti"), join(temporary, "jiti"));
    // What is behind the link is shared with other gateways.
    const listNames = async () => (await readdir(temporary)).toSorted();
    const before = await listNames();
    const cli = { ...gateway.environment, ...compiled, TMPDIR: temporary, CONFIG_MANAGER_TRANSPORT: "cli" };
    const { gateway: found, kinds: _, ...status } = await readStatus(cli);
    expect({ found, cron: (status as unknown as Record<string, unknown>).cron }).toMatchObject({
      found: { connected: true, transport: "cli" },
      cron: { state: "in-sync", owned: 1 },
    });
    expect(await listNames()).toEqual(before);
  });

  test("ws:// is told to speak TLS", async () => {
    const messages = await sync({ OPENCLAW_GATEWAY_URL: gateway.url });
    expect(messages.at(-1)).toEndWith(`(the gateway speaks TLS: set OPENCLAW_GATEWAY_URL=${secure()})`);
  });

  test("another certificate on its port than the one on the volume is refused", async () => {
    await rename(certificate, `${certificate}.kept`);
    try {
      await writeFile(certificate, LOCAL.cert);
      expect((await sync()).at(-1)).toContain(
        "TLS handshake failed: the certificate is not the one that gateway.tls of the live config names",
      );
      await rm(certificate);
      expect((await sync()).at(-1)).toMatch(/TLS handshake failed: .* \(make .*gateway-cert\.pem readable/);
    } finally {
      await rename(`${certificate}.kept`, certificate);
    }
    expect(await sync()).toContain(COMPLETE);
  });

  test("a certificate that the config names is found, also from the home directory", async () => {
    const config = JSON.parse(await readFile(gateway.configPath, "utf8")) as { gateway: { tls: object } };
    const live = join(pod.mounts.root, "openclaw.json");
    const withPath = (certPath: string) => ({ ...config.gateway, tls: { ...config.gateway.tls, certPath } });
    for (const path of [certificate, "~/.openclaw/gateway/tls/gateway-cert.pem"]) {
      await writeFile(live, JSON.stringify({ ...config, gateway: withPath(path) }));
      expect(await sync({ PVC_CONFIG: live, HOME: gateway.home })).toContain(COMPLETE);
    }
  });
});

describe("a gateway without a token", () => {
  let gateway: TestGateway | undefined;
  let pod: Pod | undefined;
  afterEach(async () => {
    await pod?.dispose();
    await gateway?.dispose();
  });

  const PASSWORD = `password-${crypto.randomUUID()}`;

  test.each<[string, string, object, Record<string, string>]>([
    ["2026.9.6", "none", { auth: { mode: "none" } }, {}],
    ["2026.4.15", "none", { auth: { mode: "none" } }, {}],
    [
      "2026.9.6",
      "trusted-proxy and a password",
      {
        trustedProxies: ["10.0.0.1"],
        auth: { mode: "trusted-proxy", trustedProxy: { userHeader: "x-user" }, password: PASSWORD },
      },
      {},
    ],
    [
      "2026.9.6",
      "a SecretRef to the environment",
      { auth: { mode: "token", token: { source: "env", provider: "default", id: "OPENCLAW_MY_TOKEN" } } },
      { OPENCLAW_MY_TOKEN: `token-${crypto.randomUUID()}` },
    ],
  ])("%s lets us in: %s", async (version, _, section, variables) => {
    gateway = await createGateway(await getRelease(version), { OPENCLAW_GATEWAY_TOKEN: "", ...variables });
    const config = gateway.config(sectionOf(gateway, section));
    await writeFile(gateway.configPath, config);
    await gateway.start();
    pod = await createPod(gateway);
    await pod.mounts.config.publish({ "openclaw.json": config });
    await pod.mounts.publishJobs([JOB]);
    const { exitCode, messages } = await runBinary(["sync", "--only", "cron"], pod.environment(variables));
    expect({ exitCode, messages }).toMatchObject({ exitCode: 0 });
    expect(messages.at(-1)).toBe(COMPLETE);
    expect((await pod.ownJobs()).map(({ name }) => name)).toEqual([JOB.name]);
    const { stdout } = await runBinary(["status", "--json"], pod.environment(variables));
    expect(JSON.parse(stdout)).toMatchObject({ gateway: { connected: true } });
    expect(stdout).not.toContain(PASSWORD);
  });
});

/** A plugin that prints to stdout, as real ones do: on each load, by OpenClaw's own logger, and at the end. */
async function plantPlugin(directory: string): Promise<void> {
  await mkdir(directory);
  const schema = { type: "object", additionalProperties: false, properties: {} };
  await writeFile(join(directory, "openclaw.plugin.json"), JSON.stringify({ id: "noise", configSchema: schema }));
  const manifest = { name: "noise", version: "1.0.0", type: "module", openclaw: { extensions: ["./index.js"] } };
  await writeFile(join(directory, "package.json"), JSON.stringify(manifest));
  const source = `
    console.log("{");
    process.on("exit", () => process.stdout.write("} bye {\\n"));
    export default { id: "noise", register: ({ logger }) => logger.info("loaded {") };
  `;
  await writeFile(join(directory, "index.js"), source);
}

test("the openclaw CLI of 2026.2.9 is understood among the lines of its plugins", async () => {
  const gateway = await createGateway(await getRelease("2026.2.9"));
  await using stack = new AsyncDisposableStack();
  stack.defer(gateway.dispose);
  const plugin = join(gateway.home, "noise");
  await plantPlugin(plugin);
  const plugins = { load: { paths: [plugin] }, entries: { noise: { enabled: true } } };
  await writeFile(gateway.configPath, gateway.config({ plugins }));
  await gateway.start();
  const pod = await createPod(gateway);
  stack.defer(() => pod.dispose());
  await pod.mounts.publishJobs([JOB]);
  const cli = { ...gateway.environment, JITI_FS_CACHE: "true", CONFIG_MANAGER_TRANSPORT: "cli" };
  const { stdout } = await run(join(gateway.home, "bin/openclaw"), ["cron", "list", "--json"], { env: cli });
  expect(stdout).toMatch(/^\{\n\[plugins\] loaded \{\n\{\n {2}"jobs": \[\]\n\}\n\} bye \{\n$/);
  const { messages } = await runBinary(["sync", "--only", "cron"], pod.environment(cli));
  expect(messages.at(-1)).toBe(COMPLETE);
  expect((await pod.ownJobs()).map(({ name }) => name)).toEqual([JOB.name]);
});
