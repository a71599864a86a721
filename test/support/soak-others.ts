// What others have beside Git in a soak: a person's job and rule, and an agent's notes. None of it may go or change.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type LiveApprovals, grantPattern, patternsOf } from "./approvals.ts";
import type { TestGateway } from "./gateway.ts";

/** The rule that a person has granted. */
export const GRANTED = "/home/person/bin/tool";

const NOTES = "What the agent has learned.\n";

const JOB = {
  name: "by hand",
  schedule: { kind: "cron", expr: "5 4 1 1 *" },
  sessionTarget: "isolated",
  wakeMode: "now",
  payload: { kind: "agentTurn", message: "By hand" },
};

const notesOf = ({ home }: TestGateway) => join(home, ".openclaw/workspace/MEMORY.md");

/** Makes all of it, beside a gateway that runs. */
export async function makeOthers(gateway: TestGateway): Promise<void> {
  await gateway.rpc("cron.add", JOB);
  await grantPattern({ call: (method, params) => gateway.rpc(method, params) }, GRANTED);
  await writeFile(notesOf(gateway), NOTES);
}

/** Lists what of it is gone or changed. */
export async function findLost(gateway: TestGateway): Promise<string[]> {
  const jobs = (await gateway.jobs()).filter(({ name }) => name === JOB.name);
  const { file } = await gateway.rpc<{ file: LiveApprovals }>("exec.approvals.get");
  const notes = await readFile(notesOf(gateway), "utf8").catch(() => undefined);
  const isKept = {
    "the person's job": jobs.length === 1 && JSON.stringify(jobs[0]?.payload).includes(JOB.payload.message),
    "the person's rule": patternsOf(file).includes(GRANTED),
    "the agent's notes": notes === NOTES,
  };
  return Object.entries(isKept).flatMap(([name, kept]) => (kept ? [] : [name]));
}
