import { dirname, join } from "node:path";
import type { LoadedSkill } from "../gateway/agent-calls.ts";
import type { DesiredFile } from "./read.ts";

/** From 2026.9.6 on, a longer SKILL.md is skipped. */
const MAX_BYTES = 256 * 1024;

/** Why a skill is not used of which nothing is known to be wrong: the gateway may not have noticed it. */
const UNLISTED = "it is not in its list";

/** Whether a line of {@link findUnusedSkills} is about a skill that the gateway may not have noticed. */
export function isUnnoticed(problem: string): boolean {
  return problem.endsWith(UNLISTED);
}

/** Finds the skills that a gateway does not use though Git declares them, each as `PATH: why`. Pure. */
export function findUnusedSkills(
  workspace: string,
  desired: readonly DesiredFile[],
  loaded: readonly LoadedSkill[],
): string[] {
  const declared = desired.filter(({ path }) => path.startsWith("skills/") && path.endsWith("/SKILL.md"));
  return declared.flatMap((file) => {
    const folder = dirname(join(workspace, file.path));
    const skill = loaded.find(({ baseDir }) => baseDir === folder);
    const why = skill ? explainUnused(skill) : explainAbsent(file, loaded);
    return why === undefined ? [] : [`${join(workspace, file.path)}: the gateway does not use this skill: ${why}`];
  });
}

function explainUnused({ eligible, disabled, missing, ...skill }: LoadedSkill): string | undefined {
  if (disabled) return undefined; // by its config
  if (skill.blockedByAllowlist || skill.blockedByAgentFilter) return "its config does not allow it";
  if (eligible || !missing) return undefined;
  const { bins, anyBins, env, config, os } = missing;
  const parts = [
    ...(bins.length > 0 ? [`programs ${bins.join(", ")}`] : []),
    ...(anyBins.length > 0 ? [`one of the programs ${anyBins.join(", ")}`] : []),
    ...(env.length > 0 ? [`variables ${env.join(", ")}`] : []),
    ...(config.length > 0 ? [`config ${config.join(", ")}`] : []),
    ...(os.length > 0 ? [`system ${os.join(", ")}`] : []),
  ];
  return parts.length > 0 ? `it needs ${parts.join("; ")}` : undefined;
}

/** No gateway tells why it left a skill out, so this says what is wrong with it. */
function explainAbsent({ bytes, path }: DesiredFile, loaded: readonly LoadedSkill[]): string {
  const fields = readFrontMatter(bytes.toString());
  if (!fields) return "it has no front matter (--- at its first line, and again at its end)";
  if (!fields.get("description")) return "its front matter has no description";
  const name = fields.get("name") || (path.split("/").at(-2) ?? "");
  const other = loaded.find((skill) => skill.name === name);
  if (other) return `another one has its name ${name}: ${other.baseDir}`;
  return bytes.length > MAX_BYTES ? `it has ${bytes.length} bytes, and at most ${MAX_BYTES} are read` : UNLISTED;
}

/** The top fields of the front matter as text; undefined if there is none. */
function readFrontMatter(text: string): ReadonlyMap<string, string> | undefined {
  const [first = "", ...lines] = text.replaceAll("\r\n", "\n").split("\n");
  const end = lines.findIndex((line) => line.startsWith("---"));
  if (first.replace("\ufeff", "").trim() !== "---" || end < 0) return undefined;
  return new Map(
    lines.slice(0, end).flatMap((line) => {
      const colon = line.indexOf(":");
      if (colon < 0) return [];
      const value = line.slice(colon + 1).trim();
      const isQuoted = value.length > 1 && /^["']$/.test(value.charAt(0)) && value.endsWith(value.charAt(0));
      return [[line.slice(0, colon), isQuoted ? value.slice(1, -1) : value] as const];
    }),
  );
}
