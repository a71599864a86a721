/**
 * Finds what the changelog says about a version.
 *
 * @returns the text below its heading; that of `Unreleased` where it has none yet and `isTagged` is not set; undefined where
 * there is no such section, or nothing in it.
 */
export function findNotes(changelog: string, version: string, isTagged: boolean): string | undefined {
  const sections = changelog.split(/^## /m).slice(1);
  const find = (name: string) => sections.find((section) => section.split(/[\s\]]/, 1)[0]?.replace("[", "") === name);
  const section = find(version) ?? (isTagged ? undefined : find("Unreleased"));
  const [, ...lines] = (section ?? "").split("\n");
  const text = lines.join("\n").trim();
  return text === "" ? undefined : `${text}\n`;
}
