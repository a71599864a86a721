import { describe, expect, test } from "bun:test";
import { readCommandLine } from "../../../lib/commands/arguments.ts";
import { KIND_NAMES } from "../../../lib/commands/kinds.ts";
import { SETTING_SOURCES } from "../../../lib/setting-sources.ts";
import { refusalOf } from "../../support/fakes.ts";

/** As commander lists them. */
const CHOICES = KIND_NAMES.map((name) => `"${name}"`).join(", ");

const read = (...args: string[]) => readCommandLine(args, {});

function helpOf(...args: string[]): string {
  const invocation = read(...args);
  if (invocation.command !== "help") throw new Error(`the command ${invocation.command}`);
  return invocation.text;
}

describe("readCommandLine()", () => {
  test("runs without a command", () => {
    expect(read()).toEqual(read("run"));
    expect(read()).toMatchObject({
      command: "run",
      allowMassRemoval: false,
      selfHeal: false,
      settings: { pollInterval: "60" },
    });
  });

  test("reads sync, of all kinds or of one", () => {
    expect(read("sync")).toMatchObject({ command: "sync", only: KIND_NAMES, allowMassRemoval: false });
    expect(read("sync", "--only", "config")).toMatchObject({ only: ["config"] });
    expect(read("sync", "--only=cron", "--only", "config")).toMatchObject({ only: ["cron", "config"] });
    expect(read("sync", "--only=cron")).toMatchObject({ only: ["cron"] });
  });

  test("reads init, of all kinds or of one, with the sidecar's settings", () => {
    expect(read("init", "--only=config")).toMatchObject({ command: "init", only: ["config"] });
    expect(read("init")).toMatchObject({
      command: "init",
      only: KIND_NAMES,
      settings: { pvcConfig: "/home/node/.openclaw/openclaw.json" },
    });
    const env = { CONFIG_DIR: "/config.d" };
    expect(readCommandLine(["init", "--pvc-config=/pvc/openclaw.json"], env)).toMatchObject({
      command: "init",
      settings: { configDir: "/config.d", pvcConfig: "/pvc/openclaw.json" },
    });
  });

  test("reads register and its waiting time", () => {
    expect(read("register")).toMatchObject({ command: "register", waitSeconds: 300 });
    expect(read("register", "--wait", "1.5")).toMatchObject({ waitSeconds: 1.5 });
    expect(read("register", "--wait=0", "--owner", "git")).toMatchObject({
      waitSeconds: 0,
      settings: { owner: "git" },
    });
  });

  test("reads wait, which nudges only where it is told to", () => {
    expect(read("wait")).toMatchObject({ command: "wait", timeoutSeconds: 300, isNudging: false });
    expect(read("wait", "--nudge", "--timeout", "5", "--url=http://a:1")).toMatchObject({
      url: "http://a:1",
      timeoutSeconds: 5,
      isNudging: true,
    });
  });

  test.each(["", "abc", "-1", "86401", "NaN", "1s"])("refuses to wait %j seconds", async (seconds) => {
    const refusal = await refusalOf(() => read("register", `--wait=${seconds}`));
    expect(refusal).toMatchObject({ code: "usage", hint: "config-manager help" });
    expect(refusal.message).toContain("--wait");
    expect(refusal.message).toContain("Expected a number of seconds");
  });

  test("reads export, of the jobs unless another kind is named", () => {
    expect(read("export", "--owner", "git")).toMatchObject({
      command: "export",
      kind: "cron",
      settings: { owner: "git" },
    });
    expect(read("export", "cron")).toMatchObject({ kind: "cron" });
    expect(read("export", "config", "--owner=git")).toMatchObject({ kind: "config", settings: { owner: "git" } });
    expect(helpOf("help", "export")).toContain('(choices: "config", "cron"');
  });

  test("self-heals only with the flag, before the command or after it", () => {
    for (const command of ["run", "sync", "init"]) {
      expect(read(command)).toMatchObject({ command, selfHeal: false });
      expect(read(command, "--self-heal")).toMatchObject({ command, selfHeal: true, allowMassRemoval: false });
      expect(read("--self-heal", command)).toMatchObject({ command, selfHeal: true });
    }
    expect(read("--self-heal")).toMatchObject({ command: "run", selfHeal: true });
  });

  test.each(["version", "--version", "-V"])("shows the version for %s", (word) => {
    expect(read(word)).toEqual({ command: "version" });
  });

  test("accepts flags before the command, after it, and without one", () => {
    for (const args of [
      ["--owner", "git", "--allow-mass-removal", "sync"],
      ["sync", "--owner=git", "--allow-mass-removal"],
      ["--owner", "git", "sync", "--allow-mass-removal"],
    ]) {
      expect(read(...args)).toMatchObject({ command: "sync", settings: { owner: "git" }, allowMassRemoval: true });
    }
    expect(read("--owner", "git")).toMatchObject({ command: "run", settings: { owner: "git" } });
  });

  test("has a flag for each setting", () => {
    const values: Record<string, string> = {
      pollInterval: "5",
      gatewayUrl: "ws://localhost:1",
      prune: "none",
      transport: "cli",
      logFormat: "json",
      httpPort: "9090",
      configMode: "merge",
      workspaceMode: "seed",
      restart: "when-idle",
      restartDeadline: "60",
    };
    const numbers = new Set(["httpPort", "restartDeadline"]);
    for (const [name, { flag }] of Object.entries(SETTING_SOURCES)) {
      const value = values[name] ?? "somewhere";
      const settings = { [name]: numbers.has(name) ? Number(value) : value };
      // One goes with the other.
      const others = { secretsDir: ["--secrets-target-dir=to"], secretsTargetDir: ["--secrets-dir=from"] }[name] ?? [];
      expect(read(`${flag}=${value}`, ...others)).toMatchObject({ settings });
      expect(read("sync", flag, value, ...others)).toMatchObject({ settings });
    }
  });

  test("reads the given environment, and prefers flags", () => {
    const env = { CONFIG_MANAGER_OWNER: "env", CRON_DIR: "/cron.d", CONFIG_DIR: undefined };
    expect(readCommandLine(["--owner=flag"], env)).toMatchObject({ settings: { owner: "flag", cronDir: "/cron.d" } });
  });

  test("reads nothing else from where it runs", () => {
    expect(readCommandLine([], {})).toMatchObject({ settings: { configDir: "/etc/openclaw/config.d" } });
  });
});

describe("readCommandLine() of wrong usage", () => {
  test.each([
    [["--nope"], "unknown option '--nope'"],
    [["-x"], "unknown option '-x'"],
    [["sync", "--nope"], "unknown option '--nope'"],
    [["--pol-interval=1"], "unknown option '--pol-interval' (Did you mean --poll-interval?)"],
    [["nope"], "unknown command or argument: nope"],
    [["Run"], "unknown command or argument: Run"],
    [["run", "sync"], "unknown command or argument: sync"],
    [["sync", "a", "b"], "unknown command or argument: a, b"],
    [["version", "x"], "unknown command or argument: x"],
    [[""], "unknown command or argument"],
    [["--", "--owner"], "unknown command or argument: --owner"],
    [["--owner"], "option '--owner <name>' argument missing"],
    [["sync", "--only"], "option '--only <what...>' argument missing"],
    [
      ["sync", "--only", "both"],
      `option '--only <what...>' argument 'both' is invalid. Allowed choices are ${KIND_NAMES.join(", ")}.`,
    ],
    [["run", "--only=cron"], "unknown option '--only'"],
    [
      ["export", "jobs"],
      `command-argument value 'jobs' is invalid for argument 'kind'. Allowed choices are ${KIND_NAMES.join(", ")}.`,
    ],
    [["export", "config", "cron"], "unknown command or argument: config, cron"],
    [["--config-mode=copy"], '--config-mode: expected auto, merge or replace: "copy"'],
    [["register", "--only=config"], "unknown option '--only'"],
    [["init", "sync"], "unknown command or argument: sync"],
    [["--self-heal=yes"], "unknown option '--self-heal'"],
    [["--self-heel"], "unknown option '--self-heel' (Did you mean --self-heal?)"],
    [["help", "nope"], "unknown command 'nope'"],
    [["--owner=a b"], '--owner: expected letters, digits, dots and dashes, at most 64: "a b"'],
    [["sync", "--poll-interval=abc"], expect.stringMatching(/^--poll-interval: expected a number.*: "abc"$/)],
  ])("%j is one line, with a hint what to type", async (args, message) => {
    expect(await refusalOf(() => read(...args))).toMatchObject({ code: "usage", message, hint: "config-manager help" });
  });

  test.each([[["--two\nlines"]], [["two\nlines"]], [["help", "two\nlines"]], [["--owner", "two\nlines"]]])(
    "%j is one line, too",
    async (args) => {
      expect((await refusalOf(() => read(...args))).message).not.toContain("\n");
    },
  );

  test("does not repeat a secret that was typed as a flag's value", async () => {
    const { message } = (await refusalOf(() => read("--gateway-token=s3cret"))) as Error;
    expect(message).toStartWith("unknown option '--gateway-token'");
    expect(message).not.toContain("s3cret");
  });

  test("reports every wrong setting, a line each", async () => {
    const { message } = await refusalOf(() =>
      readCommandLine(["sync", "--poll-interval=abc", "--prune=all"], { CONFIG_MANAGER_LOG_FORMAT: "xml" }),
    );
    expect(message.split("\n")).toEqual([
      expect.stringMatching(/^--poll-interval: /),
      expect.stringMatching(/^--prune: /),
      expect.stringMatching(/^CONFIG_MANAGER_LOG_FORMAT: /),
    ]);
  });

  test("does not affect help and version", () => {
    const wrong = { POLL_INTERVAL: "abc" };
    expect(readCommandLine(["version"], wrong)).toEqual({ command: "version" });
    expect(readCommandLine(["help"], wrong)).toMatchObject({ command: "help" });
    expect(readCommandLine(["--help"], wrong)).toMatchObject({ command: "help" });
  });
});

describe("readCommandLine() of help", () => {
  test.each([[["help"]], [["--help"]], [["-h"]]])("%j lists the commands", (args) => {
    const text = helpOf(...args);
    for (const command of ["run", "sync", "init", "version", "help"])
      expect(text).toMatch(new RegExp(`^  ${command} `, "m"));
  });

  test("names each setting by its flag, its variable and its default", () => {
    const text = helpOf("help").replaceAll(/\s+/g, " ");
    for (const { flag, env, default: fallback } of Object.values(SETTING_SOURCES)) {
      expect(text).toContain(`${flag} `);
      expect(text).toContain(fallback({}) === undefined ? `(${env})` : `(${env}, else ${fallback({})})`);
    }
  });

  test.each([[["help", "sync"]], [["sync", "--help"]], [["sync", "-h"]], [["sync", "--only=cron", "--help"]]])(
    "%j explains the one command",
    (args) => {
      expect(
        helpOf(...args)
          .replaceAll(/\s+/g, " ")
          .trim(),
      ).toBe(
        "Usage: config-manager sync [options] " +
          "one pass; exit 0 when everything is equal now, 1 when something failed " +
          `Options: --only <what...> reconcile only this kind; may be given again (choices: ${CHOICES}) -h, --help show this help ` +
          "Settings: see config-manager help Example: config-manager sync --only cron",
      );
    },
  );

  test("explains each flag without a value", () => {
    const text = helpOf("help").replaceAll(/\s+/g, " ");
    expect(text).toContain(
      "--self-heal revert edits of what Git declares, at most once a minute " +
        "--allow-mass-removal let one pass remove ten jobs or more, and half of ours or more",
    );
  });

  test.each([[["help", "init"]], [["init", "--help"]]])(
    "%j explains the preparation before the gateway starts",
    (args) => {
      expect(
        helpOf(...args)
          .replaceAll(/\s+/g, " ")
          .trim(),
      ).toBe(
        "Usage: config-manager init [options] before the gateway starts: put the files in place that it reads; " +
          `exit 1 when no config is usable Options: --only <what...> reconcile only this kind; may be given again (choices: ${CHOICES}) ` +
          "-h, --help show this help " +
          "Settings: see config-manager help Example: config-manager init",
      );
    },
  );
});

describe("help", () => {
  const NAMES = "run sync init register export status diff doctor validate schema licenses version help".split(" ");

  test("lists every command", () => {
    const listed = [...helpOf("help").matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name);
    expect(listed).toEqual(expect.arrayContaining(NAMES));
  });

  test.each(NAMES)("of %s ends with an example that can be typed as it is", (name) => {
    const help = helpOf("help", name);
    expect(helpOf(name, "--help")).toBe(help);
    const [, example = ""] = /\nExample:\n {2}config-manager (.+)\n$/.exec(help) ?? [];
    const args = example.replace(/ (?:&|> \S+)$/, "").split(" ");
    expect(args[0]).toBe(name);
    expect(read(...args).command).toBe(name as never);
  });

  test("fits 80 columns, except for long settings", () => {
    const wide = helpOf("help")
      .split("\n")
      .filter((line) => line.length > 80);
    expect(wide.filter((line) => !line.startsWith("  -"))).toEqual([]);
  });
});

describe("readCommandLine() of commands for a person", () => {
  test("reads status, diff and doctor", () => {
    expect(read("status")).toMatchObject({ command: "status", json: false });
    expect(read("diff", "--json", "--exit-code")).toMatchObject({ command: "diff", json: true, exitCode: true });
    expect(read("doctor", "--json", "--owner=git")).toMatchObject({ json: true, settings: { owner: "git" } });
    expect(read("diff", "--self-heal")).toMatchObject({ exitCode: false, selfHeal: true });
  });

  test("reads no settings if files are named", () => {
    const env = { POLL_INTERVAL: "abc" };
    expect(readCommandLine(["validate", "a.json", "-"], env)).toEqual({
      command: "validate",
      source: { kind: "named", paths: ["a.json", "-"] },
      openclaw: undefined,
      schema: undefined,
      exact: false,
      format: "text",
      settings: undefined,
    });
    expect(readCommandLine(["schema"], env)).toEqual({ command: "schema" });
    expect(read("validate")).toMatchObject({ source: { kind: "mounted", cronDir: "/etc/openclaw/cron.d" } });
  });

  test("reads what a config is held against, and how the findings are printed", () => {
    expect(read("validate", "a.json", "--openclaw", "2026.9.6", "--exact", "--format=sarif")).toMatchObject({
      openclaw: "2026.9.6",
      exact: true,
      format: "sarif",
      settings: { owner: "config-manager" },
    });
    expect(read("validate", "--live", "--schema", "s.json")).toMatchObject({
      source: { kind: "live" },
      schema: "s.json",
    });
    expect(read("schema", "config")).toMatchObject({ kind: "config", settings: { owner: "config-manager" } });
    expect(read("schema", "config", "--openclaw=latest")).toMatchObject({ openclaw: "latest", settings: undefined });
    expect(read("schema", "cron")).toEqual({ command: "schema" });
  });

  test.each([
    [["validate", "--openclaw", "latest", "--schema", "s.json"], "cannot be used with"],
    [["validate", "--live", "a.json"], "--live takes no files"],
    [["validate", "--format", "xml"], "Allowed choices are text, json, github, sarif."],
    [["schema", "jobs"], "Allowed choices are cron, config."],
  ])("refuses %j", (args, message) => {
    expect(() => read(...args)).toThrow(message);
  });

  test("needs the settings for what is live", () => {
    const env = { POLL_INTERVAL: "abc" };
    expect(() => readCommandLine(["validate", "--live"], env)).toThrow("POLL_INTERVAL");
    expect(() => readCommandLine(["schema", "config"], env)).toThrow("POLL_INTERVAL");
  });
});
