import { constants } from "node:fs";
import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { systemCode } from "../errors.ts";
import type { Folder } from "../files/folder.ts";
import { ObstacleError, readOpened } from "../files/regular-file.ts";
import { escapeControls, escapeText } from "../printable.ts";
import type { Export } from "../reconcile/reconciler.ts";
import { findRefusal } from "./read.ts";
import { type Calls, type WorkspaceDependencies, openTarget, readAgents } from "./snapshot.ts";

/** What belongs in Git beside skills: what a person writes for an agent. BOOTSTRAP.md and the memory are the agent's. */
const NAMES = ["AGENTS.md", "SOUL.md", "TOOLS.md", "IDENTITY.md", "USER.md", "HEARTBEAT.md"];

/** The most that a ConfigMap holds, in bytes, with its keys and metadata. */
const MAX_BYTES = 1_000_000;

const MAX_FILES = 500;

const MAX_DEPTH = 20;

interface LiveFile {
  /** As the volume has it: `skills/foo/SKILL.md`, `agents/ID/AGENTS.md`. */
  path: string;
  bytes: Buffer;
  isExecutable: boolean;
}

/** Exports the agents' workspaces as a ConfigMap, with the items of its volume as comments above. */
export async function exportWorkspaces(dependencies: WorkspaceDependencies, calls: Calls): Promise<Export> {
  const { agents, defaultId } = await readAgents(dependencies, calls);
  const collection = new Collection();
  for (const { id, workspace, problem } of agents) {
    if (workspace === undefined) {
      collection.leaveOut(`agent ${id}: ${problem}`);
      continue;
    }
    const opened = await openTarget(dependencies, workspace, false);
    if (opened.problem !== undefined) collection.leaveOut(`agent ${id}: ${opened.problem}`);
    if (!opened.root) continue;
    try {
      await collection.take(opened.root, id === defaultId ? "" : `agents/${id}/`);
    } finally {
      await opened.root[Symbol.asyncDispose]();
    }
  }
  return { text: render(collection.files), caveats: collection.caveats, isComplete: collection.isComplete };
}

class Collection {
  readonly files: LiveFile[] = [];
  readonly caveats: string[] = [];
  isComplete = true;
  #bytes = 0;

  leaveOut(caveat: string): void {
    this.isComplete = false;
    this.caveats.push(caveat);
  }

  async take(root: Folder, prefix: string): Promise<void> {
    for (const name of NAMES) if (await root.stat(name)) await this.#takeFile(root, name, prefix + name);
    const skills = await root.descend(["skills"]).catch(() => undefined);
    if (skills) await this.#takeFolder(skills, "skills", prefix, 0);
  }

  async #takeFolder(folder: Folder, path: string, prefix: string, depth: number): Promise<void> {
    try {
      for (const name of await folder.list()) {
        const inner = `${path}/${name}`;
        const refusal = name.startsWith("..") ? "a name with two dots first" : findRefusal(inner);
        const stats = refusal === undefined ? await folder.stat(name) : undefined;
        if (refusal !== undefined) this.leaveOut(`${prefix}${inner}: left out: ${refusal}`);
        else if (stats?.isDirectory() && depth < MAX_DEPTH) {
          const next = await folder.descend([name]);
          if (next) await this.#takeFolder(next, inner, prefix, depth + 1);
        } else if (stats) await this.#takeFile(folder, name, prefix + inner);
      }
    } finally {
      await folder[Symbol.asyncDispose]();
    }
  }

  async #takeFile(folder: Folder, name: string, path: string): Promise<void> {
    if (this.files.length >= MAX_FILES) return this.leaveOut(`${path}: left out: more than ${MAX_FILES} files`);
    let isExecutable = false;
    try {
      const bytes = await readOpened(folder.at(name), constants.O_NOFOLLOW, (stats) => {
        if (!stats.isFile()) throw new ObstacleError(path, "special", "is no regular file");
        if (this.#bytes + stats.size > MAX_BYTES) throw new ObstacleError(path, "large", "a ConfigMap holds 1 MiB");
        isExecutable = (stats.mode & 0o100) !== 0;
        return stats.size;
      });
      this.#bytes += bytes.length;
      this.files.push({ path, bytes, isExecutable });
    } catch (error) {
      if (error instanceof ObstacleError) return this.leaveOut(`${path}: left out: ${error.what}`);
      const code = systemCode(error);
      if (code === undefined) throw error;
      this.leaveOut(`${path}: left out: ${code}`);
    }
  }
}

function render(files: readonly LiveFile[]): string {
  const keyed = files.map((file) => Object.assign(file, { key: toKey(file.path) }));
  const texts = keyed.flatMap(({ key, bytes }) => (isText(bytes) ? [[key, bytes.toString()] as const] : []));
  const others = keyed.flatMap(({ key, bytes }) => (isText(bytes) ? [] : [[key, bytes.toString("base64")] as const]));
  const items = keyed.map(({ key, path, isExecutable }) => (isExecutable ? { key, path, mode: 493 } : { key, path }));
  const volume = stringify([{ name: "workspace", configMap: { name: "openclaw-workspace", items } }], { lineWidth: 0 })
    .trimEnd()
    .replaceAll("mode: 493", "mode: 0755")
    .split("\n")
    .map((line) => `#   ${escapeControls(line)}`);
  const configMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "openclaw-workspace" },
    ...(texts.length > 0 ? { data: Object.fromEntries(texts) } : {}),
    ...(others.length > 0 ? { binaryData: Object.fromEntries(others) } : {}),
  };
  return [
    "# Mount it at WORKSPACE_DIR (/etc/openclaw/workspace.d) in the sidecar and in its init container, with this volume:",
    "# volumes:",
    ...volume,
    stringify(configMap, { lineWidth: 0 }),
  ].join("\n");
}

/** Text that is still the same once it is printed and read as YAML. */
function isText(bytes: Buffer): boolean {
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) && !text.includes("\r") && escapeText(text) === text;
}

/** A key has at most 253 of `[-._a-zA-Z0-9]`. The path comes back by `items`, so the key only has to be unique. */
function toKey(path: string): string {
  const encoded = Array.from(path.replaceAll("_", "_5f").replaceAll("/", "__"), (character) => {
    if (/^[-._a-zA-Z0-9]$/.test(character)) return character;
    return Array.from(Buffer.from(character), (byte) => `_${byte.toString(16).padStart(2, "0")}`).join("");
  }).join("");
  if (encoded.length <= 200 && !encoded.startsWith("..")) return encoded;
  return `${encoded.slice(0, 120).replaceAll(".", "_2e")}-${createHash("sha256").update(path).digest("hex").slice(0, 32)}`;
}
