// A connection and nothing else: connects as config-manager does, asks for the jobs, says so, and goes on.

import process from "node:process";
import { connectGateway } from "../../lib/gateway/connection.ts";

const { OPENCLAW_GATEWAY_URL: url = "", OPENCLAW_GATEWAY_TOKEN: token = "" } = process.env;
const gateway = await connectGateway({
  url,
  credentials: { token },
  onEvent: () => undefined,
  onClose: () => process.exit(1),
});
await gateway.call("cron.list", { includeDisabled: true });
console.log("listed");
