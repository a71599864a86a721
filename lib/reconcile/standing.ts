import { describeError } from "../errors.ts";
import type { PassOutcome } from "./loop.ts";
import { attemptPass } from "./pass.ts";
import type { State } from "./report.ts";
import type { Warnings } from "./warnings.ts";

/** The checksum of a mounted directory that lacks what the kind reads from it. */
export const NOTHING = "none";

/** What is mounted in this container for one kind of setting. */
export interface Mounted {
  /** Equal files have equal checksums in any container. {@link NOTHING}: other files only; undefined: no files. */
  checksum: string | undefined;
  /** The file that the problems are in, if they do not name theirs. */
  file?: string;
}

/** What the last pass of a kind has found: for `GET /status`, which `wait` compares with its own {@link Mounted}. */
export interface Standing {
  /** Of what the pass has read from the mount; undefined before the first, and while nothing can be read. */
  checksum: string | undefined;
  state: State;
  /** What keeps it from being in force, a line each, without values. */
  problems: readonly string[];
  /** What is put off until the gateway has no work. */
  held?: { paths: readonly string[] } | undefined;
}

/** Keeps the standing of one kind. It is of this moment as far as the passes know: it asks nobody. */
export interface StandingKeeper {
  /** Undefined before the first pass has read something. */
  readonly current: Standing | undefined;
  /** To be called as soon as a pass has read what Git says. If that is new, its state is `pending` at once. */
  hasRead(checksum: string): void;
  /** To be called within a pass, with its problems; `state` replaces the one that goes with the outcome. */
  note(problems: readonly string[], state?: State): void;
  /** The same for a pass that puts a change off. */
  noteHeld(paths: readonly string[]): void;
  /** Runs one pass as {@link attemptPass} does, and keeps how it has ended. */
  attempt(topic: string, pass: () => Promise<PassOutcome>, warnings: Warnings): Promise<PassOutcome>;
}

const STATES: Readonly<Record<PassOutcome["kind"], State>> = {
  equal: "in-sync",
  pending: "pending",
  held: "pending",
  rejected: "rejected",
  failed: "failed",
};

export function createStanding(): StandingKeeper {
  let current: Standing | undefined;
  let noted: { problems: readonly string[]; state?: State | undefined; held?: Standing["held"] } = { problems: [] };
  return {
    get current() {
      return current;
    },
    hasRead(checksum) {
      if (current?.checksum !== checksum) current = { checksum, state: "pending", problems: [] };
    },
    note(problems, state) {
      noted = { problems, state };
    },
    noteHeld(paths) {
      noted = { problems: [], held: { paths } };
    },
    async attempt(topic, pass, warnings) {
      const run = () => {
        noted = { problems: [] }; // an interrupted pass is run again
        return pass();
      };
      const outcome = await attemptPass(topic, run, warnings, (error) => {
        noted = { problems: [describeError(error)] };
      });
      const { problems, state = STATES[outcome.kind], held } = noted;
      current = { checksum: current?.checksum, state, problems, held };
      return outcome;
    },
  };
}
