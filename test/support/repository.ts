import { readdir } from "node:fs/promises";
import { resolve } from "node:path";

/** The root of the checkout. */
export const REPOSITORY = resolve(import.meta.dir, "../..");

/** Recorded `openclaw cron list` outputs, desired definitions, and expected outputs of commands. */
export const GOLDEN = resolve(REPOSITORY, "test/golden");

/** The documents, by their paths in the checkout. */
export const DOCUMENTS: readonly string[] = [...(await readdir(REPOSITORY)), ...(await listDocs())]
  .filter((name) => name.endsWith(".md"))
  .toSorted();

async function listDocs(): Promise<string[]> {
  const names = await readdir(resolve(REPOSITORY, "docs"), { recursive: true });
  return names.map((name) => `docs/${name}`);
}
