// manager.sh and config-manager over the same ConfigMap changes. What each of them says, does and leaves behind is
// put down line by line, and the two accounts have to be the same, but for the lines that DIFFERENCES accounts for.

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { computeChecksum } from "../../lib/files/checksum.ts";
import { missingTools } from "../support/debian.ts";
import { type Kept, type Keeper, addJob, createKeeper } from "../support/openclaw-stub.ts";
import { MANAGER_SH, readManagerSh } from "../support/manager-sh.ts";
import { start } from "../support/process.ts";
import { type Mounts, createMounts, readMaybe, startSidecar } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

/** Where ours is another on purpose, and why. */
const DIFFERENCES = {
  "needless updates": "manager.sh updates every job whenever the file changes; ours writes only what differs",
  "foreign jobs": "manager.sh removes what people and other programs have made; ours leaves it alone",
  adoption: "a job of a declared name that nobody claims becomes ours, and the log says so",
  reasons: "ours says why a write failed",
  "complete means complete": "manager.sh says complete after a failure, and never tries again; ours tries until it is",
  "judged configs": "ours has each config judged by the gateway, and says so where it cannot",
  "changed paths": "ours says what changed in the config, by path and never by value",
  "config at start": "manager.sh takes for applied what is mounted when it starts; ours looks, and applies it",
  "broken config": "manager.sh gives OpenClaw what it cannot read; ours keeps it out",
  "broken definitions": "manager.sh stages them and ends; ours keeps them out and goes on",
  "missing files": "manager.sh takes a missing file for handled, or ends; ours keeps the last state and goes on",
  "names are data": "manager.sh reads names as jq code and as patterns, and makes paths of them",
  "text is data": "the echo of manager.sh undoes the escapes in a job's text",
} as const;

/** A row of the table, and lines that are there because of it: `- ` in manager.sh's account alone, `+ ` in ours. */
type Difference = readonly [row: keyof typeof DIFFERENCES, ...lines: string[]];

interface Step {
  what: string;
  /** What the volume holds before the start; else what is mounted, as the init container leaves it. */
  live?: string;
  /** What to publish; null is a ConfigMap without the file. */
  config?: string | null;
  jobs?: readonly object[] | string | null;
  /** What happens to OpenClaw before. */
  openclaw?: (kept: Kept) => void;
  /** The last that ours says, where it is not that the change is complete. */
  ends?: RegExp;
  /** In the order of the account. */
  differs?: readonly Difference[];
}

const CONFIG_COMPLETE = "Config update complete (openclaw will auto-detect via chokidar)";
const CRON_COMPLETE = "Cron job sync complete";
/** To end a broken test, not to measure. */
const LIMIT_MS = 300_000;
/** What the stub `sleep` says. */
const ASLEEP = "asleep until told";

const CONFIG = '{ "gateway": { "mode": "local" }, "logging": { "level": "info" } }\n';
const NEW_CONFIG = '{\n  // JSON5, 日本語\n  gateway: { mode: "local" },\n  logging: { level: "debug" },\n}\n';
const BROKEN = '{ "gateway": ';
const CHANGED_PATH = ["changed paths", "+   Changed: logging.level (hot)"] as const;
/** Neither has a gateway here. */
const NOT_VALIDATED = ["judged configs", "+   Not validated by the gateway yet: no gateway to ask"] as const;

const print = (jobs: readonly object[]) => JSON.stringify(jobs, undefined, 2);
const job = (name: string, schedule = "0 3 * * *") => ({ name, schedule, command: "true" });
const PLAN = {
  name: "obsidian-vault-sync",
  description: "Sync Obsidian Vault every 15 minutes",
  schedule: "*/15 * * * *",
  command: "/bin/bash -c 'cd /home/node/ghq/github.com/boxp/obsidian-vault && git pull origin main'",
  timeout: 300,
  retry: 3,
};
const needlessUpdate = (name: string): Difference[] => [
  ["needless updates", `- Updating cron job: ${name}`],
  ["needless updates", `- $ update ${name}`],
];

/** What happens, from the start on. */
const SCENARIOS: Record<string, readonly Step[]> = {
  "the life of the plan's job": [
    { what: "start", config: CONFIG, jobs: [PLAN] },
    { what: "the config changes", config: NEW_CONFIG, differs: [CHANGED_PATH, NOT_VALIDATED] },
    { what: "one is added", jobs: [PLAN, job("added")], differs: needlessUpdate("obsidian-vault-sync") },
    { what: "one changes", jobs: [{ ...PLAN, timeout: 60 }, job("added")], differs: needlessUpdate("added") },
    { what: "one goes, the other changes", jobs: [job("added", "0 4 * * *")] },
    {
      what: "both files change",
      config: CONFIG,
      jobs: [job("added", "0 5 * * *"), PLAN],
      differs: [CHANGED_PATH, NOT_VALIDATED],
    },
    { what: "none is left", jobs: [] },
    { what: "the empty list is written anew", jobs: "[\n]\n" },
  ],
  "several jobs, in the order of the file, and removed in the order of the list": [
    { what: "start", config: CONFIG, jobs: [job("c"), job("a"), job("d"), job("b")] },
    { what: "one is new, two change, two go", jobs: [job("e"), job("b", "0 4 * * *"), job("a", "0 4 * * *")] },
  ],
  "names with spaces, single quotes and other scripts": [
    { what: "start", config: CONFIG, jobs: [job("my job"), job("it's mine"), job("日次 レポート")] },
    { what: "two change, one goes", jobs: [job("日次 レポート", "0 4 * * *"), job("my job", "0 4 * * *")] },
  ],
  "an add that is refused once": [
    {
      what: "start",
      config: CONFIG,
      jobs: [job("a"), job("b"), job("c")],
      openclaw: (kept) => kept.refuse.push("add b"),
      differs: [
        ["reasons", "+ WARNING: Failed to add cron job: b: no add b today", "- WARNING: Failed to add cron job: b"],
        ["complete means complete", "+ Adding cron job: b", "+ $ add b", "+ has a, c, b", "- has a, c"],
      ],
    },
  ],
  "an update and a removal that are refused once": [
    { what: "start", config: CONFIG, jobs: [job("a"), job("b")] },
    {
      what: "one changes, one goes",
      jobs: [job("a", "0 4 * * *")],
      openclaw: (kept) => kept.refuse.push("update a", "remove b"),
      differs: [
        ["reasons", "+ WARNING: Failed to update cron job: a: no update a today"],
        ["reasons", "- WARNING: Failed to update cron job: a"],
        ["reasons", "+ WARNING: Failed to remove cron job: b: no remove b today"],
        ["complete means complete", "+ Updating cron job: a"],
        ["complete means complete", "+ Removing cron job (no longer in ConfigMap): b"],
        ["reasons", "- WARNING: Failed to remove cron job: b"],
        ["complete means complete", "+ $ update a", "+ $ remove b", "+ has a", "- has a, b"],
      ],
    },
  ],
  "jobs that are not ours": [
    {
      what: "start",
      config: CONFIG,
      jobs: [PLAN, job("by hand")],
      openclaw: (kept) => ["Call the dentist", "by hand"].forEach((name) => addJob(kept, { name })),
      differs: [
        ["adoption", "+ Adopting cron job: by hand", "- Updating cron job: by hand"],
        ["foreign jobs", "- Removing cron job (no longer in ConfigMap): Call the dentist"],
        ["foreign jobs", "+ has Call the dentist, by hand, obsidian-vault-sync"],
        ["foreign jobs", "- $ remove Call the dentist", "- has by hand, obsidian-vault-sync"],
      ],
    },
  ],
  "a live config that is another at the start": [
    {
      what: "start",
      live: NEW_CONFIG,
      config: CONFIG,
      jobs: [],
      differs: [
        ["config at start", "+ Config change detected in /config.d/openclaw.json"],
        ["config at start", "+ Config copied to PVC: /openclaw.json"],
        CHANGED_PATH,
        NOT_VALIDATED,
        ["config at start", "+ Config update complete (openclaw will auto-detect via chokidar)"],
        ["config at start", `+ live config: ${CONFIG}`, `- live config: ${NEW_CONFIG}`],
      ],
    },
  ],
  "a broken config": [
    { what: "start", config: CONFIG, jobs: [] },
    {
      what: "it breaks",
      config: BROKEN,
      ends: /^WARNING: Config rejected/,
      differs: [
        ["broken config", "+ WARNING: Config rejected, /openclaw.json stays as it is: invalid end of input at 1:14"],
        ["broken config", "- Config change detected in /config.d/openclaw.json"],
        ["broken config", "- Config copied to PVC: /openclaw.json"],
        ["broken config", "- Config update complete (openclaw will auto-detect via chokidar)"],
        [
          "broken config",
          `+ live config: ${CONFIG}`,
          `- live config: ${BROKEN}`,
          "+ does not remember config",
          "- remembers config",
        ],
      ],
    },
    { what: "it is mended", config: NEW_CONFIG, differs: [CHANGED_PATH, NOT_VALIDATED] },
  ],
  "broken definitions": [
    { what: "start", config: CONFIG, jobs: [PLAN] },
    {
      what: "they break",
      jobs: BROKEN,
      ends: /^WARNING: Cron config rejected/,
      differs: [
        ["broken definitions", "+ WARNING: Cron config rejected: cron-jobs.json: invalid end of input at 1:14"],
        ["broken definitions", `+ staged: ${print([PLAN])}`, `- staged: ${BROKEN}`, "+ goes on", "- has ended"],
      ],
    },
  ],
  "files that go missing": [
    { what: "start", config: CONFIG, jobs: [PLAN] },
    {
      what: "the definitions go",
      jobs: null,
      ends: /^WARNING: Cron config file not found$/,
      differs: [["missing files", "+ does not remember cron", "- remembers cron"]],
    },
    { what: "they are back", jobs: [PLAN], differs: needlessUpdate("obsidian-vault-sync") },
    {
      what: "the config goes",
      config: null,
      ends: /^WARNING: Config file not found/,
      differs: [
        ["missing files", "+ WARNING: Config file not found: /config.d/openclaw.json"],
        ["missing files", "- Config change detected in /config.d/openclaw.json", "+ goes on", "- has ended"],
      ],
    },
  ],
  "a name that is no jq string": [
    {
      what: "start",
      config: CONFIG,
      jobs: [job("a"), job('say "hi"')],
      differs: [
        ["names are data", '+ Adding cron job: say "hi"', "+ Cron job sync complete", '+ $ add say "hi"'],
        ["names are data", '+ has a, say "hi"', "- has a", "+ goes on", "- has ended"],
      ],
    },
  ],
  "a name that is no file name": [
    {
      what: "start",
      config: CONFIG,
      jobs: [job("backup/db")],
      differs: [
        ["names are data", "+ Adding cron job: backup/db", "+ Cron job sync complete", "+ $ add backup/db"],
        ["names are data", "+ has backup/db", "- has ", "+ goes on", "- has ended"],
      ],
    },
  ],
  "a name that as a pattern does not match itself": [
    { what: "start", config: CONFIG, jobs: [job("disk [1]")] },
    {
      what: "it changes",
      jobs: [job("disk [1]", "0 4 * * *")],
      differs: [
        ["names are data", "+ Updating cron job: disk [1]", "- Adding cron job: disk [1]"],
        ["names are data", "- Removing cron job (no longer in ConfigMap): disk [1]"],
        ["names are data", "+ $ update disk [1]", "+ has disk [1]"],
        ["names are data", "- $ add disk [1]", "- $ remove disk [1]", "- has "],
      ],
    },
  ],
  "a line break in the text": [
    {
      what: "start",
      config: CONFIG,
      jobs: [{ ...job("a"), command: "true\ntrue" }],
      differs: [["text is data", "- WARNING: Failed to add cron job: a", "+ $ add a", "+ has a", "- has "]],
    },
  ],
};

const missing = await findMissing();
if (missing) console.log(`(skip) parity with manager.sh: ${missing}`);

describe.skipIf(missing !== undefined)("parity with manager.sh", () => {
  const runScenario = async (_name: string, steps: readonly Step[]) => {
    const theirs = await createSide(startManagerSh);
    const ours = await createSide(startOurs);
    try {
      for (const step of steps) {
        const accounts = await Promise.all([theirs.take(step), ours.take(step)]);
        const accountedFor = (step.differs ?? []).flatMap(([, ...lines]) => lines);
        expect({ [step.what]: diffLines(...accounts) }).toEqual({ [step.what]: accountedFor });
      }
      expect(await ours.stop()).toEqual([]);
    } finally {
      await theirs.dispose();
      await ours.dispose();
    }
  };
  test.each(Object.entries(SCENARIOS))("%s", runScenario, LIMIT_MS);

  test("every row of the table is shown by a step", () => {
    const steps = Object.values(SCENARIOS).flat();
    const rows = new Set<string>(steps.flatMap(({ differs = [] }) => differs.map(([row]) => row)));
    expect([...rows].toSorted()).toEqual(Object.keys(DIFFERENCES).toSorted());
  });
});

/** What manager.sh needs and this machine has not; undefined where nothing is missing. */
async function findMissing(): Promise<string | undefined> {
  if (!existsSync(MANAGER_SH)) return `there is no ${MANAGER_SH}`;
  return missingTools({ jq: "jq" });
}

/** What makes ours of theirs: empty for the same lines in the same order. */
function diffLines(theirs: readonly string[], ours: readonly string[]): string[] {
  const left = [...theirs];
  const diff: string[] = [];
  for (const line of ours) {
    const place = left.indexOf(line);
    if (place === -1) diff.push(`+ ${line}`);
    else diff.push(...left.splice(0, place).map((skipped) => `- ${skipped}`));
    if (place !== -1) left.shift();
  }
  return [...diff, ...left.map((line) => `- ${line}`)];
}

interface Manager {
  /** What it has logged so far, without times. */
  messages(): string[];
  /** Waits until it has dealt with a step. Ours has when it has said these lines, after the first `from`. */
  settle(ends: readonly (string | RegExp)[], from: number): Promise<void>;
  /** Whether it has ended by itself. */
  hasEnded(): boolean;
  /** Ends it as it is meant to be ended. */
  stop(): Promise<void>;
  /** Ends it whatever it does. */
  dispose(): Promise<void>;
}

/** A manager with ConfigMaps, a volume and an OpenClaw of its own. It starts with the first step. */
async function createSide(start: (mounts: Mounts, keeper: Keeper) => Promise<Manager>) {
  const mounts = await createMounts();
  const keeper = createKeeper(join(mounts.root, "openclaw"));
  const liveConfig = join(mounts.root, "openclaw.json");
  const published = { config: "", cron: "" };
  let manager: Manager | undefined;
  let said = 0;
  let written = 0;

  async function publish(volume: "config" | "cron", file: string, content: string | null): Promise<void> {
    await mounts[volume].publish(content === null ? {} : { [file]: content });
    published[volume] = content === null ? "none" : computeChecksum(Buffer.from(content));
  }

  function hear(): string[] {
    const messages = (manager?.messages() ?? []).slice(said);
    said += messages.length;
    return messages.map((message) => message.replaceAll(mounts.root, ""));
  }

  async function remembers(volume: "config" | "cron"): Promise<string> {
    const checksum = await readMaybe(join(mounts.checksums, volume));
    return `${checksum === `${published[volume]}\n` ? "remembers" : "does not remember"} ${volume}`;
  }

  return {
    /** Does what the step says, and gives an account of what came of it. */
    async take({ live, config, jobs, openclaw, ends }: Step): Promise<string[]> {
      if (!manager) await writeFile(liveConfig, live ?? config ?? "");
      const before = await readMaybe(liveConfig);
      if (openclaw) keeper.change(openclaw);
      if (config !== undefined) await publish("config", "openclaw.json", config);
      const definitions = typeof jobs === "object" && jobs ? print(jobs) : jobs;
      if (definitions !== undefined) await publish("cron", "cron-jobs.json", definitions);
      manager ??= await start(mounts, keeper);
      const completes = [...(config && config !== before ? [CONFIG_COMPLETE] : []), ...(jobs ? [CRON_COMPLETE] : [])];
      await manager.settle(ends ? [ends] : completes, said);

      // The two halves of ours do not wait for one another; manager.sh does the config first.
      const messages = Map.groupBy(hear(), (message) =>
        /^(Config|WARNING: Config|  Changed:|  Not validated) /.test(message),
      );
      const kept = keeper.read();
      const writes = kept.writes.slice(written);
      written += writes.length;
      return [
        ...(messages.get(true) ?? []),
        ...(messages.get(false) ?? []),
        ...writes.map((write) => `$ ${write}`),
        `has ${kept.jobs.map(({ name }) => name).join(", ")}`,
        `live config: ${await readMaybe(liveConfig)}`,
        `staged: ${await readMaybe(join(mounts.staging, "cron-jobs.json"))}`,
        await remembers("config"),
        await remembers("cron"),
        manager.hasEnded() ? "has ended" : "goes on",
      ];
    },
    /** Ends the manager, and tells what it has said since the last account. */
    async stop(): Promise<string[]> {
      await manager?.stop();
      return hear();
    },
    async dispose(): Promise<void> {
      await manager?.dispose();
      await mounts.dispose();
    },
  };
}

/** manager.sh as it is, but for its paths. Its `sleep` waits for a line from the test, so that no time passes. */
async function startManagerSh(mounts: Mounts, keeper: Keeper): Promise<Manager> {
  const { root } = mounts;
  const [bin, script] = [join(root, "bin"), join(root, "manager.sh")];
  await writeFile(script, await readManagerSh(mounts, join(root, "openclaw.json")));
  await mkdir(bin);
  await writeFile(join(bin, "pgrep"), "#!/bin/sh\n", { mode: 0o755 });
  // Fails at the end of its input; that ends manager.sh too.
  await writeFile(join(bin, "sleep"), `#!/bin/sh\necho "${ASLEEP}"\nread -r _\n`, { mode: 0o755 });

  const env = mounts.environment({ PATH: `${keeper.bin}:${bin}:${process.env.PATH}` });
  // The `sh` of the plan's image.
  const manager = start(Bun.which("dash") ?? "sh", [script], { env, isTyped: true });
  const countSleeps = () => manager.stdout().split(`${ASLEEP}\n`).length - 1;
  const stop = async () => {
    manager.endInput();
    await manager.exited;
  };
  return {
    messages: () => {
      const lines = manager.stdout().replaceAll(`${ASLEEP}\n`, "").split("\n").slice(0, -1);
      return lines.map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[config-manager\] /, ""));
    },
    async settle() {
      const before = countSleeps();
      if (before > 0) manager.type("\n");
      const isSettled = () => countSleeps() > before || manager.hasEnded;
      await until("manager.sh to sleep or to end", isSettled, { explain: manager.output });
    },
    hasEnded: () => manager.hasEnded,
    stop,
    dispose: stop,
  };
}

async function startOurs(mounts: Mounts, keeper: Keeper): Promise<Manager> {
  const env = mounts.environment({ PATH: `${keeper.bin}:/usr/local/bin:/usr/bin:/bin` });
  const sidecar = startSidecar(env, ["run", "--transport", "cli"]);
  let hasEnded = false;
  void sidecar.exited.then(() => (hasEnded = true));
  return {
    messages: () => sidecar.messages(),
    async settle(ends, from) {
      for (const end of ends) await sidecar.waitFor(end, from);
      // At the start it may find the config in force, and says nothing of it.
      await until("the config to be remembered", () => existsSync(join(mounts.checksums, "config")));
    },
    hasEnded: () => hasEnded,
    async stop() {
      sidecar.signal("SIGTERM");
      expect(await sidecar.exited).toBe(0);
    },
    dispose: () => sidecar.dispose(),
  };
}
