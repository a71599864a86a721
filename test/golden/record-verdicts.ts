// Records what real gateways say about the configs of test/golden/configs: refused or not, and why. Downloads missing
// releases. With names, only those are asked anew: of a config, or of a file of configs.
//
//   node_modules/.bin/bun test/golden/record-verdicts.ts [RELEASE…] [--only NAME…]

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { ManagerError } from "../../lib/errors.ts";
import { findAddress } from "../../lib/gateway/address.ts";
import { type Gateway, connectGateway } from "../../lib/gateway/connection.ts";
import { findCredentials } from "../../lib/gateway/credentials.ts";
import { devicePathOf, readDevice } from "../../lib/gateway/device.ts";
import { refusalDetails } from "../../lib/gateway/refusal.ts";
import { type JsonObject, isJsonObject } from "../../lib/json.ts";
import { VARIABLES, readConfigTable } from "../support/config-table.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { getRelease } from "../support/release.ts";
import { until } from "../support/until.ts";
import { VERDICT_RELEASES, type Verdict, type VerdictIssue, readVerdicts, verdictFile } from "../support/verdicts.ts";

interface View {
  valid: boolean;
  hash?: string;
  issues?: unknown;
  legacyIssues?: unknown;
  warnings?: unknown;
}

/** A gateway, and a way to ask it that does not depend on the config that is judged: that one may speak of TLS. */
interface Judge {
  gateway: TestGateway;
  ask<T>(method: string, params?: object): Promise<T>;
  close(): Promise<void>;
}

function createJudge(gateway: TestGateway): Judge {
  const pvcConfig = join(gateway.home, "base.json");
  let client: Gateway | undefined;
  let calls = 0;
  const close = async () => {
    await client?.close();
    client = undefined;
  };
  const connect = async () => {
    // 2026.8 takes 30 writes of a kind a minute over one connection.
    if (client?.isOpen && calls++ < 25) return client;
    await close();
    calls = 0;
    await writeFile(pvcConfig, baseConfig(gateway));
    const env = gateway.environment;
    const devicePath = devicePathOf(join(gateway.home, "tmp"));
    const needsDevice = /^2026\.[34]\./.test(gateway.release.version);
    const device = needsDevice ? await readDevice(devicePath, { mayCreate: true }) : undefined;
    const { credentials } = await findCredentials({ tokenFile: undefined, pvcConfig, env });
    const address = await findAddress({ url: gateway.url, isDefault: true, pvcConfig, env });
    client = await connectGateway({ ...address, credentials, device, onEvent: () => {}, onClose: () => {} });
    return client;
  };
  // 2026.4.15 compiles the plugin of a channel when it first sees it, and answers nobody meanwhile.
  const ask = async <T>(method: string, params: object = {}, attempts = 6): Promise<T> => {
    try {
      return (await (await connect()).call(method, params)) as T;
    } catch (error) {
      if (attempts === 1 || !(error instanceof ManagerError) || error.code !== "unreachable") throw error;
      await close();
      return ask(method, params, attempts - 1);
    }
  };
  return { gateway, ask, close };
}

async function record(releases: readonly string[], only: readonly string[]): Promise<void> {
  const isWanted = (name: string) => only.length === 0 || only.includes(name);
  const table = readConfigTable().filter(({ name, group }) => [name, group].some(isWanted));
  for (const version of releases) {
    const gateway = await createGateway(await getRelease(version), VARIABLES);
    const asked = createJudge(gateway);
    try {
      const verdicts = only.length > 0 ? readVerdicts(version) : {};
      await writeFile(gateway.configPath, baseConfig(gateway));
      await gateway.start();
      for (const { name, config } of table) {
        const text = harmless(config);
        verdicts[name] = await judge(asked, text).catch(async (error: unknown) => {
          console.log(`${version}: ${name}: ${String(error).split("\n")[0]}; starting anew`);
          await asked.close();
          await gateway.kill();
          await writeFile(gateway.configPath, baseConfig(gateway));
          await gateway.start();
          return judge(asked, text);
        });
      }
      const known = new Set(readConfigTable().map(({ name }) => name));
      const kept = Object.fromEntries(Object.entries(verdicts).filter(([name]) => known.has(name)));
      await mkdir(join(import.meta.dir, "verdicts"), { recursive: true });
      const text = withoutPrivate(`${JSON.stringify(kept, undefined, 1)}\n`, gateway);
      await writeFile(verdictFile(version), text);
      const all = Object.values(kept);
      console.log(`${version}: ${all.length} configs, ${all.filter(({ valid }) => !valid).length} refused`);
    } finally {
      await asked.close();
      await gateway.dispose();
    }
  }
}

function baseConfig(gateway: TestGateway): string {
  const config = JSON.parse(gateway.config()) as { gateway: JsonObject };
  return JSON.stringify({ ...config, gateway: { ...config.gateway, reload: { mode: "off" } } });
}

/** The config, which the running gateway must not load: a restart would lose the next answers. */
function harmless(config: JsonObject): string {
  const section = config.gateway ?? {};
  if (!isJsonObject(section) || section.reload !== undefined) return JSON.stringify(config);
  return JSON.stringify({ ...config, gateway: { ...section, reload: { mode: "off" } } });
}

/** What the gateway says about these bytes. Its hash tells whether it has seen them: every config is another. */
async function judge({ gateway, ask }: Judge, text: string): Promise<Verdict> {
  // 2026.8.2 answers `config.get` from what it has loaded.
  if (gateway.release.version.startsWith("2026.8.")) return judgeByPatch({ gateway, ask }, text);
  const before = await ask<View>("config.get");
  await writeFile(gateway.configPath, text);
  let view = before;
  await until(
    "the gateway to read the config",
    async () => {
      view = await ask<View>("config.get");
      if (view.hash === before.hash) return false;
      if ((await readFile(gateway.configPath, "utf8")) === text) return true;
      await writeFile(gateway.configPath, text); // some releases put the last good one back
      return false;
    },
    { limitMs: 20_000 },
  );
  return {
    valid: view.valid,
    issues: toIssues(view.issues),
    legacy: toIssues(view.legacyIssues),
    warnings: toIssues(view.warnings),
  };
}

/** A patch of `null` changes nothing: the gateway validates the file before it refuses the patch. */
async function judgeByPatch({ gateway, ask }: Pick<Judge, "gateway" | "ask">, text: string): Promise<Verdict> {
  await writeFile(gateway.configPath, text);
  try {
    await ask("config.patch", { raw: "null" });
  } catch (error) {
    if (!(error instanceof ManagerError)) throw error;
    const issues = toIssues(refusalDetails(error).issues);
    if (issues.length > 0) return { valid: false, issues, legacy: [], warnings: [] };
    if (/raw must be an object/.test(error.message)) return { valid: true, issues: [], legacy: [], warnings: [] };
    throw error;
  }
  throw new Error("config.patch took a patch of null");
}

function toIssues(issues: unknown): VerdictIssue[] {
  if (!Array.isArray(issues)) return [];
  return (issues as { path?: string; message?: string }[])
    .map(({ path = "", message = "" }) => ({ path, message }))
    .toSorted((one, other) => (`${one.path} ${one.message}` < `${other.path} ${other.message}` ? -1 : 1));
}

function withoutPrivate(text: string, { home, token, release }: TestGateway): string {
  const root = release.entry.replace(/\/[^/]*$/, "");
  const cleaned = text.replaceAll(home, "~").replaceAll(root, "OPENCLAW");
  const found = [token, homedir()].find((secret) => cleaned.includes(secret));
  if (found !== undefined) throw new Error(`the verdicts hold ${found}; they cannot be kept`);
  return cleaned;
}

const args = process.argv.slice(2);
const at = args.includes("--only") ? args.indexOf("--only") : args.length;
const wanted = args.slice(0, at);
await record(wanted.length > 0 ? wanted : VERDICT_RELEASES, args.slice(at + 1));
