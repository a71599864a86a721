/** @param problem begins with the path, or the agent */
export function toRejected(problem: string): string {
  return `WARNING: Workspace file not taken: ${problem}`;
}

/** Why nothing is done, though there were files before. */
export function describeMissing(workspaceDir: string): string {
  return `Workspace directory not found: ${workspaceDir}`;
}

/** @param path of the file in the workspace */
export function describeDrift(path: string): string {
  return `WARNING: Workspace file edited by something else: ${path} (put it into Git, or use --self-heal)`;
}
