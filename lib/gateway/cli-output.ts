/**
 * Finds the JSON objects that `openclaw … --json` has printed among the lines of plugins and warnings: each begins a
 * line with `{`, and ends that line, or begins a later one, with `}`. No line inside a printed object begins so: nested
 * ones are indented, and line breaks in texts are escaped. So no line is part of two objects, and all of this is linear.
 * What is found may be no JSON.
 */
export function* findJsonObjects(output: string): Generator<string> {
  let close = findLine(output, "}", 0);
  for (let from = findLine(output, "{", 0); from !== -1; ) {
    const next = findLine(output, "{", from + 1);
    if (close !== -1 && close < from) close = findLine(output, "}", from);
    const lineEnd = output.indexOf("\n", from);
    const line = output.slice(from, lineEnd === -1 ? output.length : lineEnd).trimEnd();
    if (line.endsWith("}")) yield line;
    else if (close !== -1 && (next === -1 || close < next)) yield output.slice(from, close + 1);
    from = next;
  }
}

/** Where the first line at or after `from` that begins with this character is; -1 without one. */
function findLine(output: string, first: string, from: number): number {
  if (from === 0 && output.startsWith(first)) return 0;
  const before = output.indexOf(`\n${first}`, Math.max(0, from - 1));
  return before === -1 ? -1 : before + 1;
}
