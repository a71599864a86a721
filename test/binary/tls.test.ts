// The built binary beside a gateway over TLS. Whom it trusts, it reads at its start: only a process of its own shows that.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { LOCAL, OTHER } from "../support/certificates.ts";
import { serveTls } from "../support/fake-servers.ts";
import { type FakeGateway, serveGateway } from "../support/fakes.ts";
import { type Mounts, createMounts, runBinary } from "../support/sidecar.ts";

let mounts: Mounts;
let gateway: FakeGateway;
let authorities: string;

beforeAll(async () => {
  mounts = await createMounts();
  gateway = serveGateway({ "cron.list": () => ({ payload: { jobs: [] } }) });
  authorities = `${mounts.root}/authorities.pem`;
  await writeFile(authorities, LOCAL.cert + OTHER.cert);
  await mounts.publishJobs([]);
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await mounts.dispose();
});

async function sync(url: string, more: Record<string, string>) {
  const env = mounts.environment({ OPENCLAW_GATEWAY_URL: url, ...more });
  const { stdout, stderr } = await runBinary(["sync", "--only", "cron"], env);
  return stdout + stderr;
}

describe("wss://", () => {
  test.each(["127.0.0.1", "localhost"])("reaches a gateway at %s whose certificate is trusted", async (host) => {
    await using server = await serveTls(gateway.url, LOCAL);
    const url = server.url.replace("127.0.0.1", host);
    expect(await sync(url, { NODE_EXTRA_CA_CERTS: authorities })).toContain(`Connected to gateway: ${url}`);
  });

  test("refuses a certificate that nobody vouches for, whatever NODE_TLS_REJECT_UNAUTHORIZED says", async () => {
    await using server = await serveTls(gateway.url, LOCAL);
    const output = await sync(server.url, { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
    expect(output).toContain(
      `the gateway at ${server.url} cannot be reached: TLS handshake failed: self signed certificate`,
    );
  });

  test("refuses a certificate for another name", async () => {
    await using server = await serveTls(gateway.url, OTHER);
    const output = await sync(server.url, { NODE_EXTRA_CA_CERTS: authorities });
    expect(output).toContain("TLS handshake failed: Hostname/IP does not match certificate's altnames: IP: 127.0.0.1");
  });
});
