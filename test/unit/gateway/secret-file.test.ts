import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, test } from "bun:test";
import { findCredentials } from "../../../lib/gateway/credentials.ts";
import { createSessionKeeper } from "../../../lib/gateway/session.ts";
import { type Scratch, createClock, createScratch, greeting, refusalOf, serveGateway } from "../../support/fakes.ts";
import { paramsOf, refuse } from "../../support/fake-servers.ts";

const REF = { source: "file", provider: "tok", id: "value" };

/** A live config whose token is this SecretRef to this file, and files beside it. */
async function layOut(scratch: Scratch, files: Record<string, string>, ref: object = REF, provider: object = {}) {
  const path = scratch.in("target", "token");
  const config = {
    gateway: { auth: { mode: "token", token: ref } },
    secrets: { providers: { tok: { source: "file", path, mode: "singleValue", ...provider } } },
  };
  await mkdir(scratch.in("target"));
  for (const [name, text] of Object.entries({ ...files, "openclaw.json": JSON.stringify(config) })) {
    await mkdir(dirname(scratch.in(name)), { recursive: true });
    await writeFile(scratch.in(name), text);
  }
  return {
    tokenFile: undefined as string | undefined,
    pvcConfig: scratch.in("openclaw.json"),
    env: {},
    secrets: { secretsDir: `${scratch.in("secrets")}/`, targetDir: `${scratch.in("target")}/` },
  };
}

const FORMER = "target/..config-manager/former/token";

describe("findCredentials() with copies of secrets", () => {
  test("reads a SecretRef to a copy, without its newline, and the former value", async () => {
    await using scratch = await createScratch();
    const sources = await layOut(scratch, { "target/token": "new\n", [FORMER]: "old\n" });
    expect(await findCredentials(sources)).toEqual({
      credentials: { token: "new" },
      former: { token: "old" },
      source: `gateway.auth.token of ${sources.pvcConfig}`,
    });
  });

  test("reads a JSON pointer of a copy", async () => {
    await using scratch = await createScratch();
    const ref = { source: "file", provider: "tok", id: "/a~1b/token" };
    const files = { "target/token": '{"a/b":{"token":"new"}}', [FORMER]: '{"a/b":{"token":"old"}}' };
    const sources = await layOut(scratch, files, ref, { mode: "json" });
    expect(await findCredentials(sources)).toMatchObject({ credentials: { token: "new" }, former: { token: "old" } });
  });

  test.each([
    ["to a file elsewhere", { path: "/etc/passwd" }],
    ["to a file above", { path: "/tmp/target/../passwd" }],
    ["to what we keep", { path: "/nonexistent/..config-manager/record.json" }],
    ["of another source", { source: "file", path: 1 }],
  ])("refuses a SecretRef %s", async (_, provider) => {
    await using scratch = await createScratch();
    const sources = await layOut(scratch, { "target/token": "hush" }, REF, provider);
    expect((await refusalOf(findCredentials(sources))).message).toBe(
      `gateway.auth.token of ${sources.pvcConfig} is a SecretRef of source file, which config-manager does not read`,
    );
  });

  test("says what is wrong with the copy, without its content", async () => {
    await using scratch = await createScratch();
    const sources = await layOut(scratch, {});
    const path = scratch.in("target", "token");
    const place = `gateway.auth.token of ${sources.pvcConfig} refers to ${path}, `;
    expect((await refusalOf(findCredentials(sources))).message).toBe(`${place}and there is no such file`);
    await writeFile(path, "");
    expect((await refusalOf(findCredentials(sources))).message).toBe(`${place}which has no value there`);
    await using other = await createScratch();
    const linked = await layOut(other, {});
    await symlink("/etc/passwd", other.in("target", "token"));
    expect((await refusalOf(findCredentials(linked))).message).toContain("which cannot be read: it is a symbolic link");
  });

  test("knows the former value of a token file in the Secret, which the gateway takes until it has the copy", async () => {
    await using scratch = await createScratch();
    const sources = await layOut(scratch, { "secrets/token": "new\n", "target/token": "old\n", elsewhere: "new" });
    const found = await findCredentials({ ...sources, tokenFile: scratch.in("secrets", "token") });
    expect(found).toMatchObject({ credentials: { token: "new" }, former: { token: "old" } });
    await writeFile(scratch.in("target", "token"), "new\n");
    expect(await findCredentials({ ...sources, tokenFile: scratch.in("secrets", "token") })).not.toHaveProperty(
      "former",
    );
    expect(await findCredentials({ ...sources, tokenFile: scratch.in("elsewhere") })).not.toHaveProperty("former");
  });
});

describe("a session", () => {
  test("tries the former token once, and says that the new one is refused if both are", async () => {
    await using scratch = await createScratch();
    const sources = await layOut(scratch, { "target/token": "new", [FORMER]: "old" });
    let accepted = "old";
    const isAccepted = (params: Record<string, unknown>) => (params.auth as { token?: string }).token === accepted;
    await using gateway = serveGateway();
    gateway.answers.connect = (params) =>
      isAccepted(params) ? { payload: greeting() } : refuse("unauthorized: token mismatch");
    const clock = createClock();
    const keeper = createSessionKeeper({
      address: { url: gateway.url, isDefault: false, pvcConfig: sources.pvcConfig, env: {} },
      credentials: sources,
      devicePath: "/dev/null/device.pem",
      mayCreate: true,
      clock,
      log: () => undefined,
      onEvent: () => undefined,
    });
    const tokens = () =>
      paramsOf(gateway, "connect").map((params) => (params as { auth: { token?: string } }).auth.token);
    await keeper.open();
    expect(tokens()).toEqual(["new", "old"]);
    await keeper.close();
    accepted = "neither";
    expect(await refusalOf(keeper.open())).toMatchObject({ code: "refused" });
    expect(await refusalOf(keeper.open())).toMatchObject({ code: "refused" });
    expect(tokens()).toEqual(["new", "old", "new", "old"]); // the second refusal is ours, for 60 s
    accepted = "newest";
    await writeFile(scratch.in("target", "token"), "newest");
    await keeper.open(); // at once: the credentials have changed
    expect(tokens().slice(4)).toEqual(["newest"]);
    await keeper.close();
  });
});
