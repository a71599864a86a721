import type { JsonObject } from "../../lib/json.ts";

/** A job in cron-jobs.json. */
export type Definition = JsonObject & { name: string };

const nextYear = new Date().getFullYear() + 1;
const NIGHTLY = { schedule: "0 3 1 1 *" };
/** These start a process as soon as they are there. */
const OFF = { enabled: false };

/** One definition of every kind that the newest release takes, and of every field. */
export const EVERY_KIND: readonly Definition[] = [
  { name: "command", ...NIGHTLY, command: "true" },
  { name: "command-argv", ...NIGHTLY, command: ["printf", "%s", "$(not run) 'quoted' \\ \n"] },
  { name: "command-options", ...NIGHTLY, command: "true", timeout: 5, retry: 2, cwd: "/tmp", env: { A: "1", B: "" } },
  { name: "command-input", ...NIGHTLY, command: "cat", input: "in\n", noOutputTimeoutSeconds: 5, outputMaxBytes: 1024 },
  { name: "command-tools", ...NIGHTLY, command: "true", tools: ["read"] },
  { name: "command-own", ...NIGHTLY, payload: { kind: "command", argv: ["true"], timeoutSeconds: 1.5 } },
  { name: "message", ...NIGHTLY, message: "Say hello" },
  { name: "message-options", ...NIGHTLY, message: "Say hello", model: "Anthropic/x", thinking: "low", timeout: 60 },
  { name: "message-fallbacks", ...NIGHTLY, message: "Say hello", fallbacks: [" a/b ", "c/d"], lightContext: true },
  {
    name: "message-tools",
    ...NIGHTLY,
    message: "Say hello",
    tools: [" read", "exec"],
    allowUnsafeExternalContent: true,
  },
  { name: "message-unlimited", ...NIGHTLY, message: "Say hello", timeout: 0 },
  { name: "message-fraction", ...NIGHTLY, message: "Say hello", timeout: 1.5 },
  { name: "message-own", ...NIGHTLY, payload: { kind: "agentTurn", message: "Say hello", lightContext: false } },
  { name: "event", ...NIGHTLY, systemEvent: "Hello" },
  { name: "event-tools", ...NIGHTLY, systemEvent: "Hello", tools: ["read"] },
  {
    name: "event-webhook",
    ...NIGHTLY,
    systemEvent: "Hello",
    delivery: { mode: "webhook", to: "https://example.com/A" },
  },
  {
    name: "script",
    ...NIGHTLY,
    payload: { kind: "script", script: " return {};\n", timeoutSeconds: 60, toolBudget: 5 },
  },
  { name: "script-main", ...NIGHTLY, session: "main", payload: { kind: "script", script: "return {};" } },
  { name: "six-fields", schedule: "30 0 3 1 1 *", message: "Say hello" },
  { name: "nickname", schedule: "@yearly", message: "Say hello" },
  { name: "zone", schedule: "0  3 1 1 *", tz: "asia/tokyo", message: "Say hello" },
  { name: "stagger", schedule: { kind: "cron", expr: "0 * * * *", staggerMs: 0 }, message: "Say hello", ...OFF },
  { name: "every", schedule: { kind: "every", everyMs: 86_400_000 }, message: "Say hello" },
  { name: "every-anchor", schedule: { kind: "every", everyMs: 86_400_000, anchorMs: 1_000 }, message: "Say hello" },
  { name: "at", schedule: { kind: "at", at: `${nextYear}-06-01T09:00:00+09:00` }, message: "Say hello" },
  {
    name: "at-kept",
    schedule: { kind: "at", at: `${nextYear}-06-01T00:00Z` },
    message: "Say hello",
    deleteAfterRun: false,
  },
  { name: "on-exit", schedule: { kind: "on-exit", command: "sleep 9", cwd: "/tmp" }, message: "It ended", ...OFF },
  {
    name: "stream",
    schedule: { kind: "stream", command: ["sleep", "9"], mode: "match", match: "x", batchMs: 100, maxBatchBytes: 2048 },
    message: "It said",
    ...OFF,
  },
  { name: "announce", ...NIGHTLY, message: "Say hello", delivery: { mode: "announce", channel: "Telegram", to: "1" } },
  { name: "announce-last", ...NIGHTLY, command: "true", delivery: { mode: "announce", bestEffort: true } },
  {
    name: "account",
    ...NIGHTLY,
    message: "Say hello",
    delivery: { mode: "announce", channel: "discord", to: "1", accountId: "Me" },
  },
  {
    name: "thread",
    ...NIGHTLY,
    message: "Say hello",
    delivery: { mode: "announce", channel: "telegram", to: "1", threadId: " 7 " },
  },
  { name: "webhook", ...NIGHTLY, message: "Say hello", delivery: { mode: "webhook", to: "https://example.com/A?b" } },
  {
    name: "destinations",
    ...NIGHTLY,
    message: "Say hello",
    delivery: {
      mode: "announce",
      failureDestination: { mode: "announce", channel: "Slack", to: "C1", accountId: "Me" },
    },
  },
  {
    name: "completion",
    ...NIGHTLY,
    message: "Say hello",
    delivery: { mode: "announce", completionDestination: { mode: "webhook", to: "https://example.com/A" } },
  },
  {
    name: "alert",
    ...NIGHTLY,
    message: "Say hello",
    failureAlert: { after: 3, channel: "Telegram", to: "1", cooldownMs: 0 },
  },
  { name: "alert-off", ...NIGHTLY, message: "Say hello", failureAlert: false },
  { name: "alert-skipped", ...NIGHTLY, message: "Say hello", failureAlert: { includeSkipped: true } },
  {
    name: "described",
    ...NIGHTLY,
    message: "Say hello",
    description: "  Two\nlines ",
    wake: "next-heartbeat",
    agent: "Main",
  },
  { name: "displayed", ...NIGHTLY, message: "Say hello", displayName: "Hello" },
  { name: "keyed", ...NIGHTLY, message: "Say hello", sessionKey: "agent:main:Hello" },
  { name: "session", ...NIGHTLY, message: "Say hello", session: "session:My Notes" },
  { name: "conversation", ...NIGHTLY, message: "Say hello", session: "current", sessionKey: "agent:main:main" },
  { name: "switched-off", ...NIGHTLY, message: "Say hello", ...OFF },
  {
    name: "watch",
    schedule: { kind: "every", everyMs: 86_400_000 },
    message: "Say hello",
    trigger: { script: "json({ fire: false })", once: true },
  },
  {
    name: "paced",
    schedule: { kind: "every", everyMs: 86_400_000 },
    message: "Say hello",
    pacing: { min: "15m", max: "4h" },
  },
];
