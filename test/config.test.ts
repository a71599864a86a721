import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { computeChecksum } from "../lib/checksum.ts";
import { type ConfigPlan, describeRejection, observeConfig, planConfig } from "../lib/config.ts";
import { asOrdinaryUser, createScratch, refusalOf } from "./support/doubles.ts";
import { createVolume } from "./support/volume.ts";

/** As an OpenClaw really has it: JSON5, comments, a token from the environment, some text that is not ASCII. */
const REALISTIC = `// openclaw.json – 設定
{
  "gateway": {
    mode: 'local', "bind": "lan", "port": 18789,
    "auth": { "mode": "token", "token": "\${OPENCLAW_GATEWAY_TOKEN:-none}" },
    reload: { mode: "hybrid", debounceMs: 0x12c, },
  },
  /* 🦞 */
  "agents": { "defaults": { "model": { "primary": "litellm/claude" }, workspace: "~/ghq" }, "list": [ { "id": "main" }, ], },
  "models": { "providers": { "litellm": { "baseUrl": "http://localhost:4000", "models": [] } } },
  "channels": { "discord": { "enabled": true, "greeting": "やあ \\u3042\\
 又" } },
  "plugins": { "entries": { "memory-core": { "enabled": false, "weight": -.5e-3 } } },
}
`;

interface Files {
  desired?: string | Uint8Array;
  observed?: string | Uint8Array;
  lastApplied?: string | Uint8Array;
}

function plan({ desired, observed, lastApplied }: Files): ConfigPlan {
  const bytes = (text: string | Uint8Array | undefined) => (text === undefined ? undefined : Buffer.from(text));
  return planConfig({
    desired: bytes(desired),
    observed: bytes(observed),
    lastApplied: lastApplied === undefined ? undefined : computeChecksum(bytes(lastApplied)),
  });
}

/** Why the config is not taken; empty where it is. */
function problemsOf(desired: string | Uint8Array, observed?: string): string[] {
  const result = plan(observed === undefined ? { desired } : { desired, observed });
  return result.kind === "reject" ? result.problems : [];
}

describe("planConfig()", () => {
  test("has nothing to follow where the ConfigMap has no openclaw.json", () => {
    expect(plan({ observed: "{}", lastApplied: "{}" })).toEqual({ kind: "missing" });
  });

  test("writes a config to a volume that has none", () => {
    expect(plan({ desired: "{a: {b: 1}, c: []}" })).toEqual({
      kind: "update",
      checksum: expect.any(String),
      bytes: Buffer.from("{a: {b: 1}, c: []}"),
      paths: ["a.b", "c"],
    });
  });

  test("does nothing where the live file is what the ConfigMap says", () => {
    expect(plan({ desired: "{a: 1}", observed: "{a: 1}" })).toMatchObject({ kind: "none" });
    expect(plan({ desired: "{a: 1}", observed: "{a: 1}", lastApplied: "{}" })).toMatchObject({ kind: "none" });
  });

  test("lets Git win in a new container, which has no record", () => {
    expect(plan({ desired: "{a: 1}", observed: "{a: 2}" })).toMatchObject({ kind: "update", paths: ["a"] });
  });

  test("does not fight an edit of the live file while the ConfigMap stays as it was", () => {
    expect(plan({ desired: "{a: 1}", observed: "{a: 2}", lastApplied: "{a: 1}" })).toMatchObject({ kind: "none" });
  });

  test("writes over such an edit once the ConfigMap changes", () => {
    expect(plan({ desired: "{a: 3}", observed: "{a: 2}", lastApplied: "{a: 1}" })).toMatchObject({ kind: "update" });
  });

  test("puts a file back that is gone, though it was applied before", () => {
    expect(plan({ desired: "{a: 1}", lastApplied: "{a: 1}" })).toMatchObject({ kind: "update" });
  });

  test("hands on the bytes as they are: comments, order, blanks and line ends", () => {
    for (const desired of [REALISTIC, "\uFEFF{}", "{\r\n  a: 1,\r\n}\r\n", "{b: 1, a: 1}  \n\n", '{"a":1,"a":2}']) {
      expect(plan({ desired })).toMatchObject({ kind: "update", bytes: Buffer.from(desired) });
    }
  });

  test("carries the checksum that md5sum prints", () => {
    for (const files of [{ desired: "{}\n" }, { desired: "{}\n", observed: "{}\n" }]) {
      expect(plan(files)).toMatchObject({ checksum: "8a80554c91d9fca8acb82f023de02f11" });
    }
  });

  test("reports paths, never values", () => {
    const observed = '{gateway: {mode: "local", auth: {token: "old-s3cret"}}, x: 1}';
    const desired = '{gateway: {mode: "local", auth: {token: "new-s3cret"}}, y: ["s3cret"]}';
    const result = plan({ desired, observed });
    expect(result).toMatchObject({ kind: "update", paths: ["gateway.auth.token", "x", "y"] });
  });

  test("mends a live file that is broken", () => {
    for (const observed of ["", "{", "\0", "[]"]) {
      expect(plan({ desired: "{a: 1}", observed })).toMatchObject({ kind: "update", paths: ["a"] });
    }
  });
});

describe("planConfig() rejects", () => {
  test.each([
    ["an empty file", "", "the file is empty"],
    ["a file of blanks", " \r\n\t", "the file is empty"],
    ["a byte order mark alone", "\uFEFF", "the file is empty"],
    ["a list", "[]", "expected an object at the top"],
    ["null", "null", "expected an object at the top"],
    ["a text", '"{}"', "expected an object at the top"],
    ["a number", "5", "expected an object at the top"],
    ["an object without end", '{"a": 1', "invalid end of input at 1:8"],
    ["two objects", "{}{}", "invalid character '{' at 1:3"],
    ["YAML", "gateway:\n  mode: local\n", "invalid character 'g' at 1:1"],
    ["NUL bytes", "{}\0", "invalid character '\\0' at 1:3"],
    ["a file of NUL bytes", "\0\0\0\0", "invalid character '\\0' at 1:1"],
  ])("%s", (_, desired, problem) => {
    expect(problemsOf(desired)).toEqual([problem]);
  });

  test.each([
    ["Latin-1", Buffer.from('{a: "caf\u00e9"}', "latin1")],
    ["UTF-16", Buffer.from('\uFEFF{a: "x"}', "utf16le")],
    ["a character that was cut", Buffer.from('{a: "🦞"}').subarray(0, 7)],
  ])("text in %s", (_, desired) => {
    expect(problemsOf(desired)).toEqual(["not UTF-8 text"]);
  });

  test("a config with its checksum, so that it is not said again until it changes", () => {
    expect(plan({ desired: "{" })).toEqual({
      kind: "reject",
      checksum: computeChecksum(Buffer.from("{")),
      problems: ["invalid end of input at 1:2"],
    });
  });

  test("it without quoting more of it than one character", () => {
    for (const desired of ['{token: "s3cret" "s3cret"}', '{token: "s3cret', "s3cret", '{"token": s3cret}']) {
      expect(problemsOf(desired).join()).toMatch(/^invalid (character '.+'|end of input) at 1:\d+$/);
      expect(problemsOf(desired).join()).not.toContain("s3c");
    }
  });

  test("or takes it, wherever it was cut off, but never throws nor loses gateway.mode", () => {
    const whole = Buffer.from(REALISTIC);
    const kinds = new Set<string>();
    for (let length = 0; length <= whole.length; length++) {
      const result = plan({ desired: whole.subarray(0, length), observed: `${REALISTIC}\n` });
      kinds.add(result.kind);
      // Only a comment and blanks follow the last bracket.
      if (length < whole.lastIndexOf("}") + 1)
        expect(result).toMatchObject({ kind: "reject", problems: [expect.any(String)] });
      else expect(result).toMatchObject({ kind: "update", paths: [] });
    }
    expect(kinds).toEqual(new Set(["reject", "update"]));
  });

  test("or takes it, whichever byte of it is NUL, but never throws", () => {
    for (let offset = 0; offset < Buffer.byteLength(REALISTIC); offset++) {
      const desired = Buffer.from(REALISTIC);
      desired[offset] = 0;
      expect(plan({ desired, observed: REALISTIC }).kind).toBeOneOf(["reject", "update"]);
    }
  });
});

describe("planConfig() and gateway.mode", () => {
  const LIVE = '{gateway: {mode: "local", port: 1}}';
  const MISSING = "gateway.mode is missing; the live file has it, and OpenClaw does not start without";

  test.each([
    ["is gone", "{gateway: {port: 1}}"],
    ["went with all of gateway", "{}"],
    ["is under another name", '{gateway: {Mode: "local"}}'],
    ["is where gateway is no object", '{gateway: "local"}'],
    ["is where gateway is null", "{gateway: null}"],
    ["is where gateway is a list", '{gateway: [{mode: "local"}]}'],
  ])("rejects a config from which it %s", (_, desired) => {
    expect(problemsOf(desired, LIVE)).toEqual([MISSING]);
  });

  test("takes a config that has it, changed or not", () => {
    expect(problemsOf('{gateway: {mode: "local"}}', LIVE)).toEqual([]);
    expect(problemsOf('{gateway: {mode: "remote"}}', LIVE)).toEqual([]);
  });

  test("takes one without where the live file has none, is broken, or is not there", () => {
    expect(problemsOf("{}", "{gateway: {port: 1}}")).toEqual([]);
    expect(problemsOf("{}", "{gateway: {mode:")).toEqual([]);
    expect(problemsOf("{}")).toEqual([]);
  });

  test("takes one without where an $include may bring it in", () => {
    expect(problemsOf('{$include: "./base.json5"}', LIVE)).toEqual([]);
    expect(problemsOf('{gateway: {$include: ["./gateway.json5"]}}', LIVE)).toEqual([]);
    expect(problemsOf('{agents: {$include: "./agents.json5"}}', LIVE)).toEqual([MISSING]);
  });
});

describe("describeRejection()", () => {
  test("is one WARNING for each problem, which says what stays", () => {
    expect(describeRejection("/pvc/openclaw.json", ["one", "two"])).toEqual([
      "WARNING: Config rejected, /pvc/openclaw.json stays as it is: one",
      "WARNING: Config rejected, /pvc/openclaw.json stays as it is: two",
    ]);
  });
});

describe("observeConfig()", () => {
  async function createPlaces() {
    const scratch = await createScratch();
    const volume = await createVolume(scratch.in("config.d"));
    const places = { configDir: volume.path, pvcConfig: scratch.in("openclaw.json"), checksumDir: scratch.in("sums") };
    return { scratch, volume, places, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
  }

  test("sees what is wanted, what is there, and what was last done", async () => {
    await using at = await createPlaces();
    await at.volume.publish({ "openclaw.json": "{a: 1}", "other.json": "{}" });
    await writeFile(at.places.pvcConfig, "{a: 2}");
    await mkdir(at.places.checksumDir);
    await writeFile(at.scratch.in("sums", "config"), "0123\n");
    expect(await observeConfig(at.places)).toEqual({
      desired: Buffer.from("{a: 1}"),
      observed: Buffer.from("{a: 2}"),
      lastApplied: "0123",
    });
  });

  test("sees nothing in a new container with nothing mounted", async () => {
    await using at = await createPlaces();
    expect(await observeConfig({ ...at.places, configDir: at.scratch.in("nowhere") })).toEqual({
      desired: undefined,
      observed: undefined,
      lastApplied: undefined,
    });
  });

  test("takes no other file of the ConfigMap for openclaw.json", async () => {
    await using at = await createPlaces();
    await at.volume.publish({ "openclaw.json5": "{}", "OpenClaw.json": "{}" });
    expect((await observeConfig(at.places)).desired).toBeUndefined();
  });

  test.skipIf(!existsSync("/proc/self/fd"))("leaves no file open, however often it looks", async () => {
    await using at = await createPlaces();
    await writeFile(at.places.pvcConfig, "{}");
    await mkdir(at.scratch.in("directory"));
    for (const pvcConfig of [at.places.pvcConfig, at.scratch.in("directory")]) {
      await observeConfig({ ...at.places, pvcConfig });
    }
    const open = readdirSync("/proc/self/fd").map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return "";
      }
    });
    expect(open.filter((path) => path.startsWith(at.scratch.path))).toEqual([]);
  });

  test("takes neither a symbolic link nor a directory for the live file", async () => {
    await using at = await createPlaces();
    await writeFile(at.scratch.in("elsewhere.json"), "{}");
    await symlink(at.scratch.in("elsewhere.json"), at.places.pvcConfig);
    expect((await observeConfig(at.places)).observed).toBeUndefined();
    await mkdir(at.scratch.in("directory"));
    expect((await observeConfig({ ...at.places, pvcConfig: at.scratch.in("directory") })).observed).toBeUndefined();
    const beneath = at.scratch.in("elsewhere.json", "openclaw.json");
    expect((await observeConfig({ ...at.places, pvcConfig: beneath })).observed).toBeUndefined();
  });

  test("does not take a live file that it may not read for one that is not there", async () => {
    await using at = await createPlaces();
    await chmod(at.scratch.path, 0o755);
    await writeFile(at.places.pvcConfig, "{}", { mode: 0 });
    expect(await asOrdinaryUser(() => refusalOf(observeConfig(at.places)))).toMatchObject({
      code: "file",
      message: `cannot read ${at.places.pvcConfig}: EACCES`,
    });
  });
});

describe("planConfig() of a config that is nested beyond all measure", () => {
  test("rejects it, or takes it, but does not end in a stack", () => {
    const desired = Buffer.from(`${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`);
    const { kind } = planConfig({ desired, observed: Buffer.from("{}"), lastApplied: undefined });
    expect(kind).toBeOneOf(["reject", "update"]);
  });
});

describe("planConfig() of a gateway.mode that says nothing", () => {
  test.each(["null", '""', "7"])("takes %s for none", (mode) => {
    const observed = Buffer.from('{"gateway":{"mode":"local"}}');
    const desired = Buffer.from(`{"gateway":{"mode":${mode}}}`);
    expect(planConfig({ desired, observed, lastApplied: undefined }).kind).toBe("reject");
  });
});
