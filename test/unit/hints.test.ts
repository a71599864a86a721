// Holds every hint in the sources against where it is read: in `kubectl exec`, in an image that holds config-manager and
// no other program, in a Pod whose volumes, ConfigMaps and Secrets have names that nobody here knows.

import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { createProgram } from "../../lib/commands/program.ts";
import { GATEWAY_CONTAINER } from "../../lib/reconcile/check.ts";
import { REPOSITORY } from "../support/repository.ts";

const COMMANDS = new Set(createProgram(() => undefined, {}).commands.map((command) => command.name()));

/** Stands for what a hint is filled in with. */
const FILLED = "…";

/** A program at the place of a command: first, after a shell's operator, or after words that introduce one. */
const PROGRAM =
  /(?:^…?|&& |\|\|? |; |: |, then |`)(openclaw|kubectl|rm|ls|cat|df|id|cp|mv|ch(?:mod|own)|sh|bash|export|npm)(?= |$)/g;

/** Names of one overlay's objects. */
const OVERLAY =
  /openclaw-(?:config|cron-jobs|credentials|data|secrets)|cron-config\b|deploy\/|-c [a-z]|-n [a-z]|\bname: [a-z]/;

/** What is wrong with a hint; undefined if it can be followed. */
function findFault(hint: string): string | undefined {
  if (OVERLAY.test(hint)) return "a name that may be another one";
  if (hint.startsWith("config-manager ")) {
    const [, command = "", ...rest] = hint.split(" ");
    if (!COMMANDS.has(command)) return `no command: ${command}`;
    return rest.some((word) => /[&|;<>$`]/.test(word)) ? "takes a shell" : undefined;
  }
  // On the person's side, and only with names that are read from the Pod.
  if (hint.startsWith("kubectl "))
    return new RegExp(`^kubectl (?:exec|logs)${FILLED}`).test(hint) ? undefined : "kubectl";
  const words = hint.replace(/in the gateway's container: openclaw [^]*$/, "");
  const [program] = [...words.matchAll(PROGRAM)].map(([, name]) => name);
  return program && `a program that is not there: ${program}`;
}

/**
 * The hints of a source file: of `hint:`, of the third argument of `fail()` and `warn()`, and of what is named a hint or a
 * suggestion. Without a parser: it is enough that strings and brackets are told apart.
 */
function findHints(text: string): string[] {
  const source = text.replace(/\/\*\*[^]*?\*\/|(?<=^|\s)\/\/ .*$/gm, "");
  const hints: string[] = [];
  for (const { 0: start, index } of source.matchAll(/\bhint:\s|\bconst \w*HINTS?\b[^=]*=\s|\bconst hint =\s/g)) {
    hints.push(...readExpression(source, index + start.length).texts);
  }
  for (const { 0: start, index } of source.matchAll(/\b(?:fail|warn)\)?\(/g)) {
    let at = index + start.length;
    for (let argument = 0; argument < 3; argument++) {
      const { texts, end } = readExpression(source, at);
      if (argument === 2) hints.push(...texts);
      at = end + 1;
      if (source[end] !== ",") break;
    }
  }
  for (const { 0: start, index } of source.matchAll(
    /\bfunction (?:suggest|hintOf|toPastable)\w*\([^{]*\{?[^{]*\{\n/g,
  )) {
    for (let at = index + start.length; source[at] !== "}"; at++) {
      const { texts, end } = readExpression(source, at);
      hints.push(...texts);
      at = end;
      if (source[end] === "}") break;
    }
  }
  return [...new Set(hints)].filter((hint) => hint.includes(" "));
}

/** The strings of an expression, and where it ends: at a bracket that it has not opened, a comma or a semicolon. */
function readExpression(source: string, start: number): { texts: string[]; end: number } {
  const texts: string[] = [];
  let depth = 0;
  for (let at = start; at < source.length; at++) {
    const character = source[at] ?? "";
    if (`"'\``.includes(character)) {
      const { text, end } = readString(source, at);
      texts.push(text);
      at = end;
    } else if ("([{".includes(character)) depth += 1;
    else if (depth === 0 && ")]},;".includes(character)) return { texts, end: at };
    else if (")]}".includes(character)) depth -= 1;
  }
  return { texts, end: source.length };
}

function readString(source: string, start: number): { text: string; end: number } {
  let text = "";
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === source[start]) return { text, end: at };
    if (source[start] === "`" && source.startsWith("${", at)) {
      const { end } = readExpression(source, at + 2);
      text += source.slice(at, end + 1) === "${GATEWAY_CONTAINER}" ? GATEWAY_CONTAINER : FILLED;
      at = end;
    } else text += source[at];
  }
  throw new Error(`a string without an end: ${text.slice(0, 80)}`);
}

const names = (await readdir(join(REPOSITORY, "lib"), { recursive: true })).filter((name) => name.endsWith(".ts"));
const found = await Promise.all(
  names.map(async (name) =>
    findHints(await readFile(join(REPOSITORY, "lib", name), "utf8")).map((hint) => [hint, name] as const),
  ),
);
const hints = found.flat();

describe("every hint", () => {
  test("is found", () => {
    const texts = hints.map(([hint]) => hint);
    expect(texts.length).toBeGreaterThan(50);
    for (const one of ["config-manager diff --allow-mass-removal", "remove it, and another one is made"])
      expect(texts).toContain(one);
    expect(texts.filter((text) => text.startsWith("kubectl ")).length).toBe(2);
  });

  test.each(hints)("can be followed where it is read: %s (%s)", (hint) => {
    expect(findFault(hint)).toBeUndefined();
  });

  test.each([
    "kubectl get configmap openclaw-config -o yaml",
    "kubectl logs deploy/openclaw -c openclaw --tail=50",
    "volumeMounts: [{ name: data, mountPath: /x }]",
    "openclaw devices list",
    "approve it: openclaw devices list",
    "ls -ldn …; id",
    "rm …",
    "config-manager sync --only config && reboot",
    "config-manager mend",
    "try df -h … || rm …",
  ])("could not, as it was or might be: %s", (hint) => {
    expect(findFault(hint)).toBeDefined();
  });
});
