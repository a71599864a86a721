// The calls of a first sync and nothing around them: what any program takes for them that has to start and to connect.
// The jobs stand in WRITES, as the gateway takes them.

import process from "node:process";
import { makeCalls } from "../calls.ts";

const { OPENCLAW_GATEWAY_URL: url = "", OPENCLAW_GATEWAY_TOKEN: token = "", WRITES = "[]" } = process.env;
const opened = await makeCalls(url, token, JSON.parse(WRITES) as object[]);
for (const each of opened) await each.close();
process.exit(0);
