// What others have beside Git in a soak: a person's job and rule, and an agent's notes. None of it may go or change.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type LiveApprovals, callsOf, grantPattern, patternsOf } from "./approvals.ts";
import { HAND_MADE, addJob } from "./feature-probes.ts";
import type { TestGateway } from "./gateway.ts";

/** The rule that a person has granted. */
export const GRANTED = "/home/person/bin/tool";

const NOTES = "What the agent has learned.\n";

const JOB = { ...HAND_MADE, name: "by hand" };

const notesOf = ({ home }: TestGateway) => join(home, ".openclaw/workspace/MEMORY.md");

/** Makes all of it, beside a gateway that runs. */
export async function makeOthers(gateway: TestGateway): Promise<void> {
  await addJob(gateway, JOB);
  await grantPattern(callsOf(gateway), GRANTED);
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
