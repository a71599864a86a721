// What happens to the reference sidecar and to config-manager, step by step, and where the two may differ.

import type { Kept } from "../support/openclaw-stub.ts";
import { addJob } from "../support/openclaw-stub.ts";
import { PLAN_JOB } from "./plan.ts";

/** Where ours is another on purpose, and why. */
export const DIFFERENCES = {
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

export interface Step {
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

export const CONFIG_COMPLETE = "Config update complete (openclaw will auto-detect via chokidar)";
export const CRON_COMPLETE = "Cron job sync complete";
const CONFIG = '{ "gateway": { "mode": "local" }, "logging": { "level": "info" } }\n';
const NEW_CONFIG = '{\n  // JSON5, 日本語\n  gateway: { mode: "local" },\n  logging: { level: "debug" },\n}\n';
const BROKEN = '{ "gateway": ';
const CHANGED_PATH = ["changed paths", "+   Changed: logging.level (hot)"] as const;
/** Neither has a gateway here. */
const NOT_VALIDATED = ["judged configs", "+   Not validated by the gateway yet: no gateway to ask"] as const;

export const print = (jobs: readonly object[]) => JSON.stringify(jobs, undefined, 2);
const job = (name: string, schedule = "0 3 * * *") => ({ name, schedule, command: "true" });
const needlessUpdate = (name: string): Difference[] => [
  ["needless updates", `- Updating cron job: ${name}`],
  ["needless updates", `- $ update ${name}`],
];

/** What happens, from the start on. */
export const SCENARIOS: Record<string, readonly Step[]> = {
  "the life of the plan's job": [
    { what: "start", config: CONFIG, jobs: [PLAN_JOB] },
    { what: "the config changes", config: NEW_CONFIG, differs: [CHANGED_PATH, NOT_VALIDATED] },
    { what: "one is added", jobs: [PLAN_JOB, job("added")], differs: needlessUpdate("obsidian-vault-sync") },
    { what: "one changes", jobs: [{ ...PLAN_JOB, timeout: 60 }, job("added")], differs: needlessUpdate("added") },
    { what: "one goes, the other changes", jobs: [job("added", "0 4 * * *")] },
    {
      what: "both files change",
      config: CONFIG,
      jobs: [job("added", "0 5 * * *"), PLAN_JOB],
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
      jobs: [PLAN_JOB, job("by hand")],
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
    { what: "start", config: CONFIG, jobs: [PLAN_JOB] },
    {
      what: "they break",
      jobs: BROKEN,
      ends: /^WARNING: Cron config rejected/,
      differs: [
        ["broken definitions", "+ WARNING: Cron config rejected: cron-jobs.json: invalid end of input at 1:14"],
        ["broken definitions", `+ staged: ${print([PLAN_JOB])}`, `- staged: ${BROKEN}`, "+ goes on", "- has ended"],
      ],
    },
  ],
  "files that go missing": [
    { what: "start", config: CONFIG, jobs: [PLAN_JOB] },
    {
      what: "the definitions go",
      jobs: null,
      ends: /^WARNING: Cron config file not found$/,
      differs: [["missing files", "+ does not remember cron", "- remembers cron"]],
    },
    { what: "they are back", jobs: [PLAN_JOB], differs: needlessUpdate("obsidian-vault-sync") },
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
