import { rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { readAccount } from "../../../lib/kubernetes/account.ts";
import { publishAccount } from "../../support/api-server.ts";
import { LOCAL } from "../../support/certificates.ts";
import { createScratch, refusalOf } from "../../support/fakes.ts";
import { createVolume } from "../../support/volume.ts";

const ENV = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "6443" };

async function layOut(content: Parameters<typeof publishAccount>[1] = {}) {
  const scratch = await createScratch();
  const volume = await createVolume(scratch.in("account"));
  await publishAccount(volume, content);
  return { path: volume.path, volume, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

describe("readAccount()", () => {
  test("reads what the kubelet mounts, and what it sets", async () => {
    await using account = await layOut({ token: "t0ken\n" });
    expect(await readAccount(ENV, account.path)).toEqual({
      host: "10.96.0.1",
      port: 6443,
      authority: LOCAL.cert.trim(),
      token: "t0ken",
      namespace: "openclaw",
    });
    expect(await readAccount({ KUBERNETES_SERVICE_HOST: "fd00::1" }, account.path)).toMatchObject({
      host: "fd00::1",
      port: 443,
    });
  });

  test("reads the token that the kubelet has renewed", async () => {
    await using account = await layOut();
    expect((await readAccount(ENV, account.path)).token).toBe("t0ken");
    await publishAccount(account.volume, { token: "renewed" });
    expect((await readAccount(ENV, account.path)).token).toBe("renewed");
  });

  test.each<Record<string, string>>([
    {},
    { KUBERNETES_SERVICE_HOST: "" },
    { ...ENV, KUBERNETES_SERVICE_PORT: "tcp://10.0.0.1:443" },
  ])("says that %j leads to no API server", async (env) => {
    await using account = await layOut();
    expect((await refusalOf(readAccount(env, account.path))).message).toBe(
      "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT lead to no API server",
    );
  });

  test("names what is not mounted, and what to set", async () => {
    await using account = await layOut();
    const token = join(account.path, "token");
    await rm(token);
    expect(await refusalOf(readAccount(ENV, account.path))).toMatchObject({
      code: "file",
      message: `there is no ${token}`,
      hint: "set automountServiceAccountToken: true in this Pod, as the component nudge does",
    });
    await writeFile(token, " \n");
    expect((await refusalOf(readAccount(ENV, account.path))).message).toBe(`${token} is empty`);
  });

  test.each(["two\nlines", "a\0b", "gr\u00fc\u00dfe", "a b"])(
    "does not quote the token %j, which no header holds",
    async (token) => {
      await using account = await layOut({ token });
      const { message } = await refusalOf(readAccount(ENV, account.path));
      expect(message).toBe(`${join(account.path, "token")} is no token: it has a character that no header holds`);
    },
  );

  test.each(["../kube-system", "a/b", "a".repeat(64)])("takes no namespace %j into a path", async (namespace) => {
    await using account = await layOut({ namespace });
    const { message } = await refusalOf(readAccount(ENV, account.path));
    expect(message).toBe(`${join(account.path, "namespace")} is no name of a namespace`);
  });

  test("reads no device, and no file without end", async () => {
    await using account = await layOut();
    const token = join(account.path, "token");
    await rm(token);
    await symlink("/dev/zero", token);
    expect((await refusalOf(readAccount(ENV, account.path))).message).toContain(`cannot read ${token}: it is a `);
    await rm(token);
    await writeFile(token, Buffer.alloc(300_000, "x"));
    expect((await refusalOf(readAccount(ENV, account.path))).message).toContain("has 300000 bytes");
  });
});
