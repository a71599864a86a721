// An agent that edits its workspace all the time, and a reader who looks for half a skill.

import { appendFileSync, constants, writeFileSync } from "node:fs";
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Folder } from "../../lib/files/folder.ts";
import type { VolumeFiles } from "./volume.ts";

/** To the end of a file that is there. */
const APPEND = constants.O_WRONLY | constants.O_APPEND;

/** The files of the skill `foo`, in each generation. */
export const NAMES = ["SKILL.md", "a.md", "b.md", "c.md", "run.sh"];

/** The round that a text is of: `git 7`. */
export function roundOf(text: string | undefined): string | undefined {
  return /git \d+/.exec(text ?? "")?.[0];
}

/** What Git says in a round: `AGENTS.md` and a skill, whose files all tell the round, see {@link roundOf}. */
export function generation(round: number): VolumeFiles {
  return {
    "AGENTS.md": `git ${round}\n`,
    ...Object.fromEntries(NAMES.map((name) => [`skills/foo/${name}`, `git ${round}\n`])),
    "skills/foo/SKILL.md": `---\nname: foo\ndescription: Tells git ${round}.\n---\n`,
    "skills/foo/run.sh": { content: `git ${round}\n`, mode: 0o755 },
    // Another number of files each time.
    ...(round % 3 === 0 ? { "skills/foo/extra.md": `git ${round}\n`, "docs/x.md": `git ${round}\n` } : {}),
  };
}

/** What is in a skill's folder, if it was the same folder all the time; undefined if it was replaced meanwhile. */
export async function readSkill(path: string): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    await using folder = await Folder.open(path);
    const files = new Map<string, string>();
    for (const name of await folder.list()) files.set(name, await readFile(folder.at(name), "utf8"));
    const [before, after] = [await stat(folder.at(".")), await stat(path)];
    return before.ino === after.ino ? files : undefined;
  } catch {
    return undefined; // replaced while it was read
  }
}

export interface BusyAgent {
  /** Half a skill that the reader has seen; undefined if none. */
  readonly half: string | undefined;
  stop(): Promise<void>;
  /** What is wrong with the workspace in the end: texts that are gone, and files that are nobody's. */
  findDamage(): Promise<{ edits: number; lost: string[]; strays: string[] }>;
}

/** Works in a workspace that {@link generation} is delivered to. */
export function startAgent(workspace: string): BusyAgent {
  const skill = join(workspace, "skills/foo");
  const texts: string[] = [];
  const isDone = new AbortController();
  let half: string | undefined;

  const reading = (async () => {
    while (!isDone.signal.aborted) {
      const files = await readSkill(skill);
      const git = [...(files ?? [])].filter(([name]) => NAMES.includes(name)).map(([, text]) => roundOf(text));
      if (files && (git.length !== NAMES.length || new Set(git).size !== 1)) half ??= JSON.stringify([...files]);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  const editing = (async () => {
    for (let edit = 0; !isDone.signal.aborted; edit++) {
      await new Promise((resolve) => setTimeout(resolve, 40 + Math.random() * 60));
      const text = `agent ${edit};`;
      try {
        if (edit % 3 === 0)
          appendFileSync(join(workspace, "AGENTS.md"), `${text}\n`, { flag: APPEND as unknown as string });
        else if (edit % 3 === 1) writeFileSync(join(skill, `own-${edit}.txt`), text);
        else appendFileSync(join(skill, "a.md"), `${text}\n`, { flag: APPEND as unknown as string });
        texts.push(text);
      } catch {
        // The file is not there yet.
      }
    }
  })();

  return {
    get half() {
      return half;
    },
    async stop() {
      isDone.abort();
      await Promise.all([reading, editing]);
    },
    async findDamage() {
      const entries = await readdir(workspace, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      const all = (await Promise.all(files.map((path) => readFile(path, "utf8")))).join("\n");
      const names = files.map((path) => path.slice(workspace.length));
      // Of what only Git has written, nothing counts as the agent's.
      const isKept = (name: string) => name.includes(".from-agent") && !/AGENTS\.md|a\.md/.test(name);
      return {
        edits: texts.length,
        lost: texts.filter((text) => !all.includes(text)),
        strays: names.filter((name) => name.includes("config-manager") || isKept(name)),
      };
    },
  };
}
