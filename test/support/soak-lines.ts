// Every line that a sidecar may log in a soak. One that is none of these fails it.

/** Why there is no connection to a gateway that is killed, that starts, or that has too little of the processor. */
const NO_CONNECTION = [
  "connect (?:ECONNREFUSED|ECONNRESET) \\S+",
  "(?:read|write) (?:ECONNRESET|EPIPE)",
  "Connection ended",
  "it answers with HTTP 503, and with no WebSocket",
  "gateway starting; retry shortly",
  "no answer",
  "closed by the gateway \\(\\d+.*\\)",
].join("|");

/** Why a call fails meanwhile. 2026.9.6 takes 30 writes of a kind a minute. */
const NO_ANSWER = [
  "gateway closed \\(\\d+\\): .*",
  "gateway request timed out after \\d+ms: [\\w.]+",
  "gateway not connected",
].join("|");

const GONE = `(?:the gateway at ws://127\\.0\\.0\\.1:\\d+ cannot be reached: (?:${NO_CONNECTION})|[\\w.]+: (?:${NO_ANSWER})|[\\w.]+ unavailable during gateway restart|rate limit exceeded for [\\w.]+.*)`;

/** What a gateway with too little of the processor has not seen yet, or has written itself meanwhile. */
const UNNOTICED =
  "the gateway has not noticed the file within \\d+ s; it reads \\S+|something else has changed the file meanwhile";

/** How a text is no JSON5: it was cut. */
const CUT = "invalid end of input at \\d+:\\d+";

/** What is wrong with a config. */
const BAD_CONFIG = [
  "the file is empty",
  "expected an object at the top",
  `(?:\\$include: (?:agents|heartbeat)\\.json5: )?${CUT}`,
  "\\$include: agents\\.json5: the ConfigMap has no such key",
  '(?:gateway\\.controlUi: )?Unrecognized key: "(?:acme|allowInsecureAuth)"',
  "cron\\.enabled: Invalid input: expected boolean, received \\w+(?: \\(allowed: true, false\\))?",
  "SecretProviderResolutionError: .+", // the Secret has lost its key
  ".*\\(in Git: config-manager export config prints it as OpenClaw has migrated it\\)", // old keys
].join("|");

const BAD_JOBS = [
  `cron-jobs\\.json: (?:is empty; write \\[\\] to declare no jobs|${CUT})`,
  "cron-jobs\\.json: job-3: mesage: unknown field, did you mean message\\?",
  "cron-jobs\\.json: job-3: message: expected exactly one of command, message, systemEvent, payload but received command and message",
  "cron-jobs\\.json: job-3: schedule: Invalid value for minute: 61",
  "cron-jobs\\.json: job-4: name: is defined twice, first in cron-jobs\\.json",
].join("|");

const BAD_APPROVALS = [
  "agents: expected an object, by agent",
  "agents\\.main\\.allowlst: unknown field; did you mean allowlist\\?",
  "version: is another version; only 1 is known",
  'the file is empty; \\{"version": 1\\} declares nothing',
  CUT,
].join("|");

const failedTo = (what: string) => new RegExp(`^WARNING: Failed to ${what}: ${GONE}$`);

const LINES: Record<string, RegExp> = {
  started: /^Starting config-manager-sidecar$/,
  monitoring: /^  Monitoring: \S/,
  "poll interval": /^  Poll interval: \d+s$/,
  "main process": new RegExp(
    `^(?:Waiting for openclaw main process to start\\.\\.\\.|Main process detected|  Not yet: ${GONE})$`,
  ),
  "initial sync": /^Performing initial cron job sync\.\.\.$/,
  connected: /^Connected to gateway: ws:\/\/127\.0\.0\.1:\d+ \(OpenClaw \S+, protocol \d+\)$/,

  "config detected": /^Config change detected in \S+$/,
  "config copied": /^Config copied to PVC: \S+$/,
  "config changed": /^  Changed: [\w.]+ \((?:hot|restart|none)\)$/,
  "config complete": /^Config update complete \(openclaw will auto-detect via chokidar\)$/,
  "config in force": /^Config in force$/,
  "config not validated": new RegExp(
    `^  Not validated by the gateway yet: (?:no gateway to ask|${UNNOTICED}|${GONE})$`,
  ),
  "config changed at start": /^  OpenClaw changed its config at its start: /,
  "config key twice": /^WARNING: Config has a key twice, and only the last one counts: commands\.bash$/,
  "config merged": /^WARNING: Config merged: OpenClaw has migrated keys that Git still has: /,
  "config put back": /^WARNING: OpenClaw put an older config back at its start; Git's is delivered again: /,
  "config half": /^WARNING: Config is less than half its former size: \d+ bytes before, \d+ now$/,
  "config late": /^WARNING: Config not in force after 30 s: a restart may be deferred until running work is done, or /,
  "config failed": failedTo("update config"),
  "config missing": /^WARNING: Config file not found: \S+$/,
  "config rejected": new RegExp(`^WARNING: Config rejected, \\S+ stays as it is: (?:${BAD_CONFIG})$`),

  "cron detected": /^Cron config change detected in \S+$/,
  "cron added": /^Adding cron job: job-\d+$/,
  "cron updated": /^Updating cron job: job-\d+$/,
  "cron removed": /^Removing cron job \(no longer in ConfigMap\): job-\d+$/,
  "cron complete": /^Cron job sync complete$/,
  "cron command as turn":
    /^WARNING: job-\d+ runs as an agent turn and costs model tokens: this OpenClaw has no command jobs \(2026\.6\.5 has\)$/,
  "cron job failed": failedTo("(?:add|update|remove) cron job: job-\\d+"),
  "cron mass removal": /^WARNING: Cron jobs left as they are: 1[0-2] would be removed at once /,
  "cron failed": failedTo("sync cron jobs"),
  "cron missing": /^WARNING: Cron config file not found$/,
  "cron rejected": new RegExp(`^WARNING: Cron config rejected: (?:${BAD_JOBS})$`),

  "workspace file written": /^Workspace file written: \S+$/,
  "skill written": /^Skill written: \S+$/,
  "workspace file removed": /^Workspace file removed \(no longer in ConfigMap\): \S+$/,
  "workspace file refused":
    /^WARNING: Workspace file not taken: (?:MEMORY\.md: MEMORY\.md and memory\/ are the agent's own|agents\/nobody: no such agent; the config has main)$/,
  "workspace file kept": /^WARNING: Workspace file edited by the agent, its text is kept: \S+: \S+$/,
  "workspace failed": failedTo("sync workspace files"),
  "skill not used":
    // 2026.9.6 misses a new skill now and then, and is shown it again in the next pass.
    /^WARNING: Skill not used: \S+\/skills\/release-notes\/SKILL\.md: the gateway does not use this skill: it (has no front matter |is not in its list$)/,
  "workspace complete": /^Workspace sync complete$/,

  "approvals detected": /^Exec approvals change detected in \S+$/,
  "approvals updated": /^Exec approvals updated: agents\.main\.[-+\w., ()]+$/,
  "approvals complete": /^Exec approvals sync complete$/,
  "approvals refused":
    /^WARNING: Exec approvals refused by the gateway, the live ones stay as they are: .*unexpected property 'argPattern' \(this release, dev, has no such field\)$/,
  "approvals failed": failedTo("sync exec approvals"),
  "approvals unknown":
    /^WARNING: Exec approvals in Git are not known: \S+ is empty or not mounted; the live ones stay$/,
  "approvals rejected": new RegExp(
    `^WARNING: Exec approvals rejected, the live ones stay as they are: (?:${BAD_APPROVALS})$`,
  ),

  "secrets copied": /^Secrets copied: [-\w., ]+$/,
  "secrets removed": /^Secrets removed \(no longer in the Secret\): [-\w., ]+$/,
  "secrets missing": /^WARNING: No secret in \S+, what is in \S+ stays as it is: mount the Secret there$/,
  "secrets rejected":
    /^WARNING: Secrets of \S+ rejected, what is in \S+ stays as it is: without a value: smtp-password$/,
  "secrets no text":
    /^WARNING: Not UTF-8 text, copied as it is: keystore\.p12; a SecretRef of OpenClaw reads text only$/,
  "secrets degraded": /^WARNING: The gateway has reloaded its secrets with \d+ warnings?: /,
  "secrets not reloaded": new RegExp(
    `^WARNING: Failed to reload secrets: (?:${GONE}|secrets\\.reload failed; the gateway keeps the former values, and its log has the reason)$`,
  ),
  "secrets no reload": /^WARNING: OpenClaw dev has no secrets\.reload: a changed secret counts from its next start$/,
  "secrets failed": failedTo("copy secrets"),
  "secrets reloaded": /^Secrets reloaded by the gateway$/,
};

export interface Account {
  /** How many lines of each kind there are. */
  counts: Record<string, number>;
  /** The lines that should not be there, each once. */
  unexpected: string[];
}

/** Assigns each line to its kind. @param secrets what no line may contain */
export function accountFor(lines: readonly string[], secrets: readonly string[]): Account {
  const counts: Record<string, number> = {};
  const unexpected = new Set<string>();
  for (const line of lines) {
    const [kind] = Object.entries(LINES).find(([, pattern]) => pattern.test(line)) ?? [];
    if (kind === undefined || secrets.some((secret) => line.includes(secret))) unexpected.add(line);
    else counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return { counts, unexpected: [...unexpected] };
}
