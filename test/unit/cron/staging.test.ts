import { chmod, mkdir, readFile, readdir, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { readStaged, stageDefinitions } from "../../../lib/cron/staging.ts";
import { asOrdinaryUser, createScratch, define, refusalOf } from "../../support/fakes.ts";
import { mustRun } from "../../support/process.ts";

const file = (name: string, text: string) => ({ name, bytes: Buffer.from(text) });
const JOBS = JSON.stringify([define()]);

describe("stageDefinitions()", () => {
  test("writes the files unchanged, readable for a start as another user", async () => {
    await using scratch = await createScratch();
    const files = [file("cron-jobs.json", `// jobs\r\n${JOBS}`), file("more.yaml", "[]\n")];
    expect(await stageDefinitions(files, scratch.in("new", "cron-config"))).toEqual({ left: [], failure: undefined });
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

  // Another Pod's sidecar may be at work on the volume while this one ends.
  test("takes no temporary file of ours for somebody else's, whatever it was to become", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in(".other.json.config-manager-0123456789ab.tmp"), "half");
    await mkdir(scratch.in(".a.json.config-manager-0123456789ab.tmp")); // stays, as one would that has just come
    expect(await stageDefinitions([file("a.json", JOBS)], scratch.path)).toEqual({ left: [], failure: undefined });
    expect((await readdir(scratch.path)).toSorted()).toEqual([".a.json.config-manager-0123456789ab.tmp", "a.json"]);
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
    const { left } = await stageDefinitions([file("cron-jobs.json", JOBS)], scratch.path);
    expect(left).toEqual(Object.keys(others).toSorted());
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
    const { failure } = await asOrdinaryUser(() => stageDefinitions(files, scratch.path));
    await chmod(scratch.path, 0o755);
    expect(failure).toMatchObject({ code: "file", message: `cannot write ${scratch.in("a.json")}: EACCES` });
    expect(await readFile(scratch.in("a.json"), "utf8")).toBe(JOBS);
  });

  test("goes on with the other files, and names what is in the way", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("b.json"));
    await mustRun("mkfifo", [scratch.in("c.json")]);
    await symlink("/dev/zero", scratch.in("d.json"));
    const files = ["a.json", "b.json", "c.json", "d.json"].map((name) => file(name, JOBS));
    const { failure } = await stageDefinitions(files, scratch.path);
    expect(failure?.message.split("; ").filter((part) => part.includes(" is "))).toEqual([
      expect.stringContaining(`${scratch.in("b.json")} is a directory`),
      expect.stringContaining(`${scratch.in("d.json")} is a symbolic link`),
    ]);
    for (const name of ["a.json", "c.json"]) expect(await readFile(scratch.in(name), "utf8")).toBe(JOBS);
  });

  test("writes into no directory that a link leads to", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("elsewhere"));
    await writeFile(scratch.in("elsewhere", "b.json"), "[]");
    await symlink(scratch.in("elsewhere"), scratch.in("staging"));
    expect((await refusalOf(stageDefinitions([file("a.json", JOBS)], scratch.in("staging")))).message).toBe(
      `${scratch.in("staging")} is a symbolic link, expected a directory`,
    );
    expect(await readdir(scratch.in("elsewhere"))).toEqual(["b.json"]);
  });

  test("leaves pipes, directories and links of others alone, reads none of them, and names them", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("..evil"));
    await writeFile(scratch.in("..evil", "evil.json"), JOBS);
    await symlink("..evil", scratch.in("..data"));
    await mustRun("mkfifo", [scratch.in("pipe.json")]);
    await symlink("/dev/zero", scratch.in("zero.yaml"));
    const others = ["..data", "..evil", "pipe.json", "zero.yaml"];
    expect((await stageDefinitions([file("a.json", JOBS)], scratch.path)).left).toEqual(others);
    expect(await readdir(scratch.path)).toContain("a.json");
  });

  test("writes through no link, and into no directory", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("staging", "b.json"), { recursive: true });
    await writeFile(scratch.in("elsewhere.json"), "old");
    await symlink(scratch.in("elsewhere.json"), scratch.in("staging", "a.json"));
    for (const name of ["a.json", "b.json"]) {
      const { failure } = await stageDefinitions([file(name, JOBS)], scratch.in("staging"));
      expect(failure).toMatchObject({ code: "file" });
    }
    expect(await readFile(scratch.in("elsewhere.json"), "utf8")).toBe("old");
  });
});

describe("readStaged()", () => {
  test("reads what is in the directory, and not what ..data points to", async () => {
    await using scratch = await createScratch();
    await stageDefinitions([file("a.json", JOBS)], scratch.path);
    await mkdir(scratch.in("..evil"));
    await writeFile(scratch.in("..evil", "evil.json"), JSON.stringify([define({ name: "evil" })]));
    await symlink("..evil", scratch.in("..data"));
    expect(await readStaged(scratch.path)).toMatchObject({ kind: "valid", definitions: [{ name: "backup" }] });
  });

  test("leaves out what is no regular file, and names it", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("a.json"), JOBS);
    await mustRun("mkfifo", [scratch.in("pipe.json")]);
    await symlink(scratch.in("a.json"), scratch.in("link.json"));
    const obstacles: string[] = [];
    const staged = await readStaged(scratch.path, ({ message }) => obstacles.push(message));
    expect(staged).toMatchObject({ kind: "valid", files: [{ name: "a.json" }] });
    expect(obstacles).toEqual([
      `${scratch.in("link.json")} is a symbolic link, expected a regular file`,
      `${scratch.in("pipe.json")} is a pipe, expected a regular file`,
    ]);
  });

  test("finds nothing where there is no directory, and says so where a file is in its place", async () => {
    await using scratch = await createScratch();
    expect(await readStaged(scratch.in("nowhere"))).toEqual({ kind: "missing" });
    await writeFile(scratch.in("file"), "");
    expect((await refusalOf(readStaged(scratch.in("file")))).message).toBe(
      `${scratch.in("file")} is no directory, expected a directory`,
    );
  });

  test("does not fill the memory with what somebody else has put there", async () => {
    await using scratch = await createScratch();
    for (let index = 0; index < 5; index += 1) await writeFile(scratch.in(`${index}.json`), " ".repeat(1_000_000));
    expect((await refusalOf(readStaged(scratch.path))).message).toBe(`${scratch.path} has more than 4194304 bytes`);
  });
});
