import { isSecretLabel } from "./names.ts";
import { type FlagKind, findGlued, findSecretStart, isProgram, kindOfNext } from "./programs.ts";
import { findAssignedArguments } from "./shell.ts";
import type { Span } from "./spans.ts";

/** A flag, a variable or a header, with its value: all that is left of the argument. */
const NAMED = /^(-{0,2}[\w.-]{1,200})(?:=|:[ \t]{0,8})(?!\/\/)/;

/** What comes after it is a command line of its own. */
const SCRIPT_FLAG = /^-[a-z]{0,4}c$/;

const SCHEME = /^\w{1,20} +/;

/** How each of these arguments is secret because of its name or of those before it; none if undefined. */
export function findArgumentSecrets(argv: readonly string[]): (Span | undefined)[] {
  let program = "";
  const assigned = findAssignedArguments(argv);
  return argv.map((argument, index) => {
    const base = argument.slice(argument.lastIndexOf("/") + 1);
    if (isProgram(base)) program = base;
    const before = argv[index - 1];
    const isScript = before !== undefined && SCRIPT_FLAG.test(before);
    return (
      (before === undefined ? undefined : findAfter(before, argument, program)) ??
      assigned[index] ??
      (isScript ? undefined : findInside(argument, program))
    );
  });
}

function findAfter(flag: string, argument: string, program: string): Span | undefined {
  if (!/^--?[A-Za-z][\w-]{0,200}$/.test(flag)) return undefined;
  const isLabel = isSecretLabel(flag.replace(/^-{1,2}/, ""));
  const kind: FlagKind | undefined = kindOfNext(flag, program) ?? (isLabel ? "secret" : undefined);
  if (kind === undefined || argument === "-" || argument.startsWith("--")) return undefined;
  return toSpan(argument, findSecretStart(argument, kind));
}

function findInside(argument: string, program: string): Span | undefined {
  const glued = findGlued(argument, program);
  if (glued && argument.length > 2) {
    const start = findSecretStart(argument.slice(2), glued.kind);
    return toSpan(argument, start === undefined ? undefined : start + 2);
  }
  const [head, label = ""] = NAMED.exec(argument.slice(0, 256)) ?? [];
  if (head === undefined) return undefined;
  const name = label.replace(/^-{1,2}/, "");
  const isHeader = head.includes(":");
  if (!isSecretLabel(name) || (isHeader && /^auth$/i.test(name))) return undefined;
  const scheme = /authorization$/i.test(name) ? (SCHEME.exec(argument.slice(head.length))?.[0].length ?? 0) : 0;
  return toSpan(argument, head.length + scheme);
}

function toSpan(argument: string, from: number | undefined): Span | undefined {
  return from === undefined || from >= argument.length ? undefined : { from, to: argument.length };
}
