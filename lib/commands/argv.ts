import { basename } from "node:path";

/** The name of zx in `process.argv`: its command, or the file that the command runs. */
const ZX = /^(?:zx|cli)(?:\.[cm]?js)?$/;

/**
 * Returns the program's own arguments. In `process.argv` they follow the program directly if it is compiled or run by a
 * runtime, and they follow zx, its options and the script if it is run by `zx manager.ts …`.
 *
 * @param argv `process.argv`
 * @param script the path of the entry file
 */
export function readArguments(argv: readonly string[], script: string): string[] {
  const [, program = "", ...rest] = argv;
  if (!ZX.test(basename(program))) return rest;
  return rest.slice(rest.findIndex((path) => basename(path) === basename(script)) + 1);
}
