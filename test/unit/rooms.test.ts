// The linter enforces the rule of the rooms (docs/architecture.md): it has to reject planted violations.

import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "bun:test";
import { createScratch } from "../support/fakes.ts";
import { run } from "../support/process.ts";
import { REPOSITORY } from "../support/repository.ts";

const OXLINT = join(REPOSITORY, "node_modules/.bin/oxlint");

/** The rules that these files break, each as `FILE: RULE`. */
async function lint(files: Readonly<Record<string, string>>): Promise<string[]> {
  await using scratch = await createScratch();
  await copyFile(join(REPOSITORY, ".oxlintrc.json"), scratch.in(".oxlintrc.json"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(scratch.in(name)), { recursive: true });
    await writeFile(scratch.in(name), text);
  }
  const { stdout } = await run(OXLINT, ["--format=json"], { env: process.env, cwd: scratch.path });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] };
  return diagnostics.map(({ code, filename }) => `${filename}: ${code}`).toSorted();
}

const IMPORTS = "eslint(no-restricted-imports)";
const imports = (...paths: string[]) => paths.map((path) => `import "${path}";\n`).join("");

/** What each planted file does against the rule of its room. */
const OFFENCES: readonly (readonly [what: string, directory: string, text: string])[] = [
  ["an import from a room above", "lib/text", imports("../cron/plan.ts")],
  ["an import from the top", "lib/config", imports("../commands/main.ts")],
  ["an import of the entry", "lib/commands", imports("../../manager.ts")],
  ["a kind that knows another", "lib/config", imports("../cron/plan.ts")],
  ["a new kind that knows another", "lib/workspace", imports("../config/plan.ts")],
  ["a kind that knows a new one", "lib/cron", imports("../workspace/plan.ts")],
  ["a page that knows a command", "lib/http", imports("../commands/main.ts")],
  ["a gateway that knows a kind", "lib/gateway", imports("../config/plan.ts")],
  ["a definition that knows a gateway", "lib/definition", imports("../gateway/job.ts")],
  ["a schema that knows a kind", "lib/schema", imports("../config/plan.ts")],
  ["a schema that reads a file", "lib/schema", imports("../files/regular-file.ts")],
  ["a loop that knows a gateway", "lib/reconcile", imports("../gateway/job.ts")],
  ["a file for all that knows a room", "lib", imports("./text/json5.ts")],
  ["a call to the cluster that knows a command", "lib/kubernetes", imports("../commands/main.ts")],
  ["a sidecar that calls the cluster", "lib/commands", imports("../kubernetes/annotate.ts")],
  ["a page that calls the cluster", "lib/http", imports("../kubernetes/annotate.ts")],
  ["a kind that calls the cluster", "lib/config", imports("../kubernetes/annotate.ts")],
  [
    "a gateway that calls the cluster",
    "lib/gateway",
    'export const load = () => import("../kubernetes/account.ts");\n',
  ],
  ["a late import", "lib/files", 'export const load = () => import("../reconcile/loop.ts");\n'],
  ["an import of a type", "lib/files", 'export type { PassOutcome } from "../reconcile/loop.ts";\n'],
  ["a process of its own", "lib/config", imports("node:child_process")],
  ["a process beside zx's, in a test", "test/unit", imports("node:child_process")],
];

describe("the linter", () => {
  let found: string[];
  const nameOf = (index: number) => `${OFFENCES[index]?.[1]}/planted-${index}.ts`;
  beforeAll(async () => {
    found = await lint(Object.fromEntries(OFFENCES.map(([, , text], index) => [nameOf(index), text])));
  });

  test.each(OFFENCES.map(([what], index) => [what, index] as const))("rejects %s", (_, index) => {
    expect(found).toContain(`${nameOf(index)}: ${IMPORTS}`);
  });

  test("rejects a file of over 200 lines in lib/, and an entry of the same length", async () => {
    const long = "export {};\n".repeat(201);
    const lines = await lint({ "lib/text/long.ts": long, "manager.ts": long, "test/long.ts": long });
    expect(lines.filter((line) => line.endsWith("eslint(max-lines)"))).toEqual([
      "lib/text/long.ts: eslint(max-lines)",
      "manager.ts: eslint(max-lines)",
    ]);
  });

  test("accepts imports from rooms below, and from the same room", async () => {
    const lines = await lint({
      "lib/commands/x.ts": imports("../http/pages.ts", "../cron/plan.ts", "../errors.ts", "./y.ts"),
      "lib/commands/wait-run.ts": imports("../kubernetes/annotate.ts"),
      "lib/kubernetes/x.ts": imports("../files/regular-file.ts", "../text/bounded.ts", "../errors.ts"),
      "lib/http/x.ts": imports("../reconcile/loop.ts", "../version.ts"),
      "lib/cron/x.ts": imports("../gateway/job.ts", "../definition/files.ts", "../reconcile/loop.ts", "./plan.ts"),
      "lib/workspace/x.ts": imports("../files/replace.ts", "../text/json5.ts", "../log.ts", "./plan.ts"),
      "lib/gateway/x.ts": imports("../definition/files.ts", "../reconcile/loop.ts", "./job.ts"),
      "lib/gateway/cli-process.ts": imports("node:child_process"),
      "lib/definition/x.ts": imports("../reconcile/loop.ts", "../text/yaml.ts"),
      "lib/schema/x.ts": imports("../text/nearest.ts", "../json.ts", "./walk.ts"),
      "lib/reconcile/x.ts": imports("../files/watch.ts"),
      "lib/files/x.ts": imports("../text/json5.ts", "../errors.ts"),
      "lib/x.ts": imports("./errors.ts"),
    });
    expect(lines.filter((line) => line.endsWith(IMPORTS))).toEqual([]);
  });
});
