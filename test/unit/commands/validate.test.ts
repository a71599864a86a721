import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { SourceFile } from "../../../lib/commands/sources.ts";
import { formatProblemLine } from "../../../lib/commands/problem.ts";
import { type ValidateOptions, validate } from "../../../lib/commands/validate.ts";
import { formatProblem, parseDefinitionFiles } from "../../../lib/definition/files.ts";
import type { Finding } from "../../../lib/schema/finding.ts";
import type { KeyPath } from "../../../lib/text/duplicate-keys.ts";
import { define } from "../../support/fakes.ts";

/** The findings as `--format text` prints them. */
interface Lines {
  problems: string[];
  warnings: string[];
  checked: string[];
}

async function toLines(files: readonly SourceFile[], options?: ValidateOptions): Promise<Lines> {
  const { problems, warnings, checked } = await validate(files, options);
  return { problems: problems.map(formatProblemLine), warnings: warnings.map(formatProblemLine), checked };
}

const CLEAN: Lines = { problems: [], warnings: [], checked: [] };
const MODE = '{gateway: {mode: "local"}}';
const JOBS = JSON.stringify([define(), define({ name: "b" })]);

/** Validates these texts under these names. */
async function check(files: Record<string, string | Uint8Array>): Promise<Lines> {
  return toLines(
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

/** Files of other tools, as they are in a repository of manifests. */
const FOREIGN = {
  "agent.json": JSON.stringify({
    name: "Recipe agent",
    description: "Finds recipes",
    url: "https://example.com/a2a",
    version: "1.0.0",
    protocolVersion: "0.3.0",
    capabilities: { streaming: true },
    defaultInputModes: ["text/plain"],
    skills: [{ id: "find", name: "find", description: "Finds one", tags: [] }],
  }),
  "Chart.yaml": "apiVersion: v2\nname: openclaw\ndescription: OpenClaw\ntype: application\nversion: 0.1.0\n",
  "ci.yml": `name: CI
on:
  push: { branches: [main] }
  schedule: [{ cron: "0 3 * * *" }]
jobs:
  test:
    runs-on: ubuntu-latest
    steps: [{ name: Check, run: config-manager validate deploy }]
`,
  "docker-compose.yml": "name: openclaw\nservices:\n  gateway:\n    image: openclaw\n    command: [gateway]\n",
  "package.json": '{"name": "deploy", "version": "1.0.0", "private": true, "scripts": {"test": "true"}}',
  "template.yaml": "apiVersion: v1\n{{- if .Values.isOn }}\nkind: Service\n{{- end }}\n",
  "tsconfig.json": '{\n  // strict\n  "compilerOptions": {"strict": true},\n  "include": ["src"],\n}',
  "values.yaml": 'name: nightly\nschedule: "0 3 * * *"\ncommand: [backup]\nimage: { tag: latest }\n',
  "words.json": '["a", "b"]',
} as const;

async function checkFound(found: "alone" | "listed", files: Record<string, string>): Promise<Lines> {
  return toLines(
    Object.entries(files).map(([name, text]) => ({
      kind: "read",
      name: `deploy/${name}`,
      bytes: Buffer.from(text),
      found,
    })),
  );
}

describe("validate() of a directory", () => {
  test("warns of moments without an offset, and of those that have passed", async () => {
    const moment = (at: string) => ({ kind: "at", at }) as const;
    const jobs = [
      define({ name: "soon", schedule: moment("2096-12-01T09:00") }),
      define({ name: "past", schedule: moment("2020-12-01T09:00Z") }),
    ];
    expect(await check({ "jobs.json": JSON.stringify(jobs) })).toEqual({
      problems: [],
      warnings: [
        "jobs.json: soon: schedule.at: is read as UTC, for want of an offset and of a tz; write 2096-12-01T09:00Z for that, or else an offset (2096-12-01T09:00+09:00), or tz (Asia/Tokyo) beside it",
        "jobs.json: past: schedule.at: has passed (2020-12-01T09:00:00.000Z); a job that is not there yet is not added",
      ],
      checked: ["jobs.json: 2 jobs, no problem"],
    });
  });

  test("skips the files of other tools, and names them in one line", async () => {
    expect(await checkFound("listed", { ...FOREIGN, "cron-jobs.json": JOBS, "openclaw.json": MODE })).toEqual({
      ...CLEAN,
      checked: [
        "deploy/openclaw.json: config, no problem",
        "deploy/cron-jobs.json: 2 jobs, no problem",
        `deploy: skipped, neither jobs nor a config: ${Object.keys(FOREIGN).join(", ")}`,
      ],
    });
  });

  test("warns if there is nothing else, and shortens a long line", async () => {
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`${index + 10}.json`, "{}"]));
    expect(await checkFound("listed", many)).toEqual({
      ...CLEAN,
      warnings: [
        "deploy: nothing to check in it: neither jobs nor a config: 10.json, 11.json, 12.json, 13.json, 14.json, 15.json, 16.json, 17.json, 18.json, 19.json and 2 more",
      ],
    });
  });

  test.each([
    ["a misspelt field", "team.yaml", "- name: x\n  shedule: '@daily'\n  command: ls\n", "shedule: unknown field"],
    ["no name", "team.yaml", "schedule: '@daily'\nmessage: Look.\n", "name: is required"],
    ["nothing known but the file's name", "cron-jobs.yaml", "nme: x\nshedule: x\ncomand: x\n", "unknown field"],
    ["half a file", "team.json", '[{"name": "x", "schedule"', "invalid end of input"],
    ["OpenClaw's own list", "store.json", JSON.stringify({ version: 1, jobs: [define()] }), "write the list alone"],
    ["an empty file of jobs", "jobs.json", "", "is empty"],
  ])("loses no file of jobs with %s", async (_, name, text, problem) => {
    const { problems } = await checkFound("listed", { [name]: text });
    expect(problems.join("\n")).toContain(problem);
  });

  test("checks a config under another name", async () => {
    expect(
      (await checkFound("listed", { "prod.json5": MODE, "exec-approvals.json": '{"version": 1}' })).checked,
    ).toEqual(["deploy/prod.json5: config, no problem", "deploy/exec-approvals.json: 0 exec approvals, no problem"]);
  });
});

describe("validate() and a sync", () => {
  const ANCHORS = "x-defaults: &d {schedule: '@daily'}\n";
  const FILES: Record<string, string> = {
    "anchors alone": ANCHORS,
    "jobs beside anchors": `${ANCHORS}jobs:\n  - {<<: *d, name: a, message: A}\n`,
    "a wrong job beside anchors": `${ANCHORS}jobs:\n  - {<<: *d, name: a, mesage: A}\n`,
    "jobs in documents": "- {name: a, schedule: '@daily', message: A}\n---\nname: b\nschedule: '@daily'\nmessage: B\n",
    "a wrong job in the second document":
      "- {name: a, schedule: '@daily', message: A}\n---\nname: b\nschedul: '@daily'\nmessage: B\n",
    "an anchor's document before the jobs'": `${ANCHORS}---\n- {name: a, schedule: '@daily', message: A}\n`,
  };

  test.each(Object.entries(FILES))("agree on %s, wherever the file is found", async (_, text) => {
    const name = "team.yaml";
    const set = await parseDefinitionFiles([{ name, bytes: Buffer.from(text) }]);
    const expected = set.kind === "invalid" ? set.problems.map(formatProblem) : [];
    const inDirectory = (lines: string[]) => lines.map((line) => `deploy/${line}`);
    expect((await check({ [name]: text })).problems).toEqual(expected);
    for (const found of ["alone", "listed"] as const) {
      const { problems, warnings } = await checkFound(found, { [name]: text });
      expect([problems, warnings]).toEqual([inDirectory(expected), []]);
    }
    const inMap = await check({ "cm.yaml": configMap({ [name]: text }) });
    expect(inMap.problems).toEqual(expected.map((line) => line.replace(name, `cm.yaml#${name}`)));
    expect(inMap.warnings).toEqual([]);
  });
});

describe("validate() of files that are named", () => {
  const NAMED: Record<string, string> = {
    "agent.json": "an A2A agent card",
    "Chart.yaml": "a Helm chart",
    "ci.yml": "a GitHub workflow",
    "docker-compose.yml": "a Compose file",
    "package.json": "a package.json",
    "tsconfig.json": "a tsconfig.json",
    "values.yaml": "the values of a Helm chart",
  };

  test.each(Object.entries(NAMED))("says in one line that %s, alone, is the wrong file", async (name, label) => {
    const file = { [name]: FOREIGN[name as keyof typeof FOREIGN] };
    expect(await checkFound("alone", file)).toEqual({
      ...CLEAN,
      problems: [`deploy/${name}: holds neither jobs nor a config; it looks like ${label}`],
    });
    expect(await check(file)).toEqual({
      ...CLEAN,
      warnings: [`${name}: nothing to check in it: it looks like ${label}`],
    });
  });

  test("says so of a file that is like nothing", async () => {
    expect((await checkFound("alone", { "a.json": '{"a": 1}' })).problems).toEqual([
      "deploy/a.json: holds neither jobs nor a config",
    ]);
    expect((await check({ "a.json": '{"a": 1}' })).warnings).toEqual([
      "a.json: nothing to check in it: neither jobs nor a config",
    ]);
  });

  test("checks a file that is named alone and has a single field of a job", async () => {
    expect((await checkFound("alone", { "a.yaml": "name: x\n" })).problems.join("\n")).toContain(
      "x: schedule: is required",
    );
  });
});

describe("validate() of exec approvals", () => {
  const WRONG = `{
  "version": 1,
  "agents": { "main": {
    "ask": "never",
    "allowlist": [{ "pattern": "/a" }, { "pattren": "/b" }]
  } }
}`;
  const PROBLEMS = [
    "4: agents.main.ask: expected off, on-miss or always",
    "5: agents.main.allowlist.1: pattern is missing",
    "5: agents.main.allowlist.1.pattren: unknown field; did you mean pattern?",
  ];

  test("tells each problem with its line, in a file and in a ConfigMap's key", async () => {
    const { problems } = await check({ "exec-approvals.json": WRONG });
    expect(problems).toEqual(PROBLEMS.map((problem) => `exec-approvals.json:${problem}`));
    const inMap = await check({ "cm.yaml": configMap({ "exec-approvals.json": WRONG }) });
    expect(inMap.problems).toHaveLength(3);
    expect(inMap.problems[0]).toMatch(/^cm\.yaml:\d+: agents\.main\.ask: expected/);
  });

  test("says how many there are, and what is no such file at all", async () => {
    const good = '{"version": 1, "defaults": {"ask": "off"}, "agents": {"main": {"allowlist": [{"pattern": "/a"}]}}}';
    expect((await check({ "exec-approvals.json": good })).checked).toEqual([
      "exec-approvals.json: 2 exec approvals, no problem",
    ]);
    expect((await check({ "exec-approvals.json": "{" })).problems).toEqual([
      "exec-approvals.json: invalid end of input at 1:2",
    ]);
    expect((await check({ "exec-approvals.json": "{}" })).problems).toEqual([
      "exec-approvals.json: version is missing; this is version 1",
    ]);
  });
});

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
        "openclaw.json:1: messages.a: stands twice, and only the last one counts",
        "openclaw.json:1: gateway.mode: is missing; OpenClaw does not start without",
      ],
      checked: ["openclaw.json: config, no problem"],
    });
    expect((await check({ "openclaw.json": '{$include: "./base.json5"}' })).warnings).toEqual([]);
    expect((await check({ "openclaw.json": '{gateway: {mode: "hush"}}' })).warnings).toEqual([
      "openclaw.json:1: gateway.mode: is not local; OpenClaw does not start as a gateway with another one",
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
    expect((await toLines([{ kind: "empty", name: "dir" }])).warnings).toEqual(["dir: nothing to check in it"]);
  });

  test("warns of a key of a ConfigMap that was meant to be openclaw.json, and checks it", async () => {
    expect(await check({ "cm.yaml": configMap({ "openclaw.json5": MODE }) })).toEqual({
      ...CLEAN,
      warnings: ["cm.yaml: there is openclaw.json5; rename the key to openclaw.json"],
      checked: ["cm.yaml#openclaw.json5: config, no problem"],
    });
  });

  test("refuses a file that a config includes and nobody has, or that leads out, by its name", async () => {
    const config =
      '{gateway: {mode: "local"}, agents: {$include: "./agents.json5"}, models: {$include: "../models.json5"}}';
    for (const prefix of ["", "deploy/"]) {
      const found = await check({ [`${prefix}openclaw.json`]: config });
      expect(found.problems).toEqual([
        `${prefix}openclaw.json: $include: agents.json5: the ConfigMap has no such key`,
        `${prefix}openclaw.json: $include: ../models.json5: leads out of /home/node/.openclaw; only files of the ConfigMap can be included`,
      ]);
    }
  });

  test("checks the syntax of what a config in the same ConfigMap includes", async () => {
    const files = {
      "openclaw.json": `{gateway: {mode: "local"}, agents: {$include: "./agents.json5"}, bindings: {$include: "b.json"}}`,
      "agents.json5": "{list: [],",
      "b.json": '[{"name": "x", "a": 1, "a": 2}]',
      "exec-approvals.json": '{"version": 1}',
    };
    expect(await check({ "cm.yaml": configMap(files) })).toEqual({
      problems: ["cm.yaml#agents.json5: invalid end of input at 2:1"],
      warnings: ["cm.yaml:11: 0.a: stands twice, and only the last one counts"],
      checked: [
        "cm.yaml#b.json: included config, no problem",
        "cm.yaml#exec-approvals.json: 0 exec approvals, no problem",
      ],
    });
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
    const { problems } = await toLines([config, file("/cron.d/a.json", MODE, "definitions")]);
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
    expect(await toLines([unread, fine])).toEqual({
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

describe("validate() against a release", () => {
  /** Finds fault with these paths. */
  function faultsAt(...paths: KeyPath[]): ValidateOptions {
    const findings = paths.map(
      (path): Finding => ({ path, message: "unknown key", rule: "unknown-key", severity: "error" }),
    );
    return { judge: async () => findings };
  }

  const read = (files: Record<string, string>) =>
    Object.entries(files).map(([name, text]): SourceFile => ({ kind: "read", name, bytes: Buffer.from(text) }));

  const CONFIG = `{
  // as it is in Git
  gateway: { mode: "local", prot: 1 },
  agents: { $include: "./agents.json5" },
}
`;
  const AGENTS = '{\n  list: [\n    { id: "main" },\n    { id: "ops", workspce: "x" },\n  ],\n}\n';
  const FAULTS = faultsAt(["gateway", "prot"], ["agents", "list", 1, "workspce"], ["channels"]);

  test("names file, line and path, in an included file too", async () => {
    const [root, agents] = read({ "deploy/openclaw.json": CONFIG, "deploy/agents.json5": AGENTS });
    const files = [root, { ...agents, holds: "included" }] as SourceFile[];
    expect(await toLines(files, FAULTS)).toEqual({
      problems: [
        "deploy/openclaw.json:3: gateway.prot: unknown key",
        "deploy/agents.json5:4: agents.list.1.workspce: unknown key",
        "deploy/openclaw.json:1: channels: unknown key",
      ],
      warnings: [],
      checked: [],
    });
  });

  test("names the line of a manifest", async () => {
    const manifest = configMap({ "openclaw.json": CONFIG.trimEnd(), "agents.json5": AGENTS.trimEnd() });
    const found = await validate(read({ "cm.yaml": `kind: Service\n---\n${manifest}` }), FAULTS);
    const at = manifest.split("\n").findIndex((line) => line.includes("prot: 1")) + 3;
    const agentAt = manifest.split("\n").findIndex((line) => line.includes("workspce")) + 3;
    expect(found.problems.map(formatProblemLine).slice(0, 2)).toEqual([
      `cm.yaml:${at}: gateway.prot: unknown key`,
      `cm.yaml:${agentAt}: agents.list.1.workspce: unknown key`,
    ]);
    expect(found.problems[0]).toMatchObject({ file: "cm.yaml", key: "openclaw.json", line: at, rule: "unknown-key" });
  });

  test("names the line in the key where a manifest has it between quotes", async () => {
    const manifest = JSON.stringify({
      kind: "ConfigMap",
      data: { "openclaw.json": CONFIG.replace(/^.*include.*\n/m, "") },
    });
    const { problems } = await toLines(read({ "cm.json": manifest }), faultsAt(["gateway", "prot"]));
    expect(problems).toEqual(["cm.json#openclaw.json:3: gateway.prot: unknown key"]);
  });

  test("does not miss what a file may have that only the gateway can read, and says so", async () => {
    const config = '{gateway: {mode: "local", prot: 1}, agents: {$include: "/etc/shared/agents.json5"}}';
    const options = { ...faultsAt(["gateway", "prot"], ["agents", "list"]), includeRoots: ["/etc/shared"] };
    const { problems, warnings } = await toLines(read({ "openclaw.json": config }), options);
    expect(problems).toEqual(["openclaw.json:1: gateway.prot: unknown key"]);
    expect(warnings).toEqual([
      "openclaw.json: $include: /etc/shared/agents.json5: cannot be read here; what it says is not checked",
    ]);
  });

  test("finds what a live config includes by its whole path", async () => {
    const of = (name: string, text: string, holds: "config" | "included"): SourceFile => {
      return { kind: "read", name, bytes: Buffer.from(text), holds };
    };
    const files = [
      of("/data/openclaw.json", '{gateway: {$include: "/data/parts/gateway.json5"}}', "config"),
      of("/data/parts/gateway.json5", '{mode: "local",\n prot: 1}', "included"),
    ];
    const options = { ...faultsAt(["gateway", "prot"]), directory: "/data" };
    expect((await toLines(files, options)).problems).toEqual([
      "/data/parts/gateway.json5:2: gateway.prot: unknown key",
    ]);
  });

  test("warns and fails of the jobs as a sync with that release would", async () => {
    const turn = { schedule: "@daily", message: "Look." };
    const jobs = [
      { ...turn, name: "plain" },
      define({ name: "costs" }),
      { ...turn, name: "lacks", session: "session:ops" },
      { ...turn, name: "over", schedule: { kind: "at", at: "2020-01-01T00:00Z" }, session: "session:ops" },
    ];
    const files = read({ "jobs.json": JSON.stringify(jobs) });
    const old = await toLines(files, { release: "2026.2.9" });
    expect(old.problems).toEqual([
      "jobs.json: lacks: sessionTarget: needs OpenClaw 2026.3.22 or later; this is 2026.2.9",
    ]);
    expect(old.warnings).toContain(
      "jobs.json: costs: runs as an agent turn and costs model tokens: OpenClaw 2026.2.9 has no command jobs (2026.6.5 has)",
    );
    expect((await toLines(files, { release: "2026.9.6" })).problems).toEqual([]);
  });
});
