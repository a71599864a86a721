// That the shell sidecar in test/reference/ is what it stands for: jq's stand-in answers as jq, and the script behaves as
// manager.sh did. Both are checked where jq, or manager.sh, is there.

import { describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SCENARIOS, type Step } from "../reference/scenarios.ts";
import { createScratch } from "../support/fakes.ts";
import { SHELL, SIDECAR_SH, findSeed, stubJq } from "../support/manager-sh.ts";
import { run } from "../support/process.ts";
import { createSide, startScript } from "../support/side.ts";
import type { Mounts } from "../support/sidecar.ts";

/** To end a broken test, not to measure. */
const LIMIT_MS = 300_000;

test("sidecar.sh is a script that sh reads", async () => {
  expect(await run(SHELL, ["-n", SIDECAR_SH])).toMatchObject({ exitCode: 0, stderr: "" });
});

const JOBS = JSON.stringify(
  [{ name: "a", n: [1, { b: null }] }, { name: 'say "hi"' }, { name: "日次 \\ \n" }, {}],
  null,
  2,
);
const select = (name: string) => `.[] | select(.name == "${name}")`;
const QUESTIONS: readonly (readonly [what: string, input: string, ...args: string[]])[] = [
  ["the names", JOBS, "-r", ".[].name"],
  ["the names in an object", '{"x": {"name": "a"}}', "-r", ".[].name"],
  ["the names in nothing", "", "-r", ".[].name"],
  ["the names in an empty list", "[]", "-r", ".[].name"],
  ["the names in what is broken", '[{"name": ', "-r", ".[].name"],
  ["the names in a list of names", '["a"]', "-r", ".[].name"],
  ["the names in a number", "1", "-r", ".[].name"],
  ["the names in a list with null", "[null]", "-r", ".[].name"],
  ["a job", JOBS, "-c", select("a")],
  ["a job that is not there", JOBS, "-c", select("b")],
  ["a job, by a name with a quote", JOBS, "-c", select('say "hi"')],
  ["a job, by a name with an escape", JOBS, "-c", select(String.raw`日次 \\ \n`)],
  ["a job, by a name that ends in a backslash", JOBS, "-c", select("a\\")],
];

/** The script looks at no more of the exit code than whether it is 0. */
async function askJq(program: string, input: string, args: readonly string[]) {
  const { exitCode, stdout } = await run(program, args, { input, env: process.env });
  return { isAnswered: exitCode === 0, stdout };
}

const jq = Bun.which("jq");
if (jq === null) console.log("(not checked) jq's stand-in against jq: there is no jq here");

describe("jq's stand-in", () => {
  test("answers what sidecar.sh asks", async () => {
    await using scratch = await createScratch();
    await stubJq(scratch.path);
    await writeFile(scratch.in("jobs"), JOBS);
    expect(await askJq(scratch.in("jq"), "", ["-r", ".[].name", scratch.in("jobs")])).toEqual({
      isAnswered: true,
      stdout: 'a\nsay "hi"\n日次 \\ \n\nnull\n',
    });
    expect(await askJq(scratch.in("jq"), JOBS, ["-c", select("a")])).toEqual({
      isAnswered: true,
      stdout: '{"name":"a","n":[1,{"b":null}]}\n',
    });
    expect(await askJq(scratch.in("jq"), JOBS, ["-c", select('say "hi"')])).toMatchObject({ isAnswered: false });
  });

  if (jq !== null) {
    test.each([...QUESTIONS])("answers as jq: %s", async (_, input, ...args) => {
      await using scratch = await createScratch();
      await stubJq(scratch.path);
      expect(await askJq(scratch.in("jq"), input, args)).toEqual(await askJq(jq, input, args));
    });
  }
});

const managerSh = findSeed("manager.sh");

/** manager.sh with the paths of a test. Its files for single jobs would be shared by two runs on one machine. */
async function readManagerSh({ root, config, cron, staging, checksums }: Mounts): Promise<string> {
  const places = {
    CONFIG_DIR: config.path,
    CRON_DIR: cron.path,
    PVC_CONFIG: join(root, "openclaw.json"),
    STAGING_DIR: staging,
    CHECKSUM_DIR: checksums,
  };
  let text = await readFile(managerSh ?? "", "utf8");
  for (const [name, path] of Object.entries(places)) {
    const next = text.replace(new RegExp(`^${name}=.*$`, "m"), `${name}="${path}"`);
    if (next === text) throw new Error(`manager.sh has no ${name}`); // it would use the paths of this machine
    text = next;
  }
  return text.replaceAll('"/tmp/cron-job-', `"${root}/cron-job-`);
}

if (managerSh !== undefined) {
  describe("sidecar.sh behaves as manager.sh", () => {
    const compare = async (_name: string, steps: readonly Step[]) => {
      const original = await createSide(startScript(readManagerSh));
      const reference = await createSide(startScript(() => readFile(SIDECAR_SH, "utf8")));
      try {
        for (const step of steps) {
          const [expected, account] = await Promise.all([original.take(step), reference.take(step)]);
          expect({ [step.what]: account }).toEqual({ [step.what]: expected });
        }
        expect(await reference.stop()).toEqual(await original.stop());
      } finally {
        await original.dispose();
        await reference.dispose();
      }
    };
    test.each(Object.entries(SCENARIOS))("%s", compare, LIMIT_MS);
  });
}
