// What Git says in a soak: good and bad contents of each kind, as people and their templates write them.

import { join } from "node:path";
import type { KindName } from "../../lib/commands/kinds.ts";
import { approvalsOf } from "./approvals.ts";
import type { TestGateway } from "./gateway.ts";
import type { Random } from "./random.ts";
import { realConfig } from "./real-config.ts";
import type { VolumeFiles } from "./volume.ts";

/** What all secret values of a soak begin with: no log may have it. */
export const SECRET_MARK = "soak-secret-";

/** One content of one kind. */
export interface Content {
  readonly name: string;
  readonly files: VolumeFiles;
}

/** Something that Git may say, and how often it does. */
interface Choice {
  readonly name: string;
  readonly weight: number;
  readonly make: (round: number) => VolumeFiles;
}

/** What Git says. A round gives each content other words. */
export interface Contents {
  /** A good content: the same things each time, in other words. */
  good(kind: KindName, round: number): Content;
  /** Any content. */
  any(kind: KindName, round: number): Content;
}

interface Places {
  gateway: TestGateway;
  /** Where the secrets are copied to. */
  target: string;
  /** SecretRefs to files came after 2026.2.9. */
  hasSecretRefs: boolean;
  random: Random;
}

/** A moment that does not pass meanwhile. No gateway takes one that is more than ten years ahead. */
const NEXT_YEAR = new Date(Date.now() + 365 * 86_400_000).toISOString();

/** How many jobs a good content has. */
export const JOBS = 12;

const EMOJIS = ["👀", "🦞", "✅", "🎉"];

export function createContents(places: Places): Contents {
  const { random } = places;
  const choices: Record<KindName, [Choice, ...Choice[]]> = {
    config: configs(places),
    cron: crons(random),
    workspace: workspaces(random),
    approvals: approvals(random),
    secrets: secrets(random),
  };
  const toContent = ({ name, make }: Choice, round: number): Content => ({ name, files: make(round) });
  return {
    good: (kind, round) => toContent(choices[kind][0], round),
    any: (kind, round) => toContent(random.pick(choices[kind]), round),
  };
}

function configs({ gateway, target, hasSecretRefs, random }: Places): [Choice, ...Choice[]] {
  const provider = `{ providers: { acme: { source: "file", path: "${join(target, "acme-api-key")}", mode: "singleValue" } } }`;
  const root = (round: number, more: Record<string, string> = {}, hasOldKeys = false) =>
    realConfig(gateway, {
      hasOldKeys,
      ackReaction: EMOJIS[round % EMOJIS.length] ?? "",
      modelName: `Acme ${round}`,
      responsePrefix: `[${round}]`,
      more: {
        agents: '{ $include: "./agents.json5" }',
        ...(hasSecretRefs ? { secrets: provider } : {}),
        ...more,
      },
    }).replace('"${ACME_API_KEY}"', hasSecretRefs ? '{ source: "file", provider: "acme", id: "value" }' : "$&");
  const agents = (round: number) =>
    `// agents\n{ defaults: { model: { primary: "acme/acme-1" }, timeoutSeconds: ${600 + (round % 100)}, $include: "./heartbeat.json5" } }\n`;
  const files = (round: number, text = root(round)) => ({
    "openclaw.json": text,
    "agents.json5": agents(round),
    "heartbeat.json5": `{ heartbeat: { every: "${30 + (round % 20)}m" } }\n`,
  });
  const without = (all: VolumeFiles, name: string) =>
    Object.fromEntries(Object.entries(all).filter(([each]) => each !== name));
  const cut = (text: string) => text.slice(0, 40 + random.integer(text.length - 50));
  const otherPort = `{ mode: "local", bind: "loopback", port: ${gateway.port - 1}, auth: { mode: "token", token: "\${OPENCLAW_GATEWAY_TOKEN}" } }`;
  return [
    { name: "good", weight: 50, make: (round) => files(round) },
    { name: "restart", weight: 1, make: (round) => files(round, root(round, { gateway: otherPort })) },
    { name: "large", weight: 2, make: (round) => files(round, `// ${"x".repeat(200_000)}\n${root(round)}`) },
    { name: "old keys", weight: 2, make: (round) => files(round, root(round, {}, true)) },
    {
      name: "key twice",
      weight: 2,
      make: (round) => files(round, root(round, { commands: "{ bash: false, bash: true }" })),
    },
    { name: "unknown key", weight: 4, make: (round) => files(round, root(round, { acme: `{ round: ${round} }` })) },
    { name: "wrong type", weight: 4, make: (round) => files(round, root(round, { cron: '{ enabled: "soon" }' })) },
    { name: "syntax error", weight: 6, make: (round) => files(round, cut(root(round))) },
    { name: "no object", weight: 2, make: (round) => files(round, "[]\n") },
    { name: "empty file", weight: 3, make: (round) => files(round, "") },
    { name: "missing file", weight: 4, make: (round) => without(files(round), "openclaw.json") },
    { name: "missing include", weight: 3, make: (round) => without(files(round), "agents.json5") },
    { name: "broken include", weight: 3, make: (round) => ({ ...files(round), "agents.json5": cut(agents(round)) }) },
    { name: "empty ConfigMap", weight: 3, make: () => ({}) },
  ];
}

function crons(random: Random): [Choice, ...Choice[]] {
  const job = (index: number, round: number): object => {
    const name = `job-${index}`;
    if (index % 4 === 0) return { name, schedule: `${round % 60} 3 1 1 *`, command: `echo ${round}`, retry: 2 };
    if (index % 4 === 1)
      return { name, schedule: { kind: "every", everyMs: 86_400_000 + round }, message: `Say ${round}` };
    if (index % 4 === 2) return { name, schedule: { kind: "at", at: NEXT_YEAR }, message: "Wish a happy new year" };
    return {
      name,
      description: `Since ${round}`,
      schedule: `${round % 60} 3 1 1 *`,
      tz: "Asia/Tokyo",
      message: "Sum up",
    };
  };
  const all = (round: number) => Array.from({ length: JOBS }, (_, index) => job(index, round));
  const file = (value: unknown) => ({ "cron-jobs.json": JSON.stringify(value, undefined, 2) });
  const withChange = (round: number, change: object) => file(all(round).with(3, { ...job(3, round), ...change }));
  const some = (round: number) => all(round).slice(random.integer(5));
  return [
    { name: "good", weight: 20, make: (round) => file(all(round)) },
    { name: "some jobs", weight: 20, make: (round) => file(some(round)) },
    {
      name: "two files",
      weight: 4,
      make: (round) => ({
        ...file(all(round).slice(1)),
        "more.yaml": `- name: job-0\n  schedule: ${round % 60} 3 1 1 *\n  message: Say ${round}\n`,
      }),
    },
    { name: "no jobs", weight: 2, make: () => file([]) },
    { name: "unknown field", weight: 4, make: (round) => withChange(round, { mesage: "Say it" }) },
    { name: "two payloads", weight: 4, make: (round) => withChange(round, { command: "true" }) },
    { name: "wrong schedule", weight: 4, make: (round) => withChange(round, { schedule: "61 3 1 1 *" }) },
    { name: "name twice", weight: 4, make: (round) => withChange(round, { name: "job-4" }) },
    {
      name: "syntax error",
      weight: 4,
      make: (round) => ({ "cron-jobs.json": JSON.stringify(all(round)).slice(0, 200 + random.integer(600)) }),
    },
    { name: "empty file", weight: 3, make: () => ({ "cron-jobs.json": "" }) },
    { name: "missing file", weight: 4, make: () => ({ "README.md": "no jobs here\n" }) },
    { name: "empty ConfigMap", weight: 3, make: () => ({}) },
  ];
}

function workspaces(random: Random): [Choice, ...Choice[]] {
  const good = (round: number): VolumeFiles => ({
    "AGENTS.md": `# Rules, ${round}\n`,
    "SOUL.md": `# Soul, ${round}\n`,
    "docs/handbook.md": `${round}\n`.repeat(500),
    "skills/release-notes/SKILL.md": `---\nname: release-notes\ndescription: Drafts the notes, ${round}.\n---\n\nRun collect.sh.\n`,
    "skills/release-notes/collect.sh": { content: `#!/bin/sh\necho ${round}\n`, mode: 0o755 },
    ...(round % 3 === 0 ? { "skills/release-notes/extra.md": `${round}\n` } : {}),
  });
  return [
    { name: "good", weight: 40, make: good },
    {
      name: "few files",
      weight: 10,
      make: (round) => Object.fromEntries(Object.entries(good(round)).filter(() => random.integer(2) === 0)),
    },
    {
      name: "many files",
      weight: 2,
      make: (round) => ({
        ...good(round),
        ...Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`notes/${at}.md`, `${round}\n`])),
      }),
    },
    {
      name: "no text",
      weight: 3,
      make: (round) => ({ ...good(round), "docs/logo.png": new Uint8Array([137, 80, 78, 71, 0, round % 256]) }),
    },
    { name: "empty files", weight: 4, make: (round) => ({ ...good(round), "AGENTS.md": "", "docs/handbook.md": "" }) },
    { name: "the agent's own", weight: 4, make: (round) => ({ ...good(round), "MEMORY.md": `${round}\n` }) },
    {
      name: "unknown agent",
      weight: 4,
      make: (round) => ({ ...good(round), "agents/nobody/AGENTS.md": `${round}\n` }),
    },
    {
      name: "broken skill",
      weight: 4,
      make: (round) => ({ ...good(round), "skills/release-notes/SKILL.md": `---\nname: [\n${round}\n` }),
    },
    { name: "empty ConfigMap", weight: 5, make: () => ({}) },
  ];
}

function approvals(random: Random): [Choice, ...Choice[]] {
  const file = (text: string) => ({ "exec-approvals.json": text });
  const good = (round: number, more: object = {}) => approvalsOf(["/usr/bin/git", `/opt/${round}/bin/tool`], more);
  return [
    { name: "good", weight: 40, make: (round) => file(good(round)) },
    {
      name: "many rules",
      weight: 5,
      make: (round) => file(approvalsOf(Array.from({ length: 50 }, (_, at) => `/opt/${round}/${at}`))),
    },
    {
      name: "modes",
      weight: 5,
      make: (round) => file(good(round, { security: "allowlist", ask: round % 2 === 0 ? "off" : "on-miss" })),
    },
    {
      name: "newer field",
      weight: 4,
      make: (round) =>
        file(
          JSON.stringify({
            version: 1,
            agents: { main: { allowlist: [{ pattern: `/opt/${round}`, argPattern: "^status$" }] } },
          }),
        ),
    },
    { name: "unknown key", weight: 4, make: (round) => file(good(round, { allowlst: [] })) },
    { name: "wrong type", weight: 4, make: () => file('{ "version": 1, "agents": [] }') },
    { name: "wrong version", weight: 3, make: () => file('{ "version": 7 }') },
    { name: "syntax error", weight: 4, make: (round) => file(good(round).slice(0, 10 + random.integer(60))) },
    { name: "empty file", weight: 3, make: () => file("") },
    { name: "missing file", weight: 5, make: () => ({}) },
  ];
}

function secrets(random: Random): [Choice, ...Choice[]] {
  const value = (round: number) => `${SECRET_MARK}${round}-${random.integer(2 ** 30).toString(36)}`;
  const good = (round: number): VolumeFiles => ({ "acme-api-key": value(round), "smtp-password": value(round) });
  return [
    { name: "good", weight: 40, make: good },
    {
      name: "more keys",
      weight: 10,
      make: (round) => ({
        ...good(round),
        ...Object.fromEntries(Array.from({ length: 1 + random.integer(8) }, (_, at) => [`key-${at}`, value(round)])),
      }),
    },
    {
      name: "no text",
      weight: 4,
      make: (round) => ({
        ...good(round),
        "keystore.p12": Buffer.concat([Buffer.from([0xff, 0]), Buffer.from(value(round))]),
      }),
    },
    { name: "without a value", weight: 4, make: (round) => ({ ...good(round), "smtp-password": "" }) },
    { name: "renamed key", weight: 1, make: (round) => ({ "acme-key": value(round), "smtp-password": value(round) }) },
    { name: "empty Secret", weight: 5, make: () => ({}) },
  ];
}
