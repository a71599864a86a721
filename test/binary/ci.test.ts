// Runs the GitHub Action and the pre-commit hook on a repository as people have it. No runner is to be had, and pre-commit
// comes from PyPI, so their steps are taken by hand: what GitHub and pre-commit document that they do.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { access, cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as yaml from "yaml";
import { mustRun, run } from "../support/process.ts";
import { REPOSITORY } from "../support/repository.ts";

interface Step {
  name?: string;
  id?: string;
  shell?: string;
  env?: Record<string, string>;
  run?: string;
  uses?: string;
}

interface Action {
  name: string;
  description: string;
  inputs: Record<string, { description: string; default?: string }>;
  outputs: Record<string, { value: string }>;
  runs: { using: string; steps: Step[] };
}

interface Hook {
  id: string;
  entry: string;
  language: string;
  files: string;
  args: string[];
  pass_filenames: boolean;
}

const action = yaml.parse(await readFile(join(REPOSITORY, "action.yml"), "utf8")) as Action;
const hooks = yaml.parse(await readFile(join(REPOSITORY, ".pre-commit-hooks.yaml"), "utf8")) as Hook[];

const GOOD = '{\n  // the gateway\n  gateway: { mode: "local", port: 18789 },\n}\n';
const BAD = '{\n  gateway: { mode: "local", port: "hush" },\n  mesages: {},\n}\n';

let root: string;
/** What a runner or pre-commit has fetched of this repository. */
let checkout: string;
let repository: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "config-manager-ci-"));
  checkout = join(root, "checkout");
  // A clone of HEAD would lack what is not committed yet.
  for (const name of ["action.yml", "build.sh", "manager.ts", "package.json", "package-lock.json", "lib", ".ci"]) {
    await cp(join(REPOSITORY, name), join(checkout, name), { recursive: true });
  }
  // As if npm had been there: what is older than the packages is not installed again.
  await symlink(join(REPOSITORY, "node_modules"), join(checkout, "node_modules"));
  await mustRun("touch", ["-d", "2020-01-01", join(checkout, "package-lock.json")]);
  repository = join(root, "repository");
  await commit({
    "deploy/kustomization.yaml": "configMapGenerator:\n  - {name: openclaw, files: [openclaw.json=prod.json5]}\n",
    "deploy/prod.json5": GOOD,
    "cron/cron-jobs.yaml": "- {name: backup, schedule: '@daily', command: ls}\n",
    "README.md": "# Our OpenClaw\n",
  });
});

afterAll(() => rm(root, { recursive: true, force: true }));

async function commit(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(repository, name)), { recursive: true });
    await writeFile(join(repository, name), text);
  }
  const git = (...args: string[]) => mustRun("git", ["-C", repository, ...args]);
  await git("init", "--quiet");
  await git("add", "--all");
  await git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "x");
}

/** Runs the action's steps as a runner does: each in bash, until one fails. */
async function runAction(inputs: Record<string, string> = {}) {
  const outputFile = join(root, "output");
  await writeFile(outputFile, "");
  const valueOf = (expression: string) => {
    const [context, name = ""] = expression.split(".");
    if (context === "inputs" && action.inputs[name]) return inputs[name] ?? action.inputs[name].default ?? "";
    if (expression === "github.action_path") return checkout;
    throw new Error(`no value for ${expression}`);
  };
  const env = { PATH: process.env.PATH, HOME: root, RUNNER_TEMP: root, GITHUB_OUTPUT: outputFile, CI: "true" };
  let ended = { exitCode: 0 as number | null, stdout: "", stderr: "" };
  for (const step of action.runs.steps) {
    const own = Object.entries(step.env ?? {}).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{\{ *([\w.]+) *\}\}/g, (_, expression: string) => valueOf(expression)),
    ]);
    const script = join(root, "step.sh");
    await writeFile(script, step.run ?? "");
    // GitHub's own call for `shell: bash`.
    const args = ["--noprofile", "--norc", "-eo", "pipefail", script];
    ended = await run("bash", args, { cwd: repository, env: { ...env, ...Object.fromEntries(own) } });
    if (ended.exitCode !== 0) break;
  }
  const outputs = Object.fromEntries((await readFile(outputFile, "utf8")).split("\n").map((line) => line.split("=")));
  return { ...ended, outputs: outputs as Record<string, string> };
}

describe("action.yml", () => {
  test("is what GitHub accepts of a composite action, and puts no input into a script", () => {
    expect(action.runs.using).toBe("composite");
    expect(Object.keys(action.inputs)).toEqual(["paths", "openclaw", "format"]);
    for (const step of action.runs.steps) {
      expect(step.uses).toBeUndefined();
      expect(step.shell).toBe("bash");
      expect(step.run).not.toContain("${{");
    }
    const ids = action.runs.steps.flatMap(({ id }) => id ?? []);
    for (const { value } of Object.values(action.outputs)) {
      expect(ids).toContain(/^\$\{\{ steps\.(\w+)\.outputs\.\w+ \}\}$/.exec(value)?.[1] ?? "");
    }
  });

  test("builds, passes a repository without problems, and fails one that has some, each an annotation", async () => {
    const good = await runAction();
    expect([good.exitCode, good.outputs.result], good.stdout + good.stderr).toEqual([0, "passed"]);
    expect(good.stdout).not.toContain("::error");

    await commit({ "deploy/prod.json5": BAD });
    const bad = await runAction();
    expect([bad.exitCode, bad.outputs.result], bad.stdout + bad.stderr).toEqual([1, "failed"]);
    const errors = bad.stdout.split("\n").filter((line) => line.startsWith("::error "));
    expect(errors).toHaveLength(2);
    for (const line of errors) expect(line).toMatch(/^::error file=deploy\/prod\.json5,line=[23]\b/);
    expect(bad.stdout).not.toContain("hush");
    expect(await readFile(bad.outputs.report ?? "", "utf8")).toContain("::error ");

    const sarif = await runAction({ format: "sarif", paths: "deploy" });
    expect(sarif.exitCode).toBe(1);
    const report = JSON.parse(await readFile(sarif.outputs.report ?? "", "utf8")) as { runs: { results: unknown[] }[] };
    expect(report.runs[0]?.results).toHaveLength(2);
    await commit({ "deploy/prod.json5": GOOD });
  });

  test("takes one path a line, with blanks, and runs nothing that a path or a release says", async () => {
    await commit({ "our configs/openclaw.json": BAD });
    const found = await runAction({ paths: "cron\r\n\nour configs" });
    expect(found.exitCode).toBe(1);
    expect(found.stdout).toContain("file=our configs/openclaw.json");
    await rm(join(repository, "our configs"), { recursive: true });
    for (const hostile of [
      "$(touch pwned)",
      "`touch pwned`",
      "; touch pwned",
      "' ; touch pwned #",
      "*",
      "--help",
      "-",
    ]) {
      expect((await runAction({ paths: hostile })).exitCode, hostile).toBe(1);
      expect((await runAction({ openclaw: hostile })).exitCode, hostile).toBe(64);
      expect((await runAction({ format: hostile })).exitCode, hostile).toBe(64);
    }
    expect(await readdir(repository)).not.toContain("pwned");
  });
});

describe(".pre-commit-hooks.yaml", () => {
  const [hook] = hooks as [Hook];

  /** pre-commit joins a script's entry to its clone, and runs it in the user's repository with `args`. */
  const runHook = (args: readonly string[] = hook.args) =>
    run(join(checkout, hook.entry), args, { cwd: repository, env: { PATH: process.env.PATH, HOME: root } });

  test("names a script that may be run, and the files of configs, jobs and manifests", async () => {
    expect(hooks).toHaveLength(1);
    expect(hook).toMatchObject({ id: "config-manager-validate", language: "script", pass_filenames: false });
    await access(join(REPOSITORY, hook.entry), 1);
    const files = new RegExp(hook.files);
    for (const name of ["openclaw.json", "a/b.json5", "cm.yaml", "cm.yml", "Kustomization", "a/Kustomization"]) {
      expect(files.test(name)).toBeTrue();
    }
    for (const name of ["README.md", "a.json.txt", "yaml"]) expect(files.test(name)).toBeFalse();
  });

  test("builds once, passes what is right, and fails with a line for each problem", async () => {
    await rm(join(checkout, "dist"), { recursive: true, force: true });
    const good = await runHook();
    expect(good.exitCode, good.stdout + good.stderr).toBe(0);
    expect(good.stdout).toContain("deploy/prod.json5: config, no problem\n");
    await commit({ "deploy/prod.json5": BAD });
    const bad = await runHook();
    expect(bad.exitCode).toBe(1);
    expect(bad.stdout).toMatch(/^deploy\/prod\.json5:.*mesages/m);
    expect((await runHook(["cron"])).exitCode).toBe(0);
    await commit({ "deploy/prod.json5": GOOD });
  });
});
