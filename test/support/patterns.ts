import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "./repository.ts";

/** A regular expression in the sources. */
export interface SourcePattern {
  file: string;
  /** As it is written, such as `/a+/g`, or `new RegExp(…)` with what is handed to it up to the end of the line. */
  literal: string;
}

/** What an expression can follow. A slash after anything else divides, or stands in a text. */
const BEFORE_EXPRESSION = /(?:^|[=(,:;!&|?[{}+>]|\b(?:return|typeof|case|of|in))\s*$/;

/** Every regular expression that lib/ and manager.ts hold, in the order of the files. */
export function listPatterns(): SourcePattern[] {
  const files = ["manager.ts", ...globSync("lib/**/*.ts", { cwd: REPOSITORY })].toSorted();
  return files.flatMap((file) =>
    findLiterals(readFileSync(join(REPOSITORY, file), "utf8")).map((literal) => ({ file, literal })),
  );
}

/** Reads TypeScript as far as needed to tell a regular expression from a comment, a text and a division. */
export function findLiterals(source: string): string[] {
  const literals: string[] = [];
  let at = source.startsWith("#!") ? source.indexOf("\n") : 0;
  /** The depth of braces in each template that is open. */
  const templates: number[] = [];
  let depth = 0;
  let code = "";
  const skipTemplate = () => {
    while (at < source.length && source[at] !== "`" && !source.startsWith("${", at)) at += source[at] === "\\" ? 2 : 1;
    if (source[at] === "`") at += 1;
    else {
      templates.push(depth);
      at += 2;
    }
    code = source[at - 1] === "{" ? "{" : "x";
  };
  while (at < source.length) {
    const character = source.charAt(at);
    if (source.startsWith("//", at)) at = endOf(source, "\n", at);
    else if (source.startsWith("/*", at)) at = endOf(source, "*/", at);
    else if (character === '"' || character === "'") {
      for (at += 1; source[at] !== character; at += 1) if (source[at] === "\\") at += 1;
      at += 1;
      code = "x";
    } else if (character === "`") {
      at += 1;
      skipTemplate();
    } else if (character === "}" && templates.at(-1) === depth) {
      templates.pop();
      at += 1;
      skipTemplate();
    } else if (character === "/" && BEFORE_EXPRESSION.test(code)) {
      const start = at;
      let isClass = false;
      for (at += 1; isClass || source[at] !== "/"; at += 1) {
        if (source[at] === "\\") at += 1;
        else if (source[at] === "[") isClass = true;
        else if (source[at] === "]") isClass = false;
      }
      at += 1;
      while (/[a-z]/.test(source.charAt(at))) at += 1;
      literals.push(source.slice(start, at));
      code = "x";
    } else {
      if (source.startsWith("new RegExp(", at)) literals.push(source.slice(at, endOf(source, "\n", at)).trim());
      if (character === "{") depth += 1;
      if (character === "}") depth -= 1;
      code = (code + character).slice(-20);
      at += 1;
    }
  }
  return literals;
}

function endOf(source: string, end: string, from: number): number {
  const found = source.indexOf(end, from);
  return found === -1 ? source.length : found + end.length;
}

/** Whether something in the pattern may repeat without limit. Of one that is put together, that is not known. */
export function isUnlimited(literal: string): boolean {
  if (literal.startsWith("new ")) return true;
  const skeleton = literal.replace(/\\./g, "x").replace(/\[[^\]]*\]/g, "x");
  return /[*+]|\{\d+,\}/.test(skeleton);
}

/** The pattern that a literal stands for, to be looked for from each place of a text, or one after another if sticky. */
export function toPattern(literal: string): RegExp {
  const end = literal.lastIndexOf("/");
  const flags = new Set(literal.slice(end + 1));
  return new RegExp(literal.slice(1, end), [...flags.add("g")].join(""));
}
