import { ManagerError, describeError, toResult } from "../errors.ts";
import {
  type OwnPath,
  formatOwnPath,
  isOwnFile,
  ownFile,
  ownIn,
  removeOwnDirectory,
  removeOwnFile,
  withTemporaries,
} from "../files/own.ts";
import { devicePathOf } from "../gateway/device.ts";
import { escapeControls } from "../printable.ts";
import type { Reconciler } from "../reconcile/reconciler.ts";
import type { Settings } from "../settings.ts";

export interface UninstallDependencies {
  settings: Pick<Settings, "stagingDir" | "checksumDir" | "httpPort">;
  reconcilers: Readonly<Record<string, Pick<Reconciler, "name" | "leftovers">>>;
  /** Whether something answers on this port here. */
  answers: (port: number) => Promise<boolean>;
  print: (text: string) => Promise<void>;
}

/** What there is of config-manager. */
interface Inventory {
  files: OwnPath[];
  /** They go where they are empty then. */
  directories: OwnPath[];
  inUse: string[];
  /** What could not be looked at, or is in the way of a file of ours. */
  problems: string[];
}

/**
 * Removes what only config-manager reads, and lists what stays. What something else needs stays as it is.
 *
 * @param isDryRun whether it only says so
 * @returns whether all of it is gone, or would be
 * @throws {ManagerError} `conflict` if a sidecar runs here: it would write it all again
 */
export async function uninstall(dependencies: UninstallDependencies, isDryRun: boolean): Promise<boolean> {
  const { settings, answers, print } = dependencies;
  const isRunning = settings.httpPort !== undefined && (await answers(settings.httpPort));
  if (isRunning && !isDryRun) {
    throw new ManagerError(
      "conflict",
      `a sidecar answers on port ${settings.httpPort} of this Pod: nothing is removed`,
      {
        hint: "take the sidecar out first; config-manager uninstall --dry-run shows what would go",
      },
    );
  }
  const { files, directories, inUse, problems } = await takeInventory(dependencies);
  const gone: string[] = [];
  for (const path of files) {
    const isGone = await toResult(isDryRun ? isOwnFile(path) : removeOwnFile(path));
    if (isGone instanceof ManagerError) problems.push(describeError(isGone));
    else if (isGone) gone.push(formatOwnPath(path));
  }
  for (const path of isDryRun ? [] : directories) {
    const failure = await toResult(removeOwnDirectory(path));
    if (failure instanceof ManagerError) problems.push(describeError(failure));
  }
  const heading = isDryRun ? "Would remove" : "Removed";
  await print(
    [
      ...toSection(heading, gone.length > 0 ? gone : ["nothing"]),
      ...toSection("Stays, because it is in use", inUse),
      ...toSection("Left, and to be looked at", problems),
      ...(isRunning ? ["", "A sidecar runs in this Pod. Take it out first: it would write all this again."] : []),
    ].join("\n") + "\n",
  );
  return problems.length === 0;
}

async function takeInventory({ reconcilers, settings }: UninstallDependencies): Promise<Inventory> {
  const inventory: Inventory = { files: [], directories: [], inUse: [], problems: [] };
  for (const { name, leftovers } of Object.values(reconcilers)) {
    const found = await toResult(leftovers?.() ?? Promise.resolve(undefined));
    if (found instanceof ManagerError) inventory.problems.push(`${name}: ${describeError(found)}`);
    else if (found) {
      inventory.files.push(...found.files);
      inventory.directories.push(...found.directories);
      inventory.inUse.push(...found.inUse.map((line) => `${name}: ${line}`));
    }
  }
  const key = ownFile(devicePathOf(settings.stagingDir));
  if (await isOwnFile(key).catch(() => false)) {
    inventory.inUse.push("gateway: it keeps the device of our key in its list, which opens nothing without the key");
  }
  inventory.files.push(...(await withTemporaries([key])));
  inventory.directories.push(ownIn(settings.checksumDir));
  return inventory;
}

function toSection(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${heading}:`, ...lines.map((line) => `  ${escapeControls(line)}`)];
}
