import { basename } from "node:path";

/** What zx is called in `process.argv`: its command, or the file behind it. */
const ZX = /^(?:zx|cli)(?:\.[cm]?js)?$/;

/**
 * The arguments of the program itself. They follow it in `process.argv`: at once where it is compiled, or run by a
 * runtime; after zx and its options where it is run by `zx manager.ts …`.
 *
 * @param argv `process.argv`.
 * @param script the file that the program was started from.
 */
export function readArguments(argv: readonly string[], script: string): string[] {
  const [, program = "", ...rest] = argv;
  if (!ZX.test(basename(program))) return rest;
  return rest.slice(rest.findIndex((path) => basename(path) === basename(script)) + 1);
}
