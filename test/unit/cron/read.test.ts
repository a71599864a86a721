import { chmod, mkdir, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { parseDefinitionFiles } from "../../../lib/definition/files.ts";
import { createDefinitionReader, describeSource, readDefinitions } from "../../../lib/cron/read.ts";
import type { VolumeFile } from "../../../lib/files/volume.ts";
import { asOrdinaryUser, createScratch, define, refusalOf } from "../../support/fakes.ts";
import { createVolume } from "../../support/volume.ts";

function file(content: string | Uint8Array | object, name = "cron-jobs.json"): VolumeFile {
  const isRaw = typeof content === "string" || content instanceof Uint8Array;
  return { name, bytes: Buffer.from(isRaw ? content : JSON.stringify(content)) };
}

describe("describeSource()", () => {
  test("returns the file if there is one, as manager.sh did, else the directory", async () => {
    const [one, other] = [file("[]", "jobs.yaml"), file("[]", "more.json")];
    expect(describeSource("/cron.d", await parseDefinitionFiles([one]))).toBe("/cron.d/jobs.yaml");
    expect(describeSource("/cron.d", await parseDefinitionFiles([one, other]))).toBe("/cron.d");
    expect(describeSource("/cron.d", { kind: "missing" })).toBe("/cron.d/cron-jobs.json");
  });
});

describe("readDefinitions()", () => {
  test("reads a ConfigMap volume", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("cron.d"));
    await volume.publish({ "b.json": JSON.stringify([define()]), "a.yml": "[]", "readme.txt": "no definition" });
    expect(await readDefinitions(volume.path)).toMatchObject({
      kind: "valid",
      definitions: [{ name: "backup" }],
      files: [{ name: "a.yml" }, { name: "b.json" }],
    });
  });

  test("takes no config for jobs, if one ConfigMap holds everything", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("config.d"));
    const config = { "openclaw.json": "{agents: {$include: './agents.json5'}}", "agents.json5": "[]" };
    const everything = { ...config, "exec-approvals.json": "{}", "cron-jobs.json": JSON.stringify(define()) };
    await volume.publish(everything);
    const read = createDefinitionReader(volume.path);
    const first = await read();
    expect(first).toMatchObject({ kind: "valid", files: [{ name: "cron-jobs.json" }] });
    await volume.publish({ ...everything, "openclaw.json": "{}" });
    expect(await read()).toMatchObject({
      kind: "valid",
      files: [{ name: "agents.json5" }, { name: "cron-jobs.json" }],
    });
    await volume.publish({ ...config, "exec-approvals.json": "{}" });
    expect(await read()).toEqual({ kind: "missing" });
  });

  test("reads a single file in a plain directory", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("cron-jobs.json"), JSON.stringify(define()));
    expect(await readDefinitions(scratch.path)).toMatchObject({ kind: "valid", definitions: [{ name: "backup" }] });
  });

  test("returns missing, not an empty set, if the directory does not exist", async () => {
    await using scratch = await createScratch();
    expect(await readDefinitions(scratch.in("nowhere"))).toEqual({ kind: "missing" });
  });

  test("returns missing, not an empty set, if there is no definition file", async () => {
    await using scratch = await createScratch();
    expect(await readDefinitions(scratch.path)).toEqual({ kind: "missing" });
    await writeFile(scratch.in("notes.txt"), "[]");
    expect(await readDefinitions(scratch.path)).toEqual({ kind: "missing" });
  });

  test("throws if the directory is a file", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("cron.d"), "[]");
    expect(await refusalOf(readDefinitions(scratch.in("cron.d")))).toMatchObject({ code: "file" });
  });

  test("throws if a file cannot be read", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("a.json"), "[]");
    await mkdir(scratch.in("b.json"));
    expect(await refusalOf(readDefinitions(scratch.path))).toMatchObject({
      code: "file",
      message: `cannot read ${scratch.path}: EISDIR`,
    });
  });

  test("throws if a file may not be read", async () => {
    await using scratch = await createScratch();
    await chmod(scratch.path, 0o755);
    await writeFile(scratch.in("a.json"), "[]");
    await writeFile(scratch.in("b.json"), "[]", { mode: 0 });
    const refusal = await asOrdinaryUser(() => refusalOf(readDefinitions(scratch.path)));
    expect(refusal).toMatchObject({ code: "file", message: `cannot read ${scratch.path}: EACCES` });
  });
});

describe("createDefinitionReader()", () => {
  test("does not check the same bytes twice, and checks changed ones", async () => {
    await using scratch = await createScratch();
    const volume = await createVolume(scratch.in("cron.d"));
    const read = createDefinitionReader(volume.path);
    expect(await read()).toEqual({ kind: "missing" });

    await volume.publish({ "a.json": JSON.stringify([define()]), "b.json": "[]" });
    const first = await read();
    expect(first).toMatchObject({ kind: "valid", definitions: [{ name: "backup" }] });
    await volume.publish({ "a.json": JSON.stringify([define()]), "b.json": "[]" });
    expect(await read()).toBe(first);

    const changes: Record<string, string>[] = [
      { "a.json": JSON.stringify([define({ timeout: 7 })]), "b.json": "[]" },
      { "a.json": JSON.stringify([define({ timeout: 7 })]) },
      { "c.json": JSON.stringify([define({ timeout: 7 })]) },
      { "c.json": "{" },
      { "c.json": JSON.stringify([define({ timeout: 7 })]) },
    ];
    for (const files of changes) {
      await volume.publish(files);
      expect(await read()).toEqual(await readDefinitions(volume.path));
    }
    await volume.publish({});
    expect(await read()).toEqual({ kind: "missing" });
  });
});
