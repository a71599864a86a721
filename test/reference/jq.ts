// The two jq filters that sidecar.sh uses, for a machine without jq. `test/binary/reference.test.ts` compares its answers
// with jq's wherever jq is installed.
//
//   jq -r '.[].name' [FILE]
//   jq -c '.[] | select(.name == "NAME")' [FILE]

import { readFileSync } from "node:fs";

type Filter = (job: { name?: unknown } | null) => string[];

function parseFilter(filter: string): Filter {
  if (filter === ".[].name") {
    return (job) => [typeof job?.name === "string" ? job.name : JSON.stringify(job?.name ?? null)];
  }
  // The sidecar puts the name between the quotes as it is, so a quote in it ends the string.
  const [, literal] = /^\.\[\] \| select\(\.name == ("(?:[^"\\]|\\.)*")\)$/s.exec(filter) ?? [];
  if (literal === undefined) throw new Error(`cannot compile ${filter}`);
  const name = JSON.parse(literal.replaceAll("\n", String.raw`\n`)) as unknown;
  return (job) => (job?.name === name ? [JSON.stringify(job)] : []);
}

function run([, filter = "", file]: readonly string[]): string {
  const apply = parseFilter(filter);
  const text = readFileSync(file ?? 0, "utf8");
  if (text.trim() === "") return "";
  const value = JSON.parse(text) as unknown;
  if (typeof value !== "object" || value === null) throw new Error("cannot iterate over it");
  const jobs = Object.values(value) as unknown[];
  return jobs
    .flatMap((job) => {
      if (typeof job !== "object" || Array.isArray(job)) throw new Error("cannot index it");
      return apply(job);
    })
    .map((line) => `${line}\n`)
    .join("");
}

try {
  process.stdout.write(run(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`jq: error: ${(error as Error).message}\n`);
  process.exitCode = 5;
}
