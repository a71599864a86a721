// The workflows, which run nowhere but at GitHub: that GitHub would take them, and what they may do.

import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "bun:test";
import { parse } from "yaml";
import { REPOSITORY } from "../support/repository.ts";
import { createWorkflowParser } from "../support/workflow-parser.ts";

interface Step {
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
