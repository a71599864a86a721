import { type IncludePlaces, type Reference, listReferences, mayInclude } from "../text/include-files.ts";
import type { ConfigFile } from "./config-file.ts";

/** The files that a file of a config includes; none of a broken one. */
export function referencesOf(file: ConfigFile, name: string, places: IncludePlaces): Reference[] {
  if (!mayInclude(file.bytes) || file.parsed.kind === "broken") return [];
  return listReferences(file.parsed.value, name, places);
}
