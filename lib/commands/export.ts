import { ManagerError } from "../errors.ts";
import type { KindName } from "./kinds.ts";
import { printNotice } from "./print.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Prints what is live of one kind as a file for Git, and its caveats on stderr.
 *
 * @returns whether all of it could be exported
 * @throws {ManagerError} `usage` if the kind has no export
 */
export async function printExport({ reconcilers, print }: Runtime, kind: KindName): Promise<boolean> {
  const exported = await reconcilers[kind].export?.();
  if (!exported) throw new ManagerError("usage", `${kind} cannot be exported`, { hint: "config-manager help export" });
  for (const caveat of exported.caveats) printNotice("warning", caveat);
  await print(exported.text);
  return exported.isComplete;
}
