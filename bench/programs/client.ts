// OpenClaw's own client and nothing else: connects, asks for the jobs, says so, and goes on. What a connection takes.

import process from "node:process";
import { GatewayClient } from "@openclaw/gateway-client";

const client = new GatewayClient({
  url: process.env.OPENCLAW_GATEWAY_URL ?? "",
  token: process.env.OPENCLAW_GATEWAY_TOKEN ?? "",
  scopes: ["operator.admin"],
  deviceIdentity: null,
  onHelloOk: () => void list(),
});

async function list(): Promise<void> {
  await client.request("cron.list", { includeDisabled: true });
  console.log("listed");
}

client.start();
