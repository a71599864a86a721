import type { Told } from "../http/ask.ts";
import { listSome } from "../printable.ts";
import { type Mounted, NOTHING } from "../reconcile/standing.ts";

/** How many problems or paths one line names. */
const MAX_NAMES = 5;

/** How far a kind of setting is that is mounted here. */
export type Progress =
  | { kind: "in-force"; line: string }
  /** A line each. */
  | { kind: "rejected"; lines: string[] }
  /** What is missing, to stand after "not in force". `hasOthers`: the sidecar has other files than this container. */
  | { kind: "waiting"; reason: string; hasOthers?: true };

/** Compares what is mounted here with what a sidecar says. Its verdict counts for the same files only. Pure. */
export function compare({ checksum = NOTHING, file }: Mounted, told: Told | undefined): Progress {
  if (!told) return wait("the sidecar does not tell of this kind: it is older than this program");
  if (told.checksum !== checksum) {
    const its = told.checksum === null ? "the sidecar has read nothing yet" : `the sidecar has ${name(told.checksum)}`;
    return { ...wait(`${its}, and here is ${name(checksum)}`), hasOthers: true };
  }
  const { state, problems, held } = told;
  switch (state) {
    case "in-sync":
      return { kind: "in-force", line: `in force (${name(checksum)})` };
    case "rejected": {
      const place = file === undefined || checksum === NOTHING ? "" : `${file}: `;
      const lines = problems.map((problem) => `${place}${problem}`);
      return { kind: "rejected", lines: lines.length > 0 ? lines : [`rejected (${name(checksum)})`] };
    }
    default: {
      if (held) return wait(`held until the gateway has no work: ${listSome(held.paths, MAX_NAMES)}`);
      const why = listSome(problems, MAX_NAMES);
      return wait(why === "" ? state : `${state}: ${why}`);
    }
  }
}

function wait(reason: string): Extract<Progress, { kind: "waiting" }> {
  return { kind: "waiting", reason };
}

function name(checksum: string): string {
  return checksum === NOTHING ? "no such file" : `md5 ${checksum.slice(0, 12)}`;
}
