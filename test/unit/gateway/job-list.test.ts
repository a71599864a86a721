import { describe, expect, test } from "bun:test";
import { readJobs } from "../../../lib/gateway/job-list.ts";
import { liveJob, refusalOf } from "../../support/fakes.ts";

interface Peer {
  /** How many jobs each page has. */
  size: number;
  /** How many characters come with each page. */
  length?: number;
  /** How long each page takes, in milliseconds. */
  takesMs?: number;
}

/** Reads from a peer that never stops sending pages, each of other jobs; also returns the number of its answers. */
async function readEndless({ size, length = 1, takesMs = 0 }: Peer) {
  let answers = 0;
  let nowMs = 0;
  const source = {
    receivedLength: 0,
    async call() {
      const jobs = Array.from({ length: size }, (_, index) => liveJob({ id: `${answers}-${index}` }));
      answers += 1;
      nowMs += takesMs;
      source.receivedLength += length;
      return { jobs, hasMore: true, snapshotRevision: "1" };
    },
  };
  return { refusal: await refusalOf(readJobs(source, () => nowMs)), answers };
}

describe("readJobs()", () => {
  test.each<[string, Peer, number]>([
    ["has more than 20000 jobs", { size: 200 }, 101],
    ["has more than 200 pages", { size: 1 }, 200],
    ["has more than 8388608 characters", { size: 1, length: 2_500_000 }, 4],
    ["has not come within 120 s", { size: 1, takesMs: 29_000 }, 5],
  ])("rejects a list that %s", async (what, peer, answers) => {
    const result = await readEndless(peer);
    expect(result.refusal).toMatchObject({
      code: "rejected",
      message: `cron.list: the list ${what}; half a list is not acted on`,
    });
    expect(result.answers).toBe(answers);
  });
});
