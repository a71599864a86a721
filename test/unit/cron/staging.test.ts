import { chmod, mkdir, readFile, readdir, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { stageDefinitions } from "../../../lib/cron/staging.ts";
import { asOrdinaryUser, createScratch, define, refusalOf } from "../../support/fakes.ts";

const file = (name: string, text: string) => ({ name, bytes: Buffer.from(text) });
const JOBS = JSON.stringify([define()]);

describe("stageDefinitions()", () => {
  test("writes the files unchanged, readable for a start as another user", async () => {
    await using scratch = await createScratch();
    const files = [file("cron-jobs.json", `// jobs\r\n${JOBS}`), file("more.yaml", "[]\n")];
    expect(await stageDefinitions(files, scratch.in("new", "cron-config"))).toEqual({ kind: "equal" });
    for (const { name, bytes } of files) {
      expect(await readFile(scratch.in("new", "cron-config", name))).toEqual(bytes);
      expect((await stat(scratch.in("new", "cron-config", name))).mode & 0o777).toBe(0o644);
    }
  });

  test("replaces changed files, and does not rewrite equal ones", async () => {
    await using scratch = await createScratch();
    await stageDefinitions([file("a.json", JOBS), file("b.json", JOBS)], scratch.path);
    for (const name of ["a.json", "b.json"]) await utimes(scratch.in(name), 1, 1);
    await stageDefinitions([file("a.json", JOBS), file("b.json", "[]")], scratch.path);
    expect((await stat(scratch.in("a.json"))).mtimeMs).toBe(1_000);
    expect(await readFile(scratch.in("b.json"), "utf8")).toBe("[]");
  });

  test("removes the temporary files of a killed writer, even if nothing is to be written", async () => {
    await using scratch = await createScratch();
    await stageDefinitions([file("a.json", JOBS)], scratch.path);
    await writeFile(scratch.in(".a.json.config-manager-0123456789ab.tmp"), "half");
    await stageDefinitions([file("a.json", JOBS)], scratch.path);
    expect(await readdir(scratch.path)).toEqual(["a.json"]);
  });

  test("removes a definition file that is no longer declared", async () => {
    await using scratch = await createScratch();
    await stageDefinitions([file("a.json", JOBS), file("b.yaml", "[]")], scratch.path);
    await stageDefinitions([file("a.json", JOBS)], scratch.path);
    expect(await readdir(scratch.path)).toEqual(["a.json"]);
    await stageDefinitions([], scratch.path);
    expect(await readdir(scratch.path)).toEqual([]);
  });

  test("keeps a config and the files that it includes, whatever they hold", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("openclaw.json"), "{bindings: {$include: './bindings.json5'}}");
    await writeFile(scratch.in("bindings.json5"), "[]");
    await stageDefinitions([file("a.json", JOBS)], scratch.path);
    expect((await readdir(scratch.path)).toSorted()).toEqual(["a.json", "bindings.json5", "openclaw.json"]);
  });

  test("keeps other files in the directory", async () => {
    await using scratch = await createScratch();
    const others = {
      "package.json": '{"name": "x", "version": "1"}',
      "values.yaml": "replicas: 1\n",
      "notes.txt": JOBS,
      "broken.json": "{",
      "cron-jobs.json.bak": JOBS,
    };
    for (const [name, text] of Object.entries(others)) await writeFile(scratch.in(name), text);
    await stageDefinitions([file("cron-jobs.json", JOBS)], scratch.path);
    expect((await readdir(scratch.path)).toSorted()).toEqual([...Object.keys(others), "cron-jobs.json"].toSorted());
  });

  test("creates no directory if there is nothing to stage", async () => {
    await using scratch = await createScratch();
    await stageDefinitions([], scratch.in("cron-config"));
    expect(await readdir(scratch.path)).toEqual([]);
  });

  test("reports a file that cannot be written, and leaves the staged ones", async () => {
    await using scratch = await createScratch();
    await stageDefinitions([file("a.json", JOBS)], scratch.path);
    await chmod(scratch.path, 0o555);
    const files = [file("a.json", "[]")];
    const refusal = await asOrdinaryUser(() => refusalOf(stageDefinitions(files, scratch.path)));
    await chmod(scratch.path, 0o755);
    expect(refusal).toMatchObject({ code: "file", message: `cannot write ${scratch.in("a.json")}: EACCES` });
    expect(await readFile(scratch.in("a.json"), "utf8")).toBe(JOBS);
  });

  test("writes through no link, and into no directory", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("staging", "b.json"), { recursive: true });
    await writeFile(scratch.in("elsewhere.json"), "old");
    await symlink(scratch.in("elsewhere.json"), scratch.in("staging", "a.json"));
    for (const name of ["a.json", "b.json"]) {
      const refusal = await refusalOf(stageDefinitions([file(name, JOBS)], scratch.in("staging")));
      expect(refusal).toMatchObject({ code: "file" });
    }
    expect(await readFile(scratch.in("elsewhere.json"), "utf8")).toBe("old");
  });
});
