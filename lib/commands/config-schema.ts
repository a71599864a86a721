import { ManagerError } from "../errors.ts";
import { formatJson } from "../json.ts";
import { unpackSchema } from "../schema/pool.ts";
import { chooseRelease } from "../schema/releases.ts";
import { repairSchema } from "../schema/repair.ts";
import pool from "../schema/schemas.json" with { type: "json" };
import type { Environment } from "../setting-sources.ts";
import { readGatewaySchema } from "./gateway-release.ts";
import { printNotice } from "./print.ts";
import type { Invocation } from "./invocation.ts";

/**
 * The JSON Schema of `openclaw.json`: the running gateway's, with its plugins, or that of a release.
 *
 * @throws {ManagerError} `unreachable` if no gateway answers, or why it does not
 */
export async function renderConfigSchema(
  { openclaw, settings }: Extract<Invocation, { kind: "config"; command: "schema" }>,
  env: Environment,
): Promise<string> {
  if (openclaw !== undefined || !settings) {
    const { release, isExact } = chooseRelease(openclaw ?? "latest");
    if (!isExact && openclaw !== "latest")
      printNotice("warning", `OpenClaw ${openclaw} is not known; this is ${release}`);
    return formatJson(await unpackSchema(pool, release));
  }
  const schema = await readGatewaySchema(settings, env).catch(addHint);
  if (schema !== undefined) return formatJson(repairSchema(schema));
  throw new ManagerError("rejected", "config.schema: the reply makes no sense", { hint: "config-manager doctor" });
}

/** Without a gateway there is the schema that is in this program. */
function addHint(error: unknown): never {
  if (!(error instanceof ManagerError) || error.hint !== undefined) throw error;
  const { code, message, cause } = error;
  throw new ManagerError(code, message, { hint: "config-manager schema config --openclaw latest", cause });
}
