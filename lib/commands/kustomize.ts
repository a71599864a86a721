import { readdir, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative } from "node:path";
import { type Generator, type Kustomization, findKustomization, parseKustomization } from "./kustomization.ts";
import { type BuiltMap, type MountedEntry, copyMap, patchMaps, readMaps } from "./kustomize-maps.ts";
import { readInput } from "./read-input.ts";

/** A finding about a kustomization itself. */
export interface Remark {
  kind: "problem" | "warning";
  /** The path of the kustomization. */
  name: string;
  message: string;
}

/** What a kustomization makes of itself and of all that it takes in, as far as ConfigMaps go. */
interface Built {
  maps: BuiltMap[];
  /** Whether some of its resources are not here, so that a ConfigMap may lack keys. */
  isPartial: boolean;
}

/** What is not here. */
const NOTHING: Built = { maps: [], isPartial: true };

/**
 * Builds kustomizations as `kubectl kustomize` does, each once, without running it: it may not be there, and it fetches
 * remote resources. Those are not followed here. Secrets are not read.
 */
export class Kustomizer {
  readonly remarks: Remark[] = [];
  /** The real paths of the kustomizations that others take in. */
  readonly inner = new Set<string>();
  /** Files that stand in a kustomization as a resource. */
  readonly resourceFiles = new Set<string>();
  /** The real paths of patches and of secrets: no such file is a config or a list of jobs by itself. */
  readonly partFiles = new Set<string>();
  /** By real path. */
  readonly #built = new Map<string, Built>();
  readonly #open = new Set<string>();

  /**
   * Reads a kustomization and all that it takes in.
   *
   * @param path its file
   * @param onto what a component is applied to; without it, a component is partial
   * @returns its ConfigMaps; none if it cannot be read, which is a remark
   */
  async build(path: string, onto?: Built): Promise<Built> {
    const real = await realpath(path).catch(() => path);
    const known = this.#built.get(real);
    if (known) return known;
    if (this.#open.has(real)) {
      this.#remark("problem", path, "takes itself in");
      return NOTHING;
    }
    const input = await readInput(path);
    const read = typeof input === "string" ? input : await parseKustomization(input.toString());
    if (typeof read === "string") {
      this.#remark("problem", path, read);
      return NOTHING;
    }
    this.#open.add(real);
    const start = read.isComponent ? (onto ?? NOTHING) : { maps: [], isPartial: false };
    const built = await this.#build(path, read, start);
    this.#open.delete(real);
    if (!read.isComponent) this.#built.set(real, built);
    return built;
  }

  async #build(path: string, read: Kustomization, start: Built): Promise<Built> {
    const taken = await this.#takeIn(path, read.resources, start);
    const { maps, isPartial } = await this.#takeIn(path, read.components, taken, true);
    for (const generator of read.generators) await this.#generate(path, generator, maps, isPartial);
    for (const patch of read.patches) {
      const file = "path" in patch ? join(dirname(path), patch.path) : undefined;
      const patchInput = "path" in patch ? await readInput(file ?? "") : Buffer.from(patch.text);
      if (file !== undefined) await this.#markPart(file);
      // A patch that is not there concerns us only if it patches a ConfigMap, which nobody knows.
      if (typeof patchInput === "string") continue;
      patchMaps(maps, patchInput, { name: file ?? path, ...(patch.target && { target: patch.target }) });
    }
    for (const { key, path: file } of read.secretFiles) {
      await this.#markPart(join(dirname(path), file));
      if (key === "openclaw.json")
        this.#remark("warning", path, `secretGenerator: ${key}: is not read, as it is a secret`);
    }
    for (const { names } of maps) {
      const added = Array.from(names, (name) => `${read.namePrefix}${name}${read.nameSuffix}`);
      for (const name of added) names.add(name);
    }
    return { maps, isPartial };
  }

  /** @param isOnto whether the folders are components, which change what is there */
  async #takeIn(path: string, resources: readonly string[], start: Built, isOnto = false): Promise<Built> {
    const maps = [...start.maps];
    let { isPartial } = start;
    let remote = 0;
    for (const resource of resources) {
      const place = isAbsolute(resource) ? resource : join(dirname(path), resource);
      const stats = await stat(place).catch(() => undefined);
      if (!stats) {
        isPartial = true;
        if (isRemote(resource)) remote++;
        else this.#remark("warning", path, `resources: ${resource}: there is no such file or folder`);
      } else if (await leadsOut(dirname(path), place)) {
        isPartial = true;
        this.#remark("warning", path, `resources: ${resource}: is not followed, as it leads out of the checkout`);
      } else if (stats.isDirectory()) {
        const built = await this.#takeInFolder(path, place, isOnto ? { maps, isPartial } : undefined);
        isPartial ||= built.isPartial;
        // Each overlay changes a copy: another one takes in the same base.
        maps.push(...built.maps.filter((map) => !maps.includes(map)).map(copyMap));
      } else {
        this.resourceFiles.add(place);
        const input = await readInput(place);
        if (typeof input !== "string") maps.push(...readMaps(input, place));
      }
    }
    // An address may hold a password: it is not shown.
    if (remote > 0) this.#remark("warning", path, `resources: ${remote} remote, not followed`);
    return { maps, isPartial };
  }

  async #takeInFolder(path: string, folder: string, onto: Built | undefined): Promise<Built> {
    const name = findKustomization(await readdir(folder).catch(() => []));
    if (name === undefined) {
      this.#remark("warning", path, `resources: ${folder}: there is no kustomization.yaml in it`);
      return NOTHING;
    }
    this.inner.add(await realpath(join(folder, name)).catch(() => ""));
    return this.build(join(folder, name), onto);
  }

  async #generate(path: string, generator: Generator, maps: BuiltMap[], isPartial: boolean): Promise<void> {
    const { name, behavior, literals, problems } = generator;
    const at = `configMapGenerator: ${name}`;
    for (const problem of problems) this.#remark("problem", path, `${at}: ${problem}`);
    const entries: MountedEntry[] = [];
    for (const entry of literals) entries.push({ ...entry, name: `${path}#${entry.key}` });
    for (const { key, path: file } of generator.files) {
      const place = isAbsolute(file) ? file : join(dirname(path), file);
      const problem = (text: string) => entries.push({ kind: "invalid", key, name: path, problem: `${at}: ${text}` });
      if (await leadsOut(dirname(path), place)) {
        problem(`${file}: is not read, as it leads out of the checkout`);
        continue;
      }
      const input = await readInput(place);
      if (typeof input === "string") {
        problem(`${file}: ${input}`);
        continue;
      }
      if (!(await isInside(dirname(path), place))) this.#remark("warning", path, `${at}: ${file}: ${OUTSIDE}`);
      // The name selects the parser later, and what counts is the key.
      const isOther = /\.ya?ml$/.test(key) !== /\.ya?ml$/.test(place);
      entries.push({ kind: "text", key, name: isOther ? `${path}#${key}` : place, bytes: input });
    }
    const byKey = new Map(entries.map((entry) => [entry.key, entry]));
    const former = behavior === "create" ? [] : maps.filter(({ names }) => names.has(name));
    for (const map of former) {
      map.isBuilt = true;
      if (behavior === "replace") map.entries.clear();
      for (const [key, entry] of byKey) map.entries.set(key, entry);
    }
    if (former.length > 0) return;
    if (behavior !== "create" && !isPartial)
      this.#remark("problem", path, `${at}: behavior ${behavior}, but there is no such ConfigMap in its resources`);
    maps.push({ names: new Set([name]), entries: byKey, isBuilt: true });
  }

  #remark(kind: Remark["kind"], name: string, message: string): void {
    this.remarks.push({ kind, name, message });
  }

  async #markPart(path: string): Promise<void> {
    this.partFiles.add(await realpath(path).catch(() => path));
  }
}

const OUTSIDE =
  "lies outside of the kustomization's folder, which kustomize refuses unless it is run with --load-restrictor LoadRestrictionsNone";

function isRemote(resource: string): boolean {
  return /:\/\/|@|^(?:github|gitlab|bitbucket)\.(?:com|org)\b|\/\/|\?/.test(resource);
}

/** Returns whether a path is in a folder, links resolved. */
async function isInside(folder: string, path: string): Promise<boolean> {
  const way = relative(await realpath(folder), await realpath(path).catch(() => path));
  return way !== ".." && !way.startsWith("../");
}

/** Returns whether a path is outside of the checkout that the folder belongs to. Without `.git` nobody can tell. */
async function leadsOut(folder: string, path: string): Promise<boolean> {
  for (let place = await realpath(folder); ; place = dirname(place)) {
    const isRoot = (await stat(join(place, ".git")).catch(() => undefined)) !== undefined;
    if (isRoot) return !(await isInside(place, path));
    if (place === dirname(place)) return false;
  }
}
