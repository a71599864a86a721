import { describe, expect, test } from "bun:test";
import { ManagerError } from "../../../lib/errors.ts";
import { type ReadSecret, createStatusPage } from "../../../lib/http/status.ts";
import { createSidecarState } from "../../../lib/reconcile/sidecar-state.ts";
import type { Standing } from "../../../lib/reconcile/standing.ts";
import { createClock, createFakeReconciler } from "../../support/fakes.ts";

const SECRET = "s3cret";
const IN_FORCE: Standing = { checksum: "a1", state: "in-sync", problems: [] };
const mask = (text: string) => text.replaceAll("password", "***");
const ALLOWED = { bearer: SECRET };

function start(readSecret: ReadSecret = async () => SECRET, hostName = "openclaw-5d9-x2z") {
  const clock = createClock();
  const seen: { config: Standing | undefined; reads: number } = { config: IN_FORCE, reads: 0 };
  const kinds = [
    createFakeReconciler("config", { standing: () => seen.config }),
    createFakeReconciler("cron", { standing: () => undefined }),
    createFakeReconciler("toy"),
  ];
  const read: ReadSecret = () => {
    seen.reads += 1;
    return readSecret();
  };
  return {
    seen,
    clock,
    show: createStatusPage(createSidecarState(kinds, clock), { readSecret: read, mask, hostName }, clock.uptimeMs),
  };
}

describe("/status", () => {
  test("tells checksum, state and problems of each kind that has a standing", async () => {
    const { seen, show } = start();
    const { status, type, body } = await show(ALLOWED);
    expect([status, type]).toEqual([200, "application/json"]);
    const cron = { checksum: null, state: "unknown", problems: [] };
    expect(JSON.parse(body)).toEqual({ config: IN_FORCE, cron });
    seen.config = { checksum: "b2", state: "pending", problems: ["a\nb"], held: { paths: ["gateway.port"] } };
    expect(JSON.parse((await show(ALLOWED)).body)).toEqual({ config: seen.config, cron });
  });

  test.each([undefined, "", "s3cre", "s3cret2", "S3CRET", "\0s3cret"])(
    "tells nothing for the token %j",
    async (bearer) => {
      const page = await start().show({ bearer });
      expect(page).toEqual({
        status: 401,
        type: "text/plain; charset=utf-8",
        body: "not allowed\n",
        headers: "www-authenticate: Bearer\r\n",
      });
    },
  );

  test.each([undefined, "", " "])("tells nobody anything where the gateway has the token %j", async (secret) => {
    const { show } = start(async () => secret);
    for (const bearer of ["", " ", "undefined"]) expect(await show({ bearer })).toMatchObject({ status: 401 });
  });

  test("tells the name of the Pod to whoever has the token, and never a host's that could not be one", async () => {
    const { show } = start();
    expect((await show(ALLOWED)).headers).toBe("config-manager-pod: openclaw-5d9-x2z\r\n");
    expect((await show({ bearer: "wrong" })).headers).not.toContain("x2z");
    for (const hostName of ["", "a b", "A", "a\r\nb: c", "a/../b", "-a", "a-", "a".repeat(254)]) {
      expect((await start(undefined, hostName).show(ALLOWED)).headers).toBe("");
    }
  });

  test("takes a token of any bytes", async () => {
    const { show } = start(async () => " grüße 🦞\n");
    expect((await show({ bearer: Buffer.from("grüße 🦞").toString("latin1") })).status).toBe(200);
    expect((await show({ bearer: "grüße" })).status).toBe(401);
  });

  test("answers later where the token cannot be read, without why", async () => {
    const { show } = start(() => Promise.reject(new ManagerError("refused", "cannot read /secret/place")));
    expect(await show(ALLOWED)).toMatchObject({ status: 503, body: "not now\n" });
  });

  test("reads the token anew, but not more than once a second, and not for whoever brings none", async () => {
    let secret = SECRET;
    const { seen, clock, show } = start(async () => secret);
    for (let asked = 0; asked < 10; asked++) await show({ bearer: undefined });
    expect(seen.reads).toBe(0);
    for (let asked = 0; asked < 10; asked++) await show({ bearer: "wrong" });
    expect(seen.reads).toBe(1);
    secret = "rotated";
    clock.advance(1_000);
    expect([(await show(ALLOWED)).status, (await show({ bearer: "rotated" })).status]).toEqual([401, 200]);
    expect(seen.reads).toBe(2);
  });

  test("masks the values of secrets before a problem is cut", async () => {
    const { seen, show } = start();
    seen.config = { checksum: "a1", state: "rejected", problems: [`${"x".repeat(995)}password`] };
    expect((await show(ALLOWED)).body).not.toContain("pass");
  });

  test("is bounded, whatever the problems are", async () => {
    const { seen, show } = start();
    seen.config = {
      checksum: "a1",
      state: "rejected",
      problems: Array.from({ length: 5_000 }, () => "\0".repeat(5_000)),
    };
    const { body } = await show(ALLOWED);
    expect(body.length).toBeLessThan(1024 * 1024);
    expect((JSON.parse(body) as { config: Standing }).config.problems).toHaveLength(101);
  });
});
