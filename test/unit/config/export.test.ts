// The way back: the live config as Git should have it.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, test } from "bun:test";
import { exportConfig, restoreReferences } from "../../../lib/config/export.ts";
import type { Json } from "../../../lib/json.ts";
import type { Export } from "../../../lib/reconcile/reconciler.ts";
import { createScratch, refusalOf } from "../../support/fakes.ts";

const TOKEN = "0123456789abcdef";
const GIT = `// Git's own words
{
  gateway: { mode: "local", auth: { token: "\${GATEWAY_TOKEN}" } },
  routing: { allowFrom: ["+49"], token: "\${DISCORD_TOKEN}" },
}
`;

interface Files {
  git?: Record<string, string>;
  live?: Record<string, string>;
}

const json = (value: Json) => JSON.stringify(value);

/** Exports from these files; the root is `openclaw.json`. */
async function exporting({ git = {}, live = {} }: Files): Promise<Export> {
  await using scratch = await createScratch();
  const configDir = scratch.in("config.d");
  for (const [directory, files] of [
    [configDir, git],
    [scratch.in("live"), live],
  ] as const) {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(`${directory}/${name}`), { recursive: true });
      await writeFile(`${directory}/${name}`, text);
    }
  }
  const pvcConfig = scratch.in("live", "openclaw.json");
  return await exportConfig({ configDir, pvcConfig, checksumDir: scratch.in("sums"), includeRoots: [] });
}

const exportOf = (git: string, live: Json) =>
  exporting({ git: { "openclaw.json": git }, live: { "openclaw.json": json(live) } });

const valueOf = ({ text }: Export) => JSON.parse(text) as Json;

describe("exportConfig()", () => {
  test("prints Git's own bytes unless they say something else once they can be printed", async () => {
    const live = { gateway: { mode: "local" }, text: "a\u202eb" };
    const inText = '// Git\n{gateway: {mode: "local"}, text: "a\u202eb"}\n';
    expect((await exportOf(inText, live)).text).toBe(inText);
    const between = '// Git\n{gateway: {mode: "local"}, \uFEFF text: "a\u202eb"}\n';
    expect((await exportOf(between, live)).text).toBe(`${JSON.stringify(live, undefined, 2)}\n`);
  });

  test("has what OpenClaw has migrated, without its stamp, and with Git's references", async () => {
    const exported = await exportOf(GIT, {
      meta: { lastTouchedVersion: "2026.9.6" },
      gateway: { mode: "local", auth: { token: TOKEN } },
      channels: { discord: { allowFrom: ["+49"], token: "${DISCORD_TOKEN}" } },
    });
    expect(valueOf(exported)).toEqual({
      gateway: { mode: "local", auth: { token: "${GATEWAY_TOKEN}" } },
      channels: { discord: { allowFrom: ["+49"], token: "${DISCORD_TOKEN}" } },
    });
    expect(exported).toMatchObject({ caveats: [], isComplete: true });
    expect(exported.text).toEndWith("}\n");
  });

  test("is Git's file, comments and all, if the live config says the same", async () => {
    const live = {
      meta: { lastTouchedVersion: "2026.2.9" },
      gateway: { mode: "local", auth: { token: TOKEN } },
      routing: { allowFrom: ["+49"], token: "a resolved one" },
    };
    expect((await exportOf(GIT, live)).text).toBe(GIT);
    expect((await exporting({ git: { "openclaw.json": GIT }, live: { "openclaw.json": GIT } })).text).toBe(GIT);
  });

  test("warns of a secret in plain text by its path, and never shows it on stderr", async () => {
    const live = {
      gateway: { auth: { token: "s3cret-of-a-person" } },
      x: { "a\nb": { apiKey: "s3cret" } },
      list: [{ password: "s3cret" }],
    };
    const { text, caveats } = await exportOf("{}", live);
    expect(caveats).toEqual([
      "gateway.auth.token: a secret in plain text; put it into a Secret, and ${VAR} into Git",
      expect.stringMatching(/^x\..*apiKey: a secret in plain text; /),
      expect.stringMatching(/^list\.0\.password: a secret in plain text; /),
    ]);
    expect(caveats.join()).not.toContain("s3cret");
    expect(caveats.join()).not.toContain("\n");
    expect(text).toContain("s3cret-of-a-person"); // it is what is live
  });

  test("exports the root alone if each file is included as in Git, and names those that were changed", async () => {
    const root = '{ $include: "./agents.json5", gateway: { mode: "local" } } // root\n';
    const git = { "openclaw.json": root, "agents.json5": "{ agents: {} } // Git's\n" };
    expect(await exporting({ git, live: git })).toEqual({ text: root, caveats: [], isComplete: true });
    const edited = { ...git, "agents.json5": "{ agents: { list: [] } }" };
    const exported = await exporting({ git, live: edited });
    expect(exported.text).toBe(root);
    expect(exported.caveats).toEqual(["agents.json5: included, not exported, and not what Git has"]);
  });

  test("is one file if 2026.2.9 has written all included files into the root", async () => {
    const git = {
      "openclaw.json": '{ $include: "./agents.json5", gateway: { auth: { token: "${GATEWAY_TOKEN}" } } }',
      "agents.json5": '{ agents: { key: "${AGENT_KEY}" } }',
    };
    const live = { gateway: { auth: { token: TOKEN } }, agents: { key: "resolved", list: [] } };
    const exported = await exporting({ git, live: { "openclaw.json": json(live) } });
    expect(valueOf(exported)).toEqual({
      gateway: { auth: { token: "${GATEWAY_TOKEN}" } },
      agents: { key: "${AGENT_KEY}", list: [] },
    });
  });

  test("has what is live if Git has no config, or a broken one", async () => {
    const live = { meta: {}, gateway: { mode: "local" } };
    for (const git of [{}, { "openclaw.json": "{" }]) {
      const exported = await exporting({ git, live: { "openclaw.json": json(live) } });
      expect(valueOf(exported)).toEqual({ gateway: { mode: "local" } });
    }
  });

  test("says that there is no live config, or why it cannot be read", async () => {
    const none = await refusalOf(exporting({ git: { "openclaw.json": GIT } }));
    expect(none).toMatchObject({ code: "file", hint: "config-manager doctor" });
    expect(none.message).toMatch(/^there is no \/.*openclaw\.json$/);
    const broken = await refusalOf(exporting({ live: { "openclaw.json": "{" } }));
    expect(broken.message).toEndWith("/openclaw.json: invalid end of input at 1:2");
  });
});

describe("restoreReferences()", () => {
  test("restores a reference at its path, with what stands around it", () => {
    expect(restoreReferences({ a: "Bearer ${X}!" }, { a: "Bearer 123!" })).toEqual({ a: "Bearer ${X}!" });
    expect(restoreReferences({ a: "Bearer ${X}!" }, { a: "Basic 123!" })).toEqual({ a: "Basic 123!" });
    expect(restoreReferences({ a: "no variable" }, { a: "edited" })).toEqual({ a: "edited" });
  });

  test("restores one at another path if its value is long enough to be the same by no chance", () => {
    expect(restoreReferences({ old: "${X}", b: 1 }, { old: TOKEN, moved: [TOKEN], b: TOKEN })).toEqual({
      old: "${X}",
      moved: ["${X}"],
      b: "${X}",
    });
    expect(restoreReferences({ old: "${X}" }, { old: "true", other: "true" })).toEqual({ old: "${X}", other: "true" });
  });

  test("keeps another reference that is live", () => {
    expect(restoreReferences({ a: "${OLD}", b: "${KEPT}" }, { a: "${NEW}", b: "${KEPT}", c: "${NEW}" })).toEqual({
      a: "${NEW}",
      b: "${KEPT}",
      c: "${NEW}",
    });
  });

  test.each(["id", "name"])("pairs the items of a list by %s, not by position", (key) => {
    const git = [
      { [key]: "one", token: "${ONE}" },
      { [key]: "two", token: "${TWO}" },
    ];
    const live = [
      { [key]: "new", token: "plain" },
      { [key]: "two", token: "2" },
      { [key]: "one", token: "1" },
    ];
    expect(restoreReferences(git, live)).toEqual([
      { [key]: "new", token: "plain" },
      { [key]: "two", token: "${TWO}" },
      { [key]: "one", token: "${ONE}" },
    ]);
  });

  test("pairs other items by position", () => {
    expect(restoreReferences({ list: ["a", "${B}"] }, { list: ["a", "b"] })).toEqual({ list: ["a", "${B}"] });
  });

  test("takes a key such as __proto__ for a key", () => {
    const live = JSON.parse('{"__proto__":{"token":"x"},"constructor":"y"}') as Json;
    expect(JSON.stringify(restoreReferences({ token: "${T}" }, live))).toBe(JSON.stringify(live));
  });
});
