import { chmod, mkdir, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { type CredentialSources, findCredentials } from "../../../lib/gateway/credentials.ts";
import type { Environment } from "../../../lib/settings.ts";
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
    expect(await readWith({ ...auth, password: "${SECRET}" }, { SECRET: "x" })).toEqual({ password: "x" });
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

  test("ignores a SecretRef", async () => {
    expect(await readWith({ mode: "token", token: { source: "exec", id: "vault" } })).toEqual({});
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
    const env = { TOKEN: "s3cret", _A9: "x" };
    expect(await tokenOf("${TOKEN}", env)).toBe("s3cret");
    expect(await tokenOf("a-${TOKEN}-${_A9}-b", env)).toBe("a-s3cret-x-b");
  });

  test("uses the default of a variable that is unset or empty", async () => {
    expect(await tokenOf("${TOKEN:-default}")).toBe("default");
    expect(await tokenOf("${TOKEN:-default}", { TOKEN: "" })).toBe("default");
    expect(await tokenOf("${TOKEN:-default}", { TOKEN: "s3cret" })).toBe("s3cret");
    expect(await tokenOf("${TOKEN:-a:-b $ c}")).toBe("a:-b $ c");
    expect(await tokenOf("${TOKEN:-}")).toBeUndefined();
  });

  test("does not resolve variables in the value of a variable", async () => {
    expect(await tokenOf("${TOKEN}", { TOKEN: "${OTHER}", OTHER: "x" })).toBe("${OTHER}");
  });

  test.each(["$TOKEN", "${}", "${1A}", "${TO KEN}", "$(TOKEN)", "{TOKEN}", "a$b", "$&", "\\$1"])(
    "leaves %s unchanged",
    async (token) => {
      expect(await tokenOf(token, { TOKEN: "s3cret" })).toBe(token);
    },
  );

  test("leaves $& and $1 in a value unchanged", async () => {
    expect(await tokenOf("${TOKEN}", { TOKEN: "$& $1 $$" })).toBe("$& $1 $$");
  });

  test.each([{}, { TOKEN: "" }])("names the unset variable, and no value (%j)", async (env) => {
    const auth = { mode: "token", token: "${TOKEN}", password: "s3cret" };
    const refusal = await refusalOf(readWith(auth, { ...env, OTHER: "s3cret" }));
    expect(refusal).toMatchObject({ code: "refused", hint: expect.stringContaining("OPENCLAW_GATEWAY_TOKEN") });
    expect(refusal.message).toMatch(
      /^gateway\.auth\.token of .*openclaw\.json refers to TOKEN, which is not set in this container$/,
    );
    expect(`${refusal.message} ${refusal.hint}`).not.toContain("s3cret");
  });

  test("does not quote the rest of a token with an unset variable", async () => {
    const refusal = await refusalOf(
      readWith({ mode: "token", token: "s3cret-${TOKEN}-${GIVEN}" }, { GIVEN: "s3cret" }),
    );
    expect(refusal.message).not.toContain("s3cret");
  });
});

describe("findCredentials() of a token file", () => {
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

  test("is refused, without a fallback, when the file is missing or a directory", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("directory"));
    for (const [name, code] of [
      ["nowhere", "ENOENT"],
      ["directory", "EISDIR"],
    ] as const) {
      expect(await refusalOf(readWith(AUTH, ALL, scratch.in(name)))).toMatchObject({
        code: "refused",
        message: `cannot read the gateway's token from ${scratch.in(name)}: ${code}`,
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
