// Every line that a sidecar may log in a soak. One that is none of these fails it.

/** A gateway that is killed, that starts, or that ends under a call. */
const GONE =
  "(?:the gateway at ws://127\\.0\\.0\\.1:\\d+ cannot be reached: (?:connect ECONNREFUSED \\S+|read ECONNRESET|it answers with HTTP 503, and with no WebSocket|gateway starting; retry shortly)|[\\w.]+: gateway closed \\(\\d+\\): .*)";

const failedTo = (what: string) => new RegExp(`^WARNING: Failed to ${what}: ${GONE}$`);

const LINES: Record<string, RegExp> = {
  started: /^Starting config-manager-sidecar$/,
  monitoring: /^  Monitoring: \S/,
  "poll interval": /^  Poll interval: \d+s$/,
  "main process": /^(?:Waiting for openclaw main process to start\.\.\.|Main process detected|  Not yet: .*)$/,
  "initial sync": /^Performing initial cron job sync\.\.\.$/,
  connected: /^Connected to gateway: ws:\/\/127\.0\.0\.1:\d+ \(OpenClaw \S+, protocol \d+\)$/,

  "config detected": /^Config change detected in \S+$/,
  "config copied": /^Config copied to PVC: \S+$/,
  "config changed": /^  Changed: /,
  "config complete": /^Config update complete \(openclaw will auto-detect via chokidar\)$/,
  "config in force": /^Config in force$/,
  "config not validated": new RegExp(`^  Not validated by the gateway yet: (?:no gateway to ask|${GONE})$`),
  "config changed at start": /^  OpenClaw changed its config at its start: /,
  "config key twice": /^WARNING: Config has a key twice, and only the last one counts: commands\.bash$/,
  "config missing": /^WARNING: Config file not found: \S+$/,
  "config rejected": /^WARNING: Config rejected, \S+ stays as it is: /,

  "cron detected": /^Cron config change detected in \S+$/,
  "cron added": /^Adding cron job: job-\d+$/,
  "cron updated": /^Updating cron job: job-\d+$/,
  "cron removed": /^Removing cron job \(no longer in ConfigMap\): job-\d+$/,
  "cron complete": /^Cron job sync complete$/,
  "cron command as turn":
    /^WARNING: job-\d+ runs as an agent turn and costs model tokens: this OpenClaw has no command jobs \(2026\.6 has\)$/,
  "cron failed": failedTo("sync cron jobs"),
  "cron missing": /^WARNING: Cron config file not found$/,
  "cron rejected": /^WARNING: Cron config rejected: \S+: /,

  "workspace file written": /^Workspace file written: \S+$/,
  "skill written": /^Skill written: \S+$/,
  "workspace file removed": /^Workspace file removed \(no longer in ConfigMap\): \S+$/,
  "workspace file refused":
    /^WARNING: Workspace file not taken: (?:MEMORY\.md: MEMORY\.md and memory\/ are the agent's own|agents\/nobody: no such agent; the config has main)$/,
  "workspace failed": failedTo("sync workspace files"),
  "skill not used":
    /^WARNING: Skill not used: \S+\/skills\/release-notes\/SKILL\.md: the gateway does not use this skill: it has no front matter /,
  "workspace complete": /^Workspace sync complete$/,

  "approvals detected": /^Exec approvals change detected in \S+$/,
  "approvals updated": /^Exec approvals updated: /,
  "approvals complete": /^Exec approvals sync complete$/,
  "approvals refused":
    /^WARNING: Exec approvals refused by the gateway, the live ones stay as they are: .*unexpected property 'argPattern' \(this release, dev, has no such field\)$/,
  "approvals failed": failedTo("sync exec approvals"),
  "approvals unknown":
    /^WARNING: Exec approvals in Git are not known: \S+ is empty or not mounted; the live ones stay$/,
  "approvals rejected": /^WARNING: Exec approvals rejected, the live ones stay as they are: /,

  "secrets copied": /^Secrets copied: /,
  "secrets removed": /^Secrets removed \(no longer in the Secret\): /,
  "secrets missing": /^WARNING: No secret in \S+, what is in \S+ stays as it is: mount the Secret there$/,
  "secrets rejected":
    /^WARNING: Secrets of \S+ rejected, what is in \S+ stays as it is: without a value: smtp-password$/,
  "secrets no text":
    /^WARNING: Not UTF-8 text, copied as it is: keystore\.p12; a SecretRef of OpenClaw reads text only$/,
  "secrets not reloaded":
    /^WARNING: Failed to reload secrets: secrets\.reload failed; the gateway keeps the former values, and its log has the reason$/,
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
