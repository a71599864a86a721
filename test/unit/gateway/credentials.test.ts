import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { type CredentialSources, findCredentials } from "../../../lib/gateway/credentials.ts";
import type { Environment } from "../../../lib/setting-sources.ts";
import { mustRun } from "../../support/process.ts";
import { type Scratch, asOrdinaryUser, createScratch, refusalOf } from "../../support/fakes.ts";

const readCredentials = async (sources: CredentialSources) => (await findCredentials(sources)).credentials;

/** Reads with this `gateway.auth` in the live config; undefined: without a config. */
async function readWith(auth: unknown, env: Environment = {}, tokenFile?: string) {
  await using scratch = await createScratch();
  const pvcConfig = scratch.in("openclaw.json");
  if (auth !== undefined) await writeFile(pvcConfig, `// JSON5\n${JSON.stringify({ gateway: { auth } })}`);
  return await readCredentials({ tokenFile, pvcConfig, env });
}

async function writeToken(scratch: Scratch, text: string, mode = 0o600): Promise<string> {
  await writeFile(scratch.in("token"), text, { mode });
  return scratch.in("token");
}

const ALL = { OPENCLAW_GATEWAY_TOKEN: "from-env", OPENCLAW_GATEWAY_PASSWORD: "password-from-env" };
const AUTH = { mode: "token", token: "from-config" };

describe("findCredentials()", () => {
  test("prefers the token file", async () => {
    await using scratch = await createScratch();
    const tokenFile = await writeToken(scratch, "from-file\n");
    expect(await readWith(AUTH, ALL, tokenFile)).toEqual({ token: "from-file" });
  });

  test("prefers the token of the environment to its password, and both to the config", async () => {
    expect(await readWith(AUTH, ALL)).toEqual({ token: "from-env" });
    expect(await readWith(AUTH, { OPENCLAW_GATEWAY_PASSWORD: "p" })).toEqual({ password: "p" });
    expect(await readWith(AUTH)).toEqual({ token: "from-config" });
  });

  test("names the source of the credentials, and not their value", async () => {
    await using scratch = await createScratch();
    const tokenFile = await writeToken(scratch, "hush");
    const sourceOf = async (env: Environment, file?: string) =>
      (await findCredentials({ tokenFile: file, pvcConfig: scratch.in("openclaw.json"), env })).source;
    expect(await sourceOf(ALL, tokenFile)).toBe(`the file ${tokenFile}`);
    expect(await sourceOf(ALL)).toBe("OPENCLAW_GATEWAY_TOKEN");
    expect(await sourceOf({ OPENCLAW_GATEWAY_PASSWORD: "hush" })).toBe("OPENCLAW_GATEWAY_PASSWORD");
    expect(await sourceOf({})).toBeUndefined();
    await writeFile(scratch.in("openclaw.json"), JSON.stringify({ gateway: { auth: AUTH } }));
    expect(await sourceOf({})).toBe(`gateway.auth.token of ${scratch.in("openclaw.json")}`);
  });

  test("ignores an empty variable", async () => {
    expect(await readWith(AUTH, { OPENCLAW_GATEWAY_TOKEN: "", OPENCLAW_GATEWAY_PASSWORD: "" })).toEqual({
      token: "from-config",
    });
  });

  test("uses the password when the config has mode password", async () => {
    const auth = { mode: "password", token: "not me", password: "from-config" };
    expect(await readWith(auth)).toEqual({ password: "from-config" });
    expect(await readWith({ ...auth, password: "${OPENCLAW_SECRET}" }, { OPENCLAW_SECRET: "x" })).toEqual({
      password: "x",
    });
  });

  test("uses the password when the config has neither mode nor token", async () => {
    expect(await readWith({ password: "p" })).toEqual({ password: "p" });
    expect(await readWith({ password: "p", token: "t" })).toEqual({ token: "t" });
  });

  test("turns $${VAR} into the literal ${VAR}", async () => {
    expect(await readWith({ token: "a$${NAME}b" }, { NAME: "no" })).toEqual({ token: "a${NAME}b" });
  });

  test("is empty without any source: a gateway may require none", async () => {
    expect(await readWith(undefined)).toEqual({});
    for (const auth of [{}, { mode: "none" }, { mode: "token" }, { mode: "token", token: "" }, null, "x", 5, []]) {
      expect(await readWith(auth)).toEqual({});
    }
  });

  test.each(["", "{", "null", "[]", "5", "{gateway: null}", "{gateway: []}", "{gateway: {auth: null}}", "\0"])(
    "is empty for a config of %j, which the config reconciler reports",
    async (text) => {
      await using scratch = await createScratch();
      await writeFile(scratch.in("openclaw.json"), text);
      expect(await readCredentials({ tokenFile: undefined, pvcConfig: scratch.in("openclaw.json"), env: {} })).toEqual(
        {},
      );
    },
  );

  test.each<[string, (path: string) => unknown]>([
    ["a pipe", (path) => mustRun("mkfifo", [path])],
    ["a link", (path) => symlink("/dev/zero", path)],
    ["far too large", (path) => writeFile(path, `{gateway: {auth: {token: "x"}}} // ${"x".repeat(5_000_000)}`)],
  ])("is empty for a config that is %s, and does not wait for it", async (_, plant) => {
    await using scratch = await createScratch();
    await plant(scratch.in("openclaw.json"));
    expect(await readCredentials({ tokenFile: undefined, pvcConfig: scratch.in("openclaw.json"), env: {} })).toEqual(
      {},
    );
  });

  test("uses the password when the config has mode trusted-proxy: we come past the proxy", async () => {
    const auth = { mode: "trusted-proxy", trustedProxy: { userHeader: "x-user" }, password: "from-config" };
    expect(await readWith(auth)).toEqual({ password: "from-config" });
    expect(await readWith({ ...auth, password: undefined })).toEqual({});
  });

  test("needs none when the config has mode none", async () => {
    expect(await readWith({ mode: "none", token: "${OPENCLAW_TOKEN}", password: "p" })).toEqual({});
  });

  const ref = (source: string, id: string) => ({ mode: "token", token: { source, provider: "default", id } });

  test("resolves a SecretRef to a variable of OpenClaw's", async () => {
    const env = { OPENCLAW_MY_TOKEN: "s3cret", AWS_SECRET_ACCESS_KEY: "hush" };
    expect(await readWith(ref("env", "OPENCLAW_MY_TOKEN"), env)).toEqual({ token: "s3cret" });
    const password = ref("env", "OPENCLAW_MY_TOKEN").token;
    expect(await readWith({ mode: "password", password }, env)).toEqual({ password: "s3cret" });
    const other = await refusalOf(readWith(ref("env", "AWS_SECRET_ACCESS_KEY"), env));
    expect(other.message).toEndWith("refers to AWS_SECRET_ACCESS_KEY, which is no variable of OpenClaw's");
    const unset = await refusalOf(readWith(ref("env", "OPENCLAW_OTHER"), env));
    expect(unset.message).toEndWith("refers to OPENCLAW_OTHER, which is not set in this container");
  });

  test.each([
    ["file", "is a SecretRef of source file, which config-manager does not read"],
    ["exec", "is a SecretRef of source exec, which config-manager does not read"],
    ["\u001b[31m", "is a SecretRef, which config-manager does not read"],
  ])("names a SecretRef of source %j", async (source, message) => {
    const refusal = await refusalOf(readWith(ref(source, "s3cret-id")));
    expect(refusal).toMatchObject({ code: "refused", hint: expect.stringContaining("OPENCLAW_GATEWAY_TOKEN_FILE=") });
    expect(refusal.message).toEndWith(message);
    expect(refusal.message).toMatch(/^gateway\.auth\.token of /);
  });

  test("ignores an object that is no SecretRef", async () => {
    expect(await readWith({ mode: "token", token: { id: "vault" } })).toEqual({});
  });

  test("reads anew each time, so that it finds a rotated token", async () => {
    await using scratch = await createScratch();
    const sources = { tokenFile: await writeToken(scratch, "old"), pvcConfig: scratch.in("none"), env: {} };
    expect(await readCredentials(sources)).toEqual({ token: "old" });
    await writeToken(scratch, "new");
    expect(await readCredentials(sources)).toEqual({ token: "new" });
  });
});

describe("findCredentials() of a token in the config", () => {
  const tokenOf = async (token: string, env: Environment = {}) => (await readWith({ mode: "token", token }, env)).token;

  test("resolves variables anywhere in the text", async () => {
    const env = { OPENCLAW_TOKEN: "s3cret", OPENCLAW_A9: "x" };
    expect(await tokenOf("${OPENCLAW_TOKEN}", env)).toBe("s3cret");
    expect(await tokenOf("a-${OPENCLAW_TOKEN}-${OPENCLAW_A9}-b", env)).toBe("a-s3cret-x-b");
  });

  test("uses the default of a variable that is unset or empty", async () => {
    expect(await tokenOf("${OPENCLAW_TOKEN:-default}")).toBe("default");
    expect(await tokenOf("${OPENCLAW_TOKEN:-default}", { OPENCLAW_TOKEN: "" })).toBe("default");
    expect(await tokenOf("${OPENCLAW_TOKEN:-default}", { OPENCLAW_TOKEN: "s3cret" })).toBe("s3cret");
    expect(await tokenOf("${OPENCLAW_TOKEN:-a:-b $ c}")).toBe("a:-b $ c");
    expect(await tokenOf("${OPENCLAW_TOKEN:-}")).toBeUndefined();
  });

  test("does not resolve variables in the value of a variable", async () => {
    expect(await tokenOf("${OPENCLAW_TOKEN}", { OPENCLAW_TOKEN: "${OPENCLAW_OTHER}", OPENCLAW_OTHER: "x" })).toBe(
      "${OPENCLAW_OTHER}",
    );
  });

  test.each([
    "$TOKEN",
    "${}",
    "${1A}",
    "${OPENCLAW TOKEN}",
    "$(OPENCLAW_TOKEN)",
    "{OPENCLAW_TOKEN}",
    "a$b",
    "$&",
    "\\$1",
  ])("leaves %s unchanged", async (token) => {
    expect(await tokenOf(token, { OPENCLAW_TOKEN: "s3cret" })).toBe(token);
  });

  test.each([
    "${AWS_SECRET_ACCESS_KEY}",
    "${AWS_SECRET_ACCESS_KEY:-default}",
    "a${PATH}",
    "${constructor}",
    "${__proto__}",
  ])("does not resolve %s, and names the variable only", async (token) => {
    const [, name = ""] = /\{(\w+)/.exec(token) ?? [];
    const refusal = await refusalOf(tokenOf(token, { AWS_SECRET_ACCESS_KEY: "s3cret", PATH: "s3cret" }));
    expect(refusal).toMatchObject({ code: "refused", hint: expect.stringContaining("OPENCLAW_GATEWAY_TOKEN") });
    expect(refusal.message).toEndWith(`refers to ${name}, which is no variable of OpenClaw's`);
    expect(`${refusal.message} ${refusal.hint}`).not.toContain("s3cret");
  });

  test("takes a text for none that is far too long, however many variables it begins", async () => {
    expect(await tokenOf("${OPENCLAW_A:-".repeat(200_000))).toBeUndefined();
  });

  test("leaves $& and $1 in a value unchanged", async () => {
    expect(await tokenOf("${OPENCLAW_TOKEN}", { OPENCLAW_TOKEN: "$& $1 $$" })).toBe("$& $1 $$");
  });

  test.each([{}, { OPENCLAW_TOKEN: "" }])("names the unset variable, and no value (%j)", async (env) => {
    const auth = { mode: "token", token: "${OPENCLAW_TOKEN}", password: "s3cret" };
    const refusal = await refusalOf(readWith(auth, { ...env, OPENCLAW_OTHER: "s3cret" }));
    expect(refusal).toMatchObject({ code: "refused", hint: expect.stringContaining("OPENCLAW_GATEWAY_TOKEN") });
    expect(refusal.message).toMatch(
      /^gateway\.auth\.token of .*openclaw\.json refers to OPENCLAW_TOKEN, which is not set in this container$/,
    );
    expect(`${refusal.message} ${refusal.hint}`).not.toContain("s3cret");
  });

  test("does not quote the rest of a token with an unset variable", async () => {
    const refusal = await refusalOf(
      readWith({ mode: "token", token: "s3cret-${OPENCLAW_TOKEN}-${OPENCLAW_GIVEN}" }, { OPENCLAW_GIVEN: "s3cret" }),
    );
    expect(refusal.message).not.toContain("s3cret");
  });
});

describe("findCredentials() of a token file", () => {
  test("follows the links of a Secret volume", async () => {
    await using scratch = await createScratch();
    await symlink(await writeToken(scratch, "s3cret"), scratch.in("link"));
    expect(await readWith(AUTH, {}, scratch.in("link"))).toEqual({ token: "s3cret" });
  });

  test("trims the token", async () => {
    await using scratch = await createScratch();
    for (const text of ["s3cret", "s3cret\n", "s3cret\r\n", " s3cret \n\n"]) {
      expect(await readWith(AUTH, {}, await writeToken(scratch, text))).toEqual({ token: "s3cret" });
    }
  });

  test("resolves no variables in the file", async () => {
    await using scratch = await createScratch();
    expect(await readWith(AUTH, { A: "x" }, await writeToken(scratch, "${A}"))).toEqual({ token: "${A}" });
  });

  test("is refused, without a fallback, when the file is empty", async () => {
    await using scratch = await createScratch();
    const tokenFile = await writeToken(scratch, " \n");
    expect(await refusalOf(readWith(AUTH, ALL, tokenFile))).toMatchObject({
      code: "refused",
      message: `the gateway's token file ${tokenFile} is empty`,
    });
  });

  test("is refused, without a fallback, when the file is missing, too large, or none", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("directory"));
    await mustRun("mkfifo", [scratch.in("pipe")]);
    await writeFile(scratch.in("large"), "x".repeat(100_000));
    for (const [name, reason] of [
      ["nowhere", "there is no such file"],
      ["directory", "it is a directory, expected a regular file"],
      ["pipe", "it is a pipe, expected a regular file"],
      ["large", "it has 100000 bytes; at most 16384 are read"],
    ] as const) {
      expect(await refusalOf(readWith(AUTH, ALL, scratch.in(name)))).toMatchObject({
        code: "refused",
        message: `cannot read the gateway's token from ${scratch.in(name)}: ${reason}`,
      });
    }
  });

  test("is refused, without a fallback, when the file may not be read", async () => {
    await using scratch = await createScratch();
    await chmod(scratch.path, 0o755);
    const tokenFile = await writeToken(scratch, "s3cret", 0o000);
    const sources = { tokenFile, pvcConfig: scratch.in("none"), env: ALL };
    const refusal = await asOrdinaryUser(() => refusalOf(readCredentials(sources)));
    expect(refusal.message).toBe(`cannot read the gateway's token from ${tokenFile}: EACCES`);
  });
});
