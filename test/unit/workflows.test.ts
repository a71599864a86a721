// The workflows, which run nowhere but at GitHub: that GitHub would take them, and what they may do.

import { mkdir, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { beforeAll, describe, expect, test } from "bun:test";
import { parse } from "yaml";
import { createScratch } from "../support/fakes.ts";
import { mustRun, run } from "../support/process.ts";
import { REPOSITORY } from "../support/repository.ts";
import { createWorkflowParser } from "../support/workflow-parser.ts";

interface Step {
  name?: string;
  uses?: string;
  run?: string;
}

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, { needs?: string | string[]; permissions?: Record<string, string>; steps: Step[] }>;
}

const DIRECTORY = join(REPOSITORY, ".github/workflows");
const FILES = (await readdir(DIRECTORY)).toSorted();
const read = (name: string) => readFile(join(DIRECTORY, name), "utf8");

/** All that a job may do but read the repository. */
const RIGHTS: Record<string, Record<string, string[]>> = {
  "ci.yml": { test: [], system: [] },
  "openclaw.yml": { update: [], propose: ["contents", "pull-requests"] },
  "release.yml": {
    test: [],
    build: ["id-token", "attestations"],
    images: ["packages", "id-token", "attestations"],
    publish: ["contents"],
  },
};

let findErrors: Awaited<ReturnType<typeof createWorkflowParser>>;
beforeAll(async () => {
  findErrors = await createWorkflowParser();
}, 120_000);

test("these are all", () => {
  expect(FILES).toEqual(Object.keys(RIGHTS));
});

describe.each(FILES)("%s", (name) => {
  test("is what GitHub takes", async () => {
    expect(findErrors(name, await read(name))).toEqual([]);
  });

  test("would not be, with slips of the pen", async () => {
    const text = await read(name);
    expect(findErrors(name, text.replace("runs-on:", "runs_on:"))).toEqual(
      expect.arrayContaining([expect.stringContaining("Unexpected value 'runs_on'")]),
    );
    expect(findErrors(name, text.replace("github.ref }}", "githb.ref }}"))).toEqual([
      expect.stringContaining("Unrecognized named-value: 'githb'"),
    ]);
  });

  test("names each action by its commit, with the version beside", async () => {
    const lines = [...(await read(name)).matchAll(/^ *(?:- )?uses: (.*)$/gm)].map(([, action = ""]) => action);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });

  test("puts no expression into a script, where its value would be code", async () => {
    const { jobs } = parse(await read(name)) as Workflow;
    const scripts = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run = [] }) => run));
    expect(scripts.length).toBeGreaterThan(0);
    expect(scripts.filter((script) => script.includes("${{"))).toEqual([]);
  });

  test("may do no more than it has to, job by job, and each job waits for one that is there", async () => {
    const { permissions, jobs } = parse(await read(name)) as Workflow;
    const isRead = ([right, level]: [string, string]) => right === "contents" && level === "read";
    expect(Object.entries(permissions).filter((entry) => !isRead(entry))).toEqual([]);
    const rights = Object.entries(jobs).map(([job, { permissions: own = {} }]) => {
      const entries = Object.entries(own).filter((entry) => !isRead(entry));
      expect(entries.filter(([, level]) => level !== "write")).toEqual([]);
      return [job, entries.map(([right]) => right)] as const;
    });
    expect(Object.fromEntries(rights)).toEqual(RIGHTS[name] ?? {});
    const needed = Object.values(jobs).flatMap(({ needs = [] }) => needs);
    expect(needed.filter((job) => !(job in jobs))).toEqual([]);
  });
});

test("a release is tested and built before anything is published", async () => {
  const { jobs } = parse(await read("release.yml")) as Workflow;
  const needs = Object.entries(jobs).map(([job, { needs: needed = [] }]) => [job, [needed].flat()]);
  expect(Object.fromEntries(needs)).toEqual({
    test: [],
    build: ["test"],
    images: ["build"],
    publish: ["build", "images"],
  });
  const writers = Object.keys(RIGHTS["release.yml"] ?? {}).filter((job) =>
    RIGHTS["release.yml"]?.[job]?.includes("contents"),
  );
  expect(writers).toEqual(["publish"]);
});

/** A checkout, and the patch of a change that a second one of it has. */
const HANDED_OVER = `
git init --quiet other
cd other
mkdir -p lib docs .github/workflows
touch lib/a.ts build.sh .github/workflows/ci.yml
git add .
git -c user.name=a -c user.email=a@example.com commit --quiet --message base
git clone --quiet . ../checkout
eval "$CHANGE"
git add .
git diff --cached --binary --no-renames >../news/openclaw.patch`;

describe("the job that makes a pull request of a new release of OpenClaw", () => {
  test.each([
    ["takes a file that is changed", "echo more >>lib/a.ts", true],
    ["takes a file that is new", "mkdir docs/new; echo x >docs/new/b.md", true],
    ["takes that a file is gone", "rm lib/a.ts", true],
    ["refuses a workflow", "echo more >>.github/workflows/ci.yml", false],
    ["refuses a file at the top", "echo x >lib/a.ts; echo more >>build.sh", false],
    ["refuses a file beside the folders", "mkdir library; echo x >library/a.ts", false],
    ["refuses a file that moves in", "git mv build.sh lib/", false],
    ["refuses a link", "ln -s ../build.sh lib/link", false],
    ["refuses a program", "echo x >lib/b.sh; chmod +x lib/b.sh", false],
  ])("%s", async (_, change, isTaken) => {
    const { jobs } = parse(await read("openclaw.yml")) as Workflow;
    const script = jobs.propose?.steps.find(({ name }) => name === "apply the patch")?.run ?? "";
    await using scratch = await createScratch();
    await mkdir(scratch.in("news"));
    const env = { PATH: process.env["PATH"], HOME: scratch.path, RUNNER_TEMP: scratch.path, CHANGE: change };
    await mustRun("bash", ["-ec", HANDED_OVER], { cwd: scratch.path, env });
    const { exitCode, stdout } = await run("bash", ["-ec", script], { cwd: scratch.in("checkout"), env });
    expect(exitCode).toBe(isTaken ? 0 : 1);
    expect(stdout).toStartWith(isTaken ? "" : "::error::the patch changes something else");
  });
});
