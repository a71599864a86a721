// The calls of a first sync and nothing around them: what any program takes for them that has to start and to connect.
// The jobs stand in WRITES, as the gateway takes them.

import process from "node:process";
import { connectGateway } from "../../lib/gateway.ts";

const { OPENCLAW_GATEWAY_URL: url = "", OPENCLAW_GATEWAY_TOKEN: token = "", WRITES = "[]" } = process.env;
const nothing = () => undefined;
const gateway = await connectGateway({ url, credentials: { token }, onEvent: nothing, onClose: nothing });
await gateway.call("cron.status", {});
await gateway.call("cron.list", { includeDisabled: true });
for (const write of JSON.parse(WRITES) as object[]) await gateway.call("cron.add", write);
await gateway.call("cron.list", { includeDisabled: true });
await gateway.close();
process.exit(0);
