import { computeDigest } from "../digest.ts";
import { computeChecksum } from "../files/checksum.ts";
import { isTemporary } from "../files/temporary.ts";
import { type TreeFile, type TreeLimits, readTree } from "../files/tree.ts";
import { type Mounted, NOTHING } from "../reconcile/standing.ts";

/** A ConfigMap holds no more, in bytes. */
export const MAX_FILE_BYTES = 1024 ** 2;

/** A projected volume joins several ConfigMaps. */
const LIMITS: TreeLimits = { files: 500, bytesPerFile: MAX_FILE_BYTES, bytes: 16 * 1024 ** 2 };

/** A file that Git declares for a workspace. */
export interface DesiredFile {
  /** Relative to the workspace. */
  path: string;
  bytes: Buffer;
  isExecutable: boolean;
  /** See {@link markOf}. */
  mark: string;
}

export type Desired =
  | { kind: "missing" }
  /** Nothing of it counts. */
  | { kind: "rejected"; checksum: string; problem: string }
  | {
      kind: "read";
      /** Of all paths, modes and bytes of the volume. {@link NOTHING} of an empty one. */
      checksum: string;
      /** By the id of the agent as the folder has it; the empty text stands for the default agent. */
      byAgent: ReadonlyMap<string, readonly DesiredFile[]>;
      /** What was left out: then nothing is removed. */
      problems: readonly string[];
    };

/** The key of the default agent in {@link Desired}. */
export const DEFAULT_AGENT = "";

/** Identifies what a file holds and whether it may be run. */
export function markOf(bytes: Uint8Array, isExecutable: boolean): string {
  const digest = computeDigest("sha256", bytes);
  return isExecutable ? `${digest}+x` : digest;
}

/** The part of a mark that tells the content. */
export function contentOf(mark: string): string {
  return mark.slice(0, 64);
}

/**
 * Reads what Git declares for workspaces.
 *
 * @throws {ManagerError} `file` if the volume cannot be read.
 */
export async function readDesired(workspaceDir: string): Promise<Desired> {
  const tree = await readTree(workspaceDir, LIMITS);
  if (!tree) return { kind: "missing" };
  if (tree.kind === "excess") {
    const problem = `${tree.problem}; none of ${workspaceDir} is taken`;
    return { kind: "rejected", checksum: computeTreeChecksum([], [tree.problem]), problem };
  }
  const files = tree.files.map(toDesired);
  const byAgent = new Map<string, DesiredFile[]>();
  const problems = [...tree.problems];
  for (const file of files) {
    const place = findPlace(file.path);
    if ("problem" in place) problems.push(`${file.path}: ${place.problem}`);
    else {
      const ofAgent = byAgent.get(place.agent) ?? [];
      byAgent.set(place.agent, ofAgent);
      ofAgent.push({ ...file, path: place.path });
    }
  }
  return { kind: "read", checksum: computeTreeChecksum(files, tree.problems), byAgent, problems };
}

/** Of what is refused, only why is known: then the verdict is the same, too. */
function computeTreeChecksum(files: readonly DesiredFile[], problems: readonly string[]): string {
  const lines = [...files.map(({ path, mark }) => `${mark}  ${path}`), ...problems];
  return lines.length === 0 ? NOTHING : computeChecksum(new TextEncoder().encode(lines.join("\n")));
}

/** @throws {ManagerError} like {@link readDesired} */
export async function readMountedWorkspace(workspaceDir: string): Promise<Mounted> {
  const desired = await readDesired(workspaceDir);
  const checksum = desired.kind === "missing" ? NOTHING : desired.checksum;
  return { checksum: checksum === NOTHING ? undefined : checksum };
}

function toDesired(file: TreeFile): DesiredFile {
  return { ...file, mark: markOf(file.bytes, file.isExecutable) };
}

function findPlace(whole: string): { agent: string; path: string } | { problem: string } {
  const [first = "", agent = "", ...rest] = whole.split("/");
  const isOfAgent = first === "agents";
  if (isOfAgent && rest.length === 0) return { problem: "expected agents/ID/FILE" };
  const path = isOfAgent ? rest.join("/") : whole;
  const problem = findRefusal(path);
  return problem === undefined ? { agent: isOfAgent ? agent : DEFAULT_AGENT, path } : { problem };
}

/** Says why a path of a workspace is not Git's to declare; undefined if it is. */
export function findRefusal(path: string): string | undefined {
  const names = path.split("/");
  const [first = ""] = names;
  if (/^memory(?:\.md)?$/i.test(first)) return "MEMORY.md and memory/ are the agent's own";
  for (const name of names) {
    const lower = name.toLowerCase();
    if (lower === ".git" || lower === ".openclaw") return `${name} is not Git's to write`;
    if (isTemporary(name)) return "the name is one of config-manager's temporary files";
    if (isKeptCopy(name)) return "the name is one of config-manager's copies of what an agent wrote";
  }
  return undefined;
}

/** Whether a name is one that {@link nameCopy} makes. */
function isKeptCopy(name: string): boolean {
  return /\.from-agent(?:-\d{1,3})?$/.test(name);
}

/** The name beside a file under which the agent's own text is kept, the first or a further one. */
export function nameCopy(name: string, count: number): string {
  return `${name}.from-agent${count === 1 ? "" : `-${count}`}`;
}
