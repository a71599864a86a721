import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { readSources } from "../../../lib/commands/sources.ts";
import { createScratch, refusalOf } from "../../support/fakes.ts";
import { mustRun } from "../../support/process.ts";
import { createVolume } from "../../support/volume.ts";

describe("readSources() of named files", () => {
  test("reads files, each once, and the matching files of a directory", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("deploy", "inner.json"), { recursive: true });
    for (const name of ["b.yaml", "a.json", "README.md", ".hidden.json"])
      await writeFile(scratch.in("deploy", name), name);
    const paths = [scratch.in("deploy", "b.yaml"), `${scratch.path}/./deploy/b.yaml`, scratch.in("deploy")];
    const files = await readSources({ kind: "named", paths });
    const bytesOf = (name: string) => ({ kind: "read", name: scratch.in("deploy", name), bytes: Buffer.from(name) });
    expect(files).toEqual([bytesOf("b.yaml"), { ...bytesOf("a.json"), found: "listed" }] as never);
  });

  test("marks a file that is named alone", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("a.json"), "[]");
    const [file] = await readSources({ kind: "named", paths: [scratch.in("a.json")] });
    expect(file).toMatchObject({ kind: "read", found: "alone" });
  });

  test("marks what an openclaw.json in the same directory includes", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("other"));
    const files = {
      "openclaw.json": "{agents: {$include: './agents.json5'}}",
      "agents.json5": "[]",
      "exec-approvals.json": "{}",
      "jobs.json": "[]",
      "other/agents.json5": "[]",
    };
    for (const [name, text] of Object.entries(files)) await writeFile(scratch.in(name), text);
    for (const paths of [[scratch.path, scratch.in("other")], Object.keys(files).map((name) => scratch.in(name))]) {
      const found = await readSources({ kind: "named", paths });
      const included = found.filter((file) => file.kind === "read" && file.holds === "included");
      expect(included.map(({ name }) => name)).toEqual([scratch.in("agents.json5")]);
    }
  });

  test("reports each file that cannot be read", async () => {
    await using scratch = await createScratch();
    await mkdir(scratch.in("empty"));
    await writeFile(scratch.in("large.json"), Buffer.alloc(9 * 1024 * 1024, 32));
    const paths = ["nothing.json", "empty", "large.json"].map((name) => scratch.in(name));
    expect(await readSources({ kind: "named", paths })).toEqual([
      { kind: "unread", name: scratch.in("nothing.json"), problem: "there is no such file" },
      { kind: "empty", name: scratch.in("empty") },
      { kind: "unread", name: scratch.in("large.json"), problem: "is larger than 4 MiB; a ConfigMap holds 1 MiB" },
    ]);
  });
});

describe("readSources() of what is no file", () => {
  test.each(["/dev/zero", "/dev/null", "fifo", "socket"])("says so of %s at once", async (name) => {
    await using scratch = await createScratch();
    await mustRun("mkfifo", [scratch.in("fifo")]);
    const server = createServer().listen(scratch.in("socket"));
    await once(server, "listening");
    const path = name.startsWith("/") ? name : scratch.in(name);
    const problem = "is a pipe or a device, expected a file";
    expect(await readSources({ kind: "named", paths: [path] })).toEqual([{ kind: "unread", name: path, problem }]);
    server.close();
  });
});

describe("readSources() of mounted ConfigMaps", () => {
  test("reads what the sidecar would read, and what each file must contain", async () => {
    await using scratch = await createScratch();
    const [config, cron] = [await createVolume(scratch.in("config.d")), await createVolume(scratch.in("cron.d"))];
    await config.publish({ "openclaw.json": "{}", "other.json": "1" });
    await cron.publish({ "cron-jobs.json": "[]", "notes.txt": "x" });
    const mounted = { kind: "mounted", configDir: config.path, cronDir: cron.path } as const;
    expect(await readSources(mounted)).toEqual([
      { kind: "read", name: `${config.path}/openclaw.json`, bytes: Buffer.from("{}"), holds: "config" },
      { kind: "read", name: `${cron.path}/cron-jobs.json`, bytes: Buffer.from("[]"), holds: "definitions" },
    ]);
    await cron.publish({});
    expect((await readSources(mounted)).map(({ kind }) => kind)).toEqual(["read", "empty"]);
  });

  test("reads one ConfigMap that holds everything, each file as what it is", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("config.d"));
    await volume.publish({
      "openclaw.json": "{agents: {$include: './agents.json5'}}",
      "agents.json5": "[]",
      "exec-approvals.json": "{}",
      "cron-jobs.json": "[]",
    });
    const files = await readSources({ kind: "mounted", configDir: volume.path, cronDir: volume.path });
    expect(files.map((file) => [file.name, file.kind === "read" && file.holds])).toEqual([
      [`${volume.path}/agents.json5`, "included"],
      [`${volume.path}/exec-approvals.json`, "approvals"],
      [`${volume.path}/openclaw.json`, "config"],
      [`${volume.path}/cron-jobs.json`, "definitions"],
    ]);
  });

  test("names a key that was meant to be openclaw.json", async () => {
    await using scratch = await createScratch();
    const [config, cron] = [await createVolume(scratch.in("config.d")), await createVolume(scratch.in("cron.d"))];
    await config.publish({ "openclaw.json5": "{}" });
    await cron.publish({ "cron-jobs.json": "[]" });
    const [first] = await readSources({ kind: "mounted", configDir: config.path, cronDir: cron.path });
    const problem = "there is openclaw.json5; rename the key to openclaw.json";
    expect(first).toEqual({ kind: "unread", name: config.path, problem });
  });

  test("reports what to type if nothing is mounted", async () => {
    const refusal = await refusalOf(readSources({ kind: "mounted", configDir: "/no/config.d", cronDir: "/no/cron.d" }));
    expect(refusal).toMatchObject({
      code: "usage",
      message: "no openclaw.json in /no/config.d, and no definition file in /no/cron.d",
      hint: "config-manager validate FILE…",
    });
  });
});
