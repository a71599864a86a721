import type { Span } from "./spans.ts";
import { isBlank, readValue } from "./values.ts";
import { isRandom } from "./words.ts";

/** A variable that is set. It begins where a word of a command line, or what is in its quotes, begins. */
const ASSIGNMENTS = /(?<![^\s;&|()`'"{=])[A-Za-z_]\w*\+?=/g;

const ASSIGNED = /^[A-Za-z_][\w.-]*=/;

/** Words after which a name with `=` sets a variable, whatever its case. */
const SETTERS = /^(?:export|env|declare|typeset|local|readonly|-x|-e|--env|--build-arg|--from-literal)$/;

/** Words after which a command begins. */
const BEFORE_COMMAND = /^(?:sudo|then|do|else|time|exec|nohup|-i|!)$/;

/** Variables that hold no secret. */
const HARMLESS_NAME =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|EDITOR|PAGER|PWD|OLDPWD|IFS|HOSTNAME|TMPDIR|NODE_ENV|NODE_OPTIONS|DEBUG|CI|NO_COLOR|DEBIAN_FRONTEND|PYTHONPATH|GOPATH|CGO_ENABLED)$/;

/** Numbers, switches, and paths of files. */
const HARMLESS_VALUE = /^(?:-?\d{1,5}|true|false|yes|no|on|off|(?:~|\.{1,2})?\/[\w.:/$@~+-]*)$/i;

const HERE_DOCUMENT = /<<-?[ \t]{0,8}(["']?)([A-Za-z_]\w{0,80})\1/g;

/** Lines with a command that reads a secret from what is handed to it. */
const READS_SECRET =
  /password|passwd|passphrase|token|secret|credential|netrc|pgpass|\.env\b|sudo -S|cryptsetup|\blogin\b|id_rsa|\.pem\b|\.key\b/i;

const PRINTS = /\b(?:echo|printf)[ \t]+(?:-\w+[ \t]+)?/g;

/** Finds secrets that only a shell's way of handing them over tells of. */
export function findShellSecrets(text: string): Span[] {
  return [...findAssignments(text), ...findHandedOver(text)];
}

/** `NAME=…` before a command, after `export`, as an argument of `env`: what a job's own `env` would be. */
function findAssignments(text: string): Span[] {
  const spans: Span[] = [];
  let until = 0; // the end of the last assignment: another may follow it
  for (const { 0: head, index } of text.matchAll(ASSIGNMENTS)) {
    if (index < until) continue;
    const name = head.replace(/\+?=$/, "");
    if (!isSet(text, index, name, until)) continue;
    const before = text.charAt(index - 1);
    const from = index + head.length;
    const value = readValue(text, from, "\"'`".includes(before) && before !== "" ? before : "");
    until = value ? value.to + 1 : from; // one more: a quote
    if (value && !isHarmless(name, text.slice(value.from, value.to))) spans.push(value);
  }
  return spans;
}

/** Of which arguments the whole rest is the value of a variable: those of `env`, and after `-e`. */
export function findAssignedArguments(argv: readonly string[]): (Span | undefined)[] {
  let isOpen = false;
  return argv.map((argument, index) => {
    const [head] = ASSIGNED.exec(argument.slice(0, 256)) ?? [];
    const before = argv[index - 1] ?? "";
    isOpen = (isOpen && head !== undefined) || SETTERS.test(before.slice(before.lastIndexOf("/") + 1));
    if (!isOpen || head === undefined || head.length >= argument.length) return undefined;
    const isSafe = isHarmless(head.slice(0, -1), argument.slice(head.length));
    return isSafe ? undefined : { from: head.length, to: argument.length };
  });
}

function isSet(text: string, at: number, name: string, until: number): boolean {
  let end = at;
  while (end > 0 && " \t".includes(text.charAt(end - 1))) end -= 1;
  const isShouted = /^[A-Z_][A-Z0-9_]*$/.test(name);
  if (until > 0 && end <= until && end < at) return true; // NAME=… NAME=…
  const before = text.charAt(end - 1);
  if (end === 0 || ";&|(`{\n".includes(before)) return isShouted;
  if (end === at && "\"'".includes(before)) return isShouted;
  const word = /[^\s"'`=(;&|]+=?$/.exec(text.slice(Math.max(0, end - 20), end))?.[0].replace(/=$/, "") ?? "";
  return SETTERS.test(word) || (isShouted && BEFORE_COMMAND.test(word));
}

/** Whether a variable says nothing secret. Whoever has a secret gives it a value that a token or a password has. */
function isHarmless(name: string, value: string): boolean {
  if (HARMLESS_NAME.test(name)) return true;
  return value.length < 1_000 && HARMLESS_VALUE.test(value) && !value.split(/[/:]/).some(isRandom);
}

/** Here-documents, here-strings, and what `echo` prints into a command that reads a secret. */
function findHandedOver(text: string): Span[] {
  const spans: Span[] = [];
  let at = 0;
  const open: { mark: string; isSecret: boolean }[] = [];
  let body = 0; // where the body of the first open here-document begins
  for (const line of text.split("\n")) {
    const [current] = open;
    if (current) {
      if (line.trim() === current.mark) {
        if (current.isSecret && at - 1 > body) spans.push({ from: body, to: at - 1 });
        open.shift();
        body = at + line.length + 1;
      }
    } else {
      const isSecret = READS_SECRET.test(line);
      for (const { 2: mark = "", index } of line.matchAll(HERE_DOCUMENT)) {
        if (line[index + 2] !== "<" && line[index - 1] !== "<") open.push({ mark, isSecret });
      }
      if (isSecret) spans.push(...findPrinted(text, at, line));
      body = at + line.length + 1;
    }
    at += line.length + 1;
  }
  if (open[0]?.isSecret && body < text.length) spans.push({ from: body, to: text.length });
  return spans;
}

/** What a line hands over by `<<<`, or by `echo` before a pipe. */
function findPrinted(text: string, start: number, line: string): Span[] {
  const spans: Span[] = [];
  const string = line.indexOf("<<<");
  if (string !== -1) {
    let from = start + string + 3;
    while (from < text.length && " \t".includes(text.charAt(from))) from += 1;
    const value = readValue(text, from);
    if (value) spans.push(value);
  }
  const pipe = line.lastIndexOf("|");
  if (pipe === -1 || !READS_SECRET.test(line.slice(pipe))) return spans;
  const print = Array.from(line.slice(0, pipe).matchAll(PRINTS)).at(-1);
  if (!print) return spans;
  const from = start + print.index + print[0].length;
  let to = start + pipe;
  while (to > from && isBlank(text.charAt(to - 1))) to -= 1;
  if (to > from) spans.push({ from, to });
  return spans;
}
