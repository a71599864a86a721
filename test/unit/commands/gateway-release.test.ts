import { type Server, createServer } from "node:http";
import { describe, expect, test } from "bun:test";
import { askRelease, releaseOf } from "../../../lib/commands/gateway-release.ts";
import { readSettings } from "../../../lib/settings.ts";

/** Asks whoever is at this address. */
async function ask(url: string) {
  const env = { OPENCLAW_GATEWAY_URL: url, OPENCLAW_GATEWAY_TOKEN: "hush" };
  const read = readSettings({}, env);
  if (read.kind === "invalid") throw new Error(read.problems.join());
  return askRelease(read.settings, env);
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `ws://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

describe("askRelease()", () => {
  test("has no answer where nobody listens, and an error where it is no gateway", async () => {
    const server = createServer((_, response) => response.end("hello"));
    const url = await listen(server);
    expect(await ask(url)).toMatchObject({ code: "unreachable", message: expect.stringContaining("no WebSocket") });
    await new Promise((resolve) => server.close(resolve));
    expect(await ask(url)).toBeUndefined();
  });
});

test("a gateway that calls itself dev is 2026.2 where it speaks the old protocol", () => {
  expect(releaseOf({ version: "2026.9.8", protocol: 4 })).toBe("2026.9.8");
  expect(releaseOf({ version: "dev", protocol: 3 })).toBe("2026.2.9");
  expect(releaseOf({ version: "dev", protocol: 4 })).toBeUndefined();
});
