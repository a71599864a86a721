import { describe, expect, test } from "bun:test";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Kustomizer } from "../../../lib/commands/kustomize.ts";
import { parseKustomization } from "../../../lib/commands/kustomization.ts";
import { formatProblemLine } from "../../../lib/commands/problem.ts";
import { readSources } from "../../../lib/commands/sources.ts";
import { validate } from "../../../lib/commands/validate.ts";
import { type Scratch, createScratch } from "../../support/fakes.ts";
import { DEPLOY, renderManifests } from "../../support/manifests.ts";

const CONFIG = '{gateway: {mode: "local"}}\n';
const JOBS = "- {name: backup, schedule: '@daily', command: ls}\n";
const GENERATED = `configMapGenerator:
  - name: openclaw-config
    files: [openclaw.json]
  - name: openclaw-cron-jobs
    files: [cron-jobs.yaml]
`;

async function lay(scratch: Scratch, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(scratch.in(name)), { recursive: true });
    await writeFile(scratch.in(name), text);
  }
}

/** Validates these files, with their paths as they are in the repository. */
async function check(files: Record<string, string>, ...paths: string[]) {
  await using scratch = await createScratch();
  await lay(scratch, files);
  const found = await validate(
    await readSources({ kind: "named", paths: (paths.length > 0 ? paths : [""]).map((path) => scratch.in(path)) }),
  );
  const plain = (lines: string[]) =>
    lines.map((line) => line.replaceAll(`${scratch.path}/`, "").replace(scratch.path, "."));
  const problems = plain(found.problems.map(formatProblemLine));
  return { problems, warnings: plain(found.warnings.map(formatProblemLine)), checked: plain(found.checked) };
}

/** A base, and overlays that change its ConfigMaps in each way that kustomize has. */
const OVERLAYS = {
  "base/kustomization.yaml": `namePrefix: team-\nresources: [cm.yaml, deployment.yaml]\n${GENERATED}`,
  "base/openclaw.json": '{gateway: {mode: "local"}, agents: {$include: "./agents.json5"}}\n',
  "base/cron-jobs.yaml": JOBS,
  "base/cm.yaml": `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\ndata: {more.yaml: "[]", old.yaml: "[]"}\n`,
  "base/deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: openclaw}\n",
  "overlays/prod/kustomization.yaml": `resources: [../../base]
components: [../../component]
configMapGenerator:
  - name: openclaw-config
    behavior: merge
    files: [agents.json5=conf/agents-prod.json5]
    literals: ["note='a=b'"]
  - name: openclaw-cron-jobs
    behavior: replace
    files: [cron-jobs.yaml=jobs.yaml]
patches:
  - path: patch.yaml
  - target: {kind: ConfigMap, name: extra}
    patch: |
      - {op: add, path: /data/b~1c.yaml, value: "[]"}
  - target: {kind: Deployment, name: openclaw}
    patch: |
      - {op: add, path: /spec, value: {}}
`.replace("/data/b~1c.yaml", "/data/b.c.yaml"),
  "overlays/prod/conf/agents-prod.json5": "{defaults: {timeoutSeconds: 600}}\n",
  "overlays/prod/jobs.yaml": JOBS.replace("ls", "df"),
  "overlays/prod/patch.yaml":
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\ndata: {more.yaml: '[ ]', old.yaml: null}\n",
  "overlays/dev/kustomization.yml": "bases: [../../base]\n",
  "component/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
configMapGenerator:
  - name: openclaw-config
    behavior: merge
    files: [skills.json5]
`,
  "component/skills.json5": "{}\n",
};

describe("Kustomizer", () => {
  test.each(["overlays/prod", "overlays/dev", "base"])(
    "makes the ConfigMaps that kubectl makes of %s",
    async (name) => {
      await using scratch = await createScratch();
      await lay(scratch, OVERLAYS);
      const rendered = (await renderManifests(scratch.in(name))).filter(({ kind }) => kind === "ConfigMap");
      const expected = rendered.map((map) => (map as unknown as { data: Record<string, string> }).data);
      const file = name === "overlays/dev" ? "kustomization.yml" : "kustomization.yaml";
      const kustomizer = new Kustomizer();
      const { maps } = await kustomizer.build(scratch.in(name, file));
      const made = maps.map(({ entries }) =>
        Object.fromEntries(
          [...entries.values()].map((each) => [each.key, each.kind === "text" && each.bytes.toString()]),
        ),
      );
      const sort = (each: object[]) =>
        each.map((data) => JSON.stringify(data, Object.keys(data).toSorted())).toSorted();
      expect(sort(made)).toEqual(sort(expected));
      expect(kustomizer.remarks).toEqual([]);
    },
  );

  test("says of what lies outside what kustomize says, and ends where two take each other in", async () => {
    const found = await check({
      "shared/openclaw.json": CONFIG,
      "app/kustomization.yaml":
        "resources: [../other, https://user:hush@example.com/x.git]\nconfigMapGenerator: [{name: c, files: [../shared/openclaw.json]}]\n",
      "other/kustomization.yaml": "resources: [../app, missing.yaml]\n",
    });
    expect(found.problems).toEqual(["app/kustomization.yaml: takes itself in"]);
    expect(found.warnings).toEqual([
      "other/kustomization.yaml: resources: missing.yaml: there is no such file or folder",
      "app/kustomization.yaml: resources: 1 remote, not followed",
      "app/kustomization.yaml: configMapGenerator: c: ../shared/openclaw.json: lies outside of the kustomization's folder, which kustomize refuses unless it is run with --load-restrictor LoadRestrictionsNone",
    ]);
    expect(found.checked).toEqual(["shared/openclaw.json: config, no problem"]);
  });

  test("reads nothing outside of the checkout, also through a link", async () => {
    await using scratch = await createScratch();
    await lay(scratch, {
      "outside.json": "{gateway: ",
      "outside/kustomization.yaml": "resources: []",
      "repo/.git/HEAD": "",
      "repo/kustomization.yaml":
        "resources: [../outside]\nconfigMapGenerator: [{name: c, files: [openclaw.json=../outside.json, jobs.json=link.json]}]\n",
    });
    await symlink(scratch.in("outside.json"), scratch.in("repo/link.json"));
    const found = await validate(await readSources({ kind: "named", paths: [scratch.in("repo/kustomization.yaml")] }));
    const at = `${scratch.path}/repo/kustomization.yaml: `;
    expect({
      problems: found.problems.map(formatProblemLine),
      warnings: found.warnings.map(formatProblemLine),
      checked: found.checked,
    }).toEqual({
      problems: [
        `${at}configMapGenerator: c: ../outside.json: is not read, as it leads out of the checkout`,
        `${at}configMapGenerator: c: link.json: is not read, as it leads out of the checkout`,
      ],
      warnings: [`${at}resources: ../outside: is not followed, as it leads out of the checkout`],
      checked: [],
    });
  });
});

describe("validate() of kustomizations", () => {
  test("checks what is mounted, once, under the key's name and with what lies beside it", async () => {
    expect(await check(OVERLAYS)).toEqual({
      // The dev overlay takes in the base alone.
      problems: ["base/openclaw.json: $include: agents.json5: the ConfigMap has no such key"],
      warnings: [],
      checked: [
        "overlays/prod/conf/agents-prod.json5: included config, no problem",
        "base/cron-jobs.yaml: 1 job, no problem",
        "overlays/prod/patch.yaml#more.yaml: 0 jobs, no problem",
        "overlays/prod/kustomization.yaml#b.c.yaml: 0 jobs, no problem",
        "overlays/prod/jobs.yaml: 1 job, no problem",
        "base: skipped, neither jobs nor a config: cm.yaml, deployment.yaml",
      ],
    });
  });

  test("takes a file for what its key says, names what is missing, and reads no secret", async () => {
    const kustomization = `configMapGenerator:
  - name: c
    files: [openclaw.json=config/prod.txt, cron-jobs.yaml=nightly.txt, jobs.json=lost.json]
secretGenerator:
  - name: s
    files: [openclaw.json=secret.json, jobs.yaml]
`;
    const files = {
      "kustomization.yaml": kustomization,
      "config/prod.txt": "{gateway: ",
      "nightly.txt": "- {name: a, shedule: '@daily', command: ls}\n",
      "secret.json": "hush: {gateway",
      "jobs.yaml": "hush",
    };
    for (const path of ["", "kustomization.yaml"]) {
      const found = await check(files, path);
      expect(found.problems).toEqual([
        "config/prod.txt: invalid end of input at 1:11",
        "kustomization.yaml: configMapGenerator: c: lost.json: there is no such file",
        "kustomization.yaml#cron-jobs.yaml: a: shedule: unknown field, did you mean schedule?",
        "kustomization.yaml#cron-jobs.yaml: a: schedule: is required",
      ]);
      expect(found.warnings).toEqual([
        "kustomization.yaml: secretGenerator: openclaw.json: is not read, as it is a secret",
      ]);
    }
  });
});

describe("validate() of a repository", () => {
  const CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: openclaw\nversion: 0.1.0\n",
    "chart/values.yaml": "gateway: {port: 1}\n",
    "chart/templates/cron-jobs.yaml":
      "{{- if .Values.cron }}\nkind: ConfigMap\ndata:\n  cron-jobs.yaml: |\n{{- end }}\n",
    "chart/templates/cm.yaml":
      "kind: ConfigMap\ndata:\n  openclaw.json: |\n    {{- .Values.config | toJson | nindent 4 }}\n",
    "chart/files/openclaw.json": CONFIG,
  };

  test("passes over the templates of a Helm chart, from wherever it is named", async () => {
    const { problems, checked } = await check(CHART);
    expect(problems).toEqual([]);
    expect(checked).toContain("chart/files/openclaw.json: config, no problem");
    expect(checked).toContain("chart/templates: skipped, neither jobs nor a config: cm.yaml, cron-jobs.yaml");
    expect((await check(CHART, "chart/templates")).problems).toEqual([]);
  });

  test("finds configs and jobs in it, and nothing in the files of other tools", async () => {
    const found = await check({
      ".git/config.json": "{gateway: ",
      "node_modules/openclaw/openclaw.json": "{gateway: ",
      "apps/openclaw.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {path: openclaw}}\n",
      "apps/dev/jobs.yaml": JOBS,
      "apps/prod/jobs.yaml": JOBS,
      "apps/maps.yaml": ["dev", "prod"]
        .map((name) => `kind: ConfigMap\nmetadata: {name: ${name}}\ndata: {jobs.yaml: "${JOBS.trim()}"}\n`)
        .join("---\n"),
      "ansible/tasks.yaml": "- name: Back up\n  command: openclaw backup\n- name: x\n  cron: {name: x, job: ls}\n",
      "web/locales/en.json": '{"gateway": {"title": "Gateway"}, "tools": {}, "cron": {}}',
      "web/babel.config.json": '{"plugins": ["openclaw"]}',
      "web/eslint.json": '{"env": {}, "plugins": [], "models": 1}',
      "infra/broken.yaml": "a: openclaw\n b: [\n",
      "infra/dashboard.yaml": "kind: ConfigMap\ndata: {cron.ini: x, agents.json: '{', rules.yaml: '[1]', n.json: 1}\n",
      "infra/half.json": '[{"name": "x", "schedule": "@daily"',
      "config/openclaw-prod.json5": CONFIG,
    });
    expect({ ...found, checked: found.checked.toSorted() }).toEqual({
      problems: [expect.stringMatching(/^infra\/half\.json: invalid end of input/)],
      warnings: [],
      checked: [
        ".: skipped, neither jobs nor a config: node_modules/",
        "ansible: skipped, neither jobs nor a config: tasks.yaml",
        "apps/dev/jobs.yaml: 1 job, no problem",
        "apps/maps.yaml#dev/jobs.yaml: 1 job, no problem",
        "apps/maps.yaml#prod/jobs.yaml: 1 job, no problem",
        "apps/prod/jobs.yaml: 1 job, no problem",
        "apps: skipped, neither jobs nor a config: openclaw.yaml",
        "config/openclaw-prod.json5: config, no problem",
        "infra: skipped, neither jobs nor a config: broken.yaml, dashboard.yaml",
        "web/locales: skipped, neither jobs nor a config: en.json",
        "web: skipped, neither jobs nor a config: babel.config.json, eslint.json",
      ],
    });
  });

  test("checks the manifests and the example of this repository", async () => {
    const found = await validate(await readSources({ kind: "named", paths: [DEPLOY] }));
    const lines = (each: string[]) => each.map((line) => line.replaceAll(`${DEPLOY}/`, ""));
    expect([found.problems, found.warnings]).toEqual([[], []]);
    expect(lines(found.checked).filter((line) => line.endsWith("no problem"))).toEqual([
      "base/configmap-openclaw.yaml#openclaw.json: config, no problem",
      "chart/files/openclaw.json: config, no problem",
      "example-all/openclaw.json: config, no problem",
      "example-all/exec-approvals.json: 5 exec approvals, no problem",
      "example-fleet/gateways/anna/openclaw.json: config, no problem",
      "example-fleet/shared/common.json5: included config, no problem",
      "example-fleet/gateways/bert/openclaw.json: config, no problem",
      "example/openclaw.json: config, no problem",
      "base/configmap-openclaw-cron.yaml#cron-jobs.json: 1 job, no problem",
      "example-all/cron-jobs.yaml: 1 job, no problem",
      "example-fleet/shared/jobs.yaml: 1 job, no problem",
      "example-fleet/gateways/bert/own-jobs.yaml: 1 job, no problem",
      "example/cron-jobs.yaml: 1 job, no problem",
    ]);
  });

  test("resolves includes in the ConfigMap that has them, of several in a file", async () => {
    const map = (name: string, part: string) =>
      `kind: ConfigMap\nmetadata: {name: ${name}}\ndata:\n  openclaw.json: '{gateway: {mode: "local"}, agents: {$include: "./agents.json5"}}'\n${part}`;
    const text = `${map("dev", "")}---\n${map("prod", "  agents.json5: '{}'\n")}`;
    expect((await check({ "cm.yaml": text }, "cm.yaml")).problems).toEqual([
      "cm.yaml#dev/openclaw.json: $include: agents.json5: the ConfigMap has no such key",
    ]);
  });
});

describe("parseKustomization()", () => {
  test("reads files, renamed ones, and literals as kustomize does", async () => {
    const read = await parseKustomization(
      `configMapGenerator: [{name: a, files: [x/y.json, k=p, =p, k=, a=b=c], literals: ['k="v"', "k=v=w", "=v", v]}]`,
    );
    expect(read).toMatchObject({
      generators: [
        {
          files: [
            { key: "y.json", path: "x/y.json" },
            { key: "k", path: "p" },
          ],
          literals: [
            { kind: "text", key: "k", bytes: Buffer.from("v") },
            { kind: "text", key: "k", bytes: Buffer.from("v=w") },
          ],
          problems: [
            "files: =p: expected PATH or KEY=PATH",
            "files: k=: expected PATH or KEY=PATH",
            "files: a=b=c: expected PATH or KEY=PATH",
            "literals: expected KEY=VALUE",
            "literals: expected KEY=VALUE",
          ],
        },
      ],
    });
  });
});
