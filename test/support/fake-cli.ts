import { writeFile } from "node:fs/promises";
import { createScratch } from "./fakes.ts";

/** Makes this `sh` script the only `openclaw` on PATH, and the only command. Undefined: there is no `openclaw`. */
export async function installCli(script: string | undefined): Promise<AsyncDisposable> {
  const scratch = await createScratch();
  const path = process.env.PATH;
  if (script !== undefined) await writeFile(scratch.in("openclaw"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env.PATH = scratch.path;
  return {
    async [Symbol.asyncDispose]() {
      process.env.PATH = path;
      await scratch[Symbol.asyncDispose]();
    },
  };
}
