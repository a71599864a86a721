import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { SourceFile } from "../../../lib/commands/sources.ts";
import { type Validation, validate } from "../../../lib/commands/validate.ts";
import { define } from "../../support/fakes.ts";

const CLEAN: Validation = { problems: [], warnings: [], checked: [] };
const MODE = '{gateway: {mode: "local"}}';
const JOBS = JSON.stringify([define(), define({ name: "b" })]);

/** Validates these texts under these names. */
async function check(files: Record<string, string | Uint8Array>): Promise<Validation> {
  return validate(
    Object.entries(files).map(
      ([name, text]): SourceFile => ({ kind: "read", name, bytes: Buffer.from(text as string) }),
    ),
  );
}

/** A ConfigMap in YAML, with block scalars. */
function configMap(data: Record<string, string>): string {
  const keys = Object.entries(data).map(([key, text]) => `  ${key}: |\n${text.replace(/^/gm, "    ")}\n`);
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n${keys.join("")}`;
}

describe("validate()", () => {
  test("detects what a file contains", async () => {
    expect(
      await check({
        "openclaw.json": MODE,
        "conf/other.json5": "{gateway: {mode: 'local'}, // as it is\n}",
        "cron-jobs.json": JOBS,
        "one.yaml": "name: c\nschedule: '@daily'\nmessage: Look.",
        "none.yml": "[]",
      }),
    ).toEqual({
      ...CLEAN,
      checked: [
        "openclaw.json: config, no problem",
        "conf/other.json5: config, no problem",
        "cron-jobs.json: 2 jobs, no problem",
        "one.yaml: 1 job, no problem",
        "none.yml: 0 jobs, no problem",
      ],
    });
  });

  test("reports file, job, field and problem", async () => {
    const { problems, checked } = await check({
      "a.json": JSON.stringify([{ ...define(), retries: 3 }]),
      "b.yaml": "- name: x\n  schedule: 0 3 * *\n  command: 'true'\n",
      "c.json": JSON.stringify([define({ name: "fine" })]),
      "openclaw.json": "{gateway: ",
    });
    expect(problems).toEqual([
      "openclaw.json: invalid end of input at 1:11",
      "a.json: backup: retries: unknown field, the nearest known one is retry",
      "b.yaml: x: schedule: expected 5 or 6 fields but received 4",
    ]);
    expect(checked).toEqual(["c.json: 1 job, no problem"]);
  });

  test("checks that names are unique over all files", async () => {
    const one = JSON.stringify([define()]);
    expect((await check({ "a.json": one, "b.json": one })).problems).toEqual([
      "b.json: backup: name: is defined twice, first in a.json",
    ]);
  });

  test("warns of a config without gateway.mode, and of a duplicate key", async () => {
    expect(await check({ "openclaw.json": '{"messages": {"a": 1, "a": 2}}' })).toEqual({
      problems: [],
      warnings: [
        "openclaw.json: messages.a: stands twice, and only the last one counts",
        "openclaw.json: gateway.mode: is missing; OpenClaw does not start without",
      ],
      checked: ["openclaw.json: config, no problem"],
    });
    expect((await check({ "openclaw.json": '{$include: "./base.json5"}' })).warnings).toEqual([]);
    expect((await check({ "openclaw.json": '{gateway: {mode: "hush"}}' })).warnings).toEqual([
      "openclaw.json: gateway.mode: is not local; OpenClaw does not start as a gateway with another one",
    ]);
  });

  test("reads ConfigMaps, alone, among other objects, and in a List", async () => {
    const broken = JSON.stringify([{ ...define(), retries: 3 }]);
    const list = {
      kind: "List",
      items: [{ kind: "Deployment" }, { kind: "ConfigMap", data: { "cron-jobs.json": broken } }],
    };
    const nested = { kind: "List", items: [list] };
    const binary = { kind: "ConfigMap", binaryData: { "openclaw.json": Buffer.from("{").toString("base64") } };
    expect(
      await check({
        "cm.yaml": `${configMap({ "openclaw.json": MODE, "AGENTS.md": "# Agents" })}---\nkind: Deployment\n---\n`,
        "list.json": JSON.stringify(nested),
        "binary.json": JSON.stringify(binary),
      }),
    ).toEqual({
      problems: [
        "binary.json#openclaw.json: invalid end of input at 1:2",
        "list.json#cron-jobs.json: backup: retries: unknown field, the nearest known one is retry",
      ],
      warnings: [],
      checked: ["cm.yaml#openclaw.json: config, no problem"],
    });
  });

  test("ignores the other keys of a ConfigMap", async () => {
    const other = configMap({ "dashboard.json": '{"panels": []}', "settings.yaml": "a: 1", "cron-jobs.yaml": "[]" });
    expect(await check({ "cm.yaml": other })).toEqual({
      ...CLEAN,
      checked: ["cm.yaml#cron-jobs.yaml: 0 jobs, no problem"],
    });
  });

  test("warns if there is nothing to check, so that a mistake is noticed", async () => {
    expect(
      await check({
        "deployment.yaml": "kind: Deployment\n---\nkind: Service\n",
        "cm.yaml": "kind: ConfigMap\ndata: {cron-jobs.txt: ''}",
        "typo.yaml": "kind: Configmap\ndata: {cron-jobs.json: '['}",
        "kustomization.yaml": "resources: [cm.yaml]",
      }),
    ).toEqual({
      ...CLEAN,
      warnings: [
        "deployment.yaml: nothing to check in it: kind Deployment, Service",
        "cm.yaml: nothing to check in it: kind ConfigMap with neither openclaw.json nor jobs",
        "typo.yaml: nothing to check in it: kind Configmap",
        "kustomization.yaml: nothing to check in it: neither jobs nor Kubernetes objects with a kind",
      ],
    });
    expect((await validate([{ kind: "empty", name: "dir" }])).warnings).toEqual(["dir: nothing to check in it"]);
  });

  test("reports what a ConfigMap cannot hold, and what is no Kubernetes object", async () => {
    const { problems } = await check({
      "a.yaml": "kind: ConfigMap\ndata:\n  cron-jobs.json: []\n",
      "b.yaml": "kind: ConfigMap\ndata: text\n",
      "c.yaml": `${configMap({ "openclaw.json": MODE })}---\n- 1\n---\na: [\n`,
    });
    expect(problems).toEqual([
      "a.yaml#cron-jobs.json: expected text but received a list; a ConfigMap holds text, as after |",
      "b.yaml#data: expected an object but received other text",
      "c.yaml: document 2: expected a Kubernetes object with a kind",
      expect.stringMatching(/^c\.yaml: document 3: Flow sequence in block collection/),
    ]);
  });

  test("reports a duplicate key in a ConfigMap, and invalid base64", async () => {
    const twice = 'kind: ConfigMap\ndata:\n  cron-jobs.json: "[{}]"\n  cron-jobs.json: "[]"\n';
    expect((await check({ "a.yaml": twice })).problems).toEqual([
      "a.yaml: document 1: data.cron-jobs.json: stands twice in one map",
    ]);
    const base64 = 'kind: ConfigMap\nbinaryData:\n  cron-jobs.json: "W10=!!%%"\n';
    expect((await check({ "a.yaml": base64 })).problems).toEqual(["a.yaml#cron-jobs.json: is no base64"]);
  });

  test("terminates for a List that contains itself, and for a text that is aliased many times", async () => {
    const list = `kind: List\nitems: &a\n${"- {kind: List, items: *a}\n".repeat(9)}`;
    expect((await check({ "a.yaml": `${list}- {kind: Deployment}\n` })).warnings).toEqual([
      "a.yaml: nothing to check in it: kind Deployment",
    ]);
    const keys = Array.from({ length: 5_000 }, (_, index) => `  k${index}.txt: *x\n`).join("");
    expect(
      (await check({ "a.yaml": `kind: ConfigMap\nx: &x ${"x".repeat(500_000)}\ndata:\n${keys}` })).problems,
    ).toEqual(["a.yaml#k2.txt: has aliases that stand for too much"]);
  });

  test("reads files without an extension", async () => {
    expect((await check({ stdin: JOBS })).checked).toEqual(["stdin: 2 jobs, no problem"]);
    expect((await check({ stdin: "- name: a\n  schedule: '@daily'\n  command: x\n" })).checked).toEqual([
      "stdin: 1 job, no problem",
    ]);
    expect((await check({ stdin: configMap({ "cron-jobs.json": JOBS }) })).checked).toEqual([
      "stdin#cron-jobs.json: 2 jobs, no problem",
    ]);
    expect((await check({ stdin: MODE })).checked).toEqual(["stdin: config, no problem"]);
    expect((await check({ stdin: "[{name: 1}]" })).problems[0]).toBe(
      "stdin: #1: name: expected text but received a number",
    );
    expect((await check({ stdin: "{" })).problems).toEqual(["stdin: invalid end of input at 1:2"]);
  });

  test("checks mounted files by their mount", async () => {
    const file = (name: string, text: string, holds: "config" | "definitions"): SourceFile => {
      return { kind: "read", name, bytes: Buffer.from(text), holds };
    };
    const config = file("/config.d/openclaw.json", "[]", "config");
    const { problems } = await validate([config, file("/cron.d/a.json", MODE, "definitions")]);
    expect(problems).toEqual([
      "/config.d/openclaw.json: expected an object at the top",
      expect.stringMatching(/^\/cron\.d\/a\.json: #1: /),
      expect.any(String),
      expect.any(String),
      expect.any(String),
    ]);
  });

  test("reports a file that cannot be read, beside the others", async () => {
    const unread: SourceFile = { kind: "unread", name: "a.json", problem: "there is no such file" };
    const fine: SourceFile = { kind: "read", name: "b.json", bytes: Buffer.from("[]") };
    expect(await validate([unread, fine])).toEqual({
      problems: ["a.json: there is no such file"],
      warnings: [],
      checked: ["b.json: 0 jobs, no problem"],
    });
  });

  test.each([
    ["nothing", ""],
    ["blanks", " \n\t"],
    ["zeros", "\0\0\0"],
    ["no UTF-8", Buffer.from([0xff, 0xfe, 0x41])],
    ["half a text", '[{"name": "hush'],
    ["a plain text", "hush"],
    ["a number", "1"],
    ["null", "null"],
    [
      "aliases of aliases",
      "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]",
    ],
    ["deep lists", "[".repeat(20_000)],
    ["deep Lists of Kubernetes", `${'{"kind":"List","items":['.repeat(200)}${"]}".repeat(200)}`],
  ])("prints one line without values for %s", async (_, content) => {
    for (const name of ["a.json", "a.yaml", "stdin", "openclaw.json"]) {
      const { problems, warnings } = await check({ [name]: content });
      const lines = [...problems, ...warnings];
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) {
        expect(line).toStartWith(name);
        expect(line).not.toContain("hush");
      }
    }
  });

  test("never throws for any input", async () => {
    const name = fc.constantFrom("a.json", "a.yaml", "stdin", "openclaw.json", "a.json5");
    const manifest = fc.jsonValue().map((data) => JSON.stringify({ kind: "ConfigMap", data, binaryData: data }));
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      manifest,
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(name, text, async (file, content) => {
        const { problems, warnings, checked } = await check({ [file]: content });
        expect(problems.length + warnings.length + checked.length).toBeGreaterThan(0);
      }),
      { numRuns: 1_000 },
    );
  });
});
