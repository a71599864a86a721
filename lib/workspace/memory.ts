import { identifyGeneration } from "../files/volume.ts";
import { ALWAYS_ASKED, type Answers, createAnswers } from "./answers.ts";
import { type Marks, createMarks } from "./marks.ts";
import { type Desired, readDesired } from "./read.ts";

/** What former passes have found out, and what cannot have changed since. */
export interface Memory {
  answers: Answers;
  marks?: Marks;
  /** As {@link readDesired}, which it calls once for each generation of the volume. */
  readDesired: typeof readDesired;
}

/** Remembers nothing: what a person asks for is of this moment. */
export const NO_MEMORY: Memory = { answers: ALWAYS_ASKED, readDesired };

export function createMemory(clock: { uptimeMs: () => number; nowMs: () => number }): Memory {
  let former: { generation: string; desired: Desired } | undefined;
  return {
    answers: createAnswers(clock.uptimeMs),
    marks: createMarks(clock.nowMs),
    async readDesired(workspaceDir) {
      const generation = await identifyGeneration(workspaceDir);
      if (generation !== undefined && former?.generation === generation) return former.desired;
      former = undefined;
      const desired = await readDesired(workspaceDir);
      if (generation !== undefined && (await identifyGeneration(workspaceDir)) === generation) {
        former = { generation, desired };
      }
      return desired;
    },
  };
}
