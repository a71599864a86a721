import { computeChecksum, computeSetChecksum } from "../files/checksum.ts";
import { MAX_CONFIG_BYTES } from "../files/regular-file.ts";
import type { JsonObject } from "../json.ts";
import type { KeyPath } from "../text/duplicate-keys.ts";
import { ConfigFile } from "./config-file.ts";
import { type ParsedConfig, toConfig } from "./document.ts";
import { type IncludePlaces, type NamedReference, mayInclude, resolveIncludes } from "../text/include-files.ts";
import { type Origin, findOrigins } from "./origins.ts";
import { referencesOf } from "./references.ts";

/** The name of the root file: the ConfigMap's key, and OpenClaw's own file. */
export const ROOT_NAME = "openclaw.json";

/** One `openclaw.json` with all files that it includes: they are checked, delivered and rolled back together. */
export class Generation {
  readonly root: ConfigFile;
  /** The included files by name, relative to the directory of the root. */
  readonly includes: ReadonlyMap<string, ConfigFile>;
  /** Included files outside that directory by path, as far as they can be read. OpenClaw reads them, we only watch. */
  readonly outside: ReadonlyMap<string, ConfigFile | undefined>;
  readonly #places: IncludePlaces;
  readonly #secrets: string;
  #md5: string | undefined;
  #resolved: ParsedConfig | undefined;
  #problems: string[] = [];

  constructor(
    root: ConfigFile,
    places: IncludePlaces,
    includes: ReadonlyMap<string, ConfigFile> = new Map(),
    outside: ReadonlyMap<string, ConfigFile | undefined> = new Map(),
    secrets = "",
  ) {
    this.root = root;
    this.#places = places;
    this.#secrets = secrets;
    this.includes = includes;
    this.outside = outside;
  }

  /** In hex: without includes that of the file, as `md5sum` prints it. `$CHECKSUM_DIR/config` stores it. */
  get md5(): string {
    return (this.#md5 ??= computeSetChecksum([
      { name: ROOT_NAME, bytes: this.root.bytes },
      ...this.#sorted().map(([name, { bytes }]) => ({ name, bytes })),
    ]));
  }

  /**
   * Identifies all that a gateway's verdict depends on. Equal to `md5` unless files outside are included, or there are
   * files of secrets that it may refer to: 2026.6.11 refuses a config whose secret is not there yet.
   */
  get verdictKey(): string {
    const secrets = this.#secrets !== "" && "secrets" in this.value ? [this.#secrets] : [];
    if (this.outside.size === 0 && secrets.length === 0) return this.md5;
    const outside = [...this.outside].map(([path, file]) => `${file?.md5 ?? "none"}  ${path}\n`);
    return computeChecksum(new TextEncoder().encode([this.md5, ...outside, ...secrets].join("\n")));
  }

  /** The same files beside these secrets. @param stamp see {@link stampDirectory} of lib/files */
  besideSecrets(stamp: string): Generation {
    return new Generation(this.root, this.#places, this.includes, this.outside, stamp);
  }

  /** The config as OpenClaw reads it: with each `$include` replaced. Broken if that is impossible. */
  get resolved(): ParsedConfig {
    return (this.#resolved ??= this.#resolve());
  }

  /** The same as a value; empty if it is broken. */
  get value(): JsonObject {
    const { resolved } = this;
    return resolved.kind === "parsed" ? resolved.value : {};
  }

  /** All reasons why `resolved` is broken. */
  get problems(): readonly string[] {
    const { resolved } = this;
    if (this.#problems.length > 0) return this.#problems;
    return resolved.kind === "broken" ? [resolved.problem] : [];
  }

  /** Where the values at these paths of `resolved` are written. */
  findOrigins(paths: readonly KeyPath[]): Origin[] {
    const { parsed } = this.root;
    if (parsed.kind === "broken" || !this.hasIncludes) return paths.map((path) => ({ file: ROOT_NAME, path }));
    return findOrigins(parsed.value, ROOT_NAME, { places: this.#places, look: this.#look }, paths);
  }

  /** Whether a file outside cannot be read here: `resolved` then lacks what it says. */
  get isPartial(): boolean {
    return [...this.outside.values()].includes(undefined);
  }

  /** Whether it is larger than what is read. */
  get isTooLarge(): boolean {
    const files = [this.root, ...this.includes.values()];
    return files.reduce((size, { bytes }) => size + bytes.length, 0) > MAX_CONFIG_BYTES;
  }

  get hasIncludes(): boolean {
    return this.includes.size > 0 || this.outside.size > 0;
  }

  /** Returns whether both have the same files with the same bytes. */
  equals(other: Generation | undefined): boolean {
    if (!other || !this.root.equals(other.root) || this.includes.size !== other.includes.size) return false;
    return [...this.includes].every(([name, file]) => file.equals(other.includes.get(name)));
  }

  /** Whether the root may have an `$include`, without parsing it. */
  get mayInclude(): boolean {
    return mayInclude(this.root.bytes);
  }

  /** Other files at the same places. */
  with(root: ConfigFile, includes: ReadonlyMap<string, ConfigFile>): Generation {
    return new Generation(root, this.#places, includes, this.outside, this.#secrets);
  }

  /** Without the files that nothing includes. */
  pruned(): Generation {
    const reached = new Map<string, ConfigFile>();
    const waiting = [{ name: ROOT_NAME, file: this.root }];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      for (const reference of referencesOf(next.file, next.name, this.#places)) {
        const name = reference.kind === "inside" ? reference.name : "";
        const file = this.includes.get(name);
        if (!file || reached.has(name)) continue;
        reached.set(name, file);
        waiting.push({ name, file });
      }
    }
    return this.with(this.root, reached);
  }

  #sorted(): [string, ConfigFile][] {
    return [...this.includes].toSorted(([one], [other]) => (one < other ? -1 : 1));
  }

  readonly #look = (reference: NamedReference) =>
    (reference.kind === "inside" ? this.includes.get(reference.name) : this.outside.get(reference.path))?.parsed;

  #resolve(): ParsedConfig {
    const { parsed } = this.root;
    if (parsed.kind === "broken" || !this.mayInclude) return toConfig(parsed);
    const { value, problems } = resolveIncludes(parsed.value, ROOT_NAME, this.#places, this.#look);
    this.#problems = problems;
    return problems[0] === undefined ? toConfig({ kind: "parsed", value }) : { kind: "broken", problem: problems[0] };
  }
}
