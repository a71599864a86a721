import { posix } from "node:path";
import { findIncludes } from "../text/includes.ts";
import { parseJson } from "./text.ts";

interface NamedFile {
  name: string;
  bytes: Uint8Array;
}

const CONFIG = "openclaw.json";

/** Files of other settings that may be in one ConfigMap with the jobs. */
const OTHER_SETTINGS = [CONFIG, "exec-approvals.json"];

/**
 * The names of the files in one directory that are no job definitions, for a ConfigMap that holds everything:
 * `openclaw.json`, the files that it includes, and those that they include, and the exec approvals. Pure.
 */
export function findConfigFiles(files: readonly NamedFile[]): ReadonlySet<string> {
  const byName = new Map(files.map((file) => [file.name, file]));
  const names = new Set(OTHER_SETTINGS);
  const queue = [CONFIG];
  for (const name of queue) {
    for (const included of readIncludes(byName.get(name))) {
      if (!byName.has(included) || names.has(included)) continue;
      names.add(included);
      queue.push(included);
    }
  }
  return names;
}

/** The files that are left when those of {@link findConfigFiles} are taken out. */
export function dropConfigFiles<TFile extends NamedFile>(files: readonly TFile[]): TFile[] {
  const names = findConfigFiles(files);
  return files.filter(({ name }) => !names.has(name));
}

/** Names relative to the directory. A file that does not parse includes nothing: its own check reports it. */
function readIncludes(file: NamedFile | undefined): string[] {
  if (!file) return [];
  const parsed = parseJson(new TextDecoder().decode(file.bytes));
  return parsed.kind === "parsed" ? findIncludes(parsed.value).map((name) => posix.normalize(name)) : [];
}
