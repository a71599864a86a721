/** @param problem begins with the path, or the agent */
export function toRejected(problem: string): string {
  return `WARNING: Workspace file not taken: ${problem}`;
}

/** @param path of the file in the workspace */
export function describeDrift(path: string): string {
  return `WARNING: Workspace file edited by something else: ${path} (put it into Git, or use --self-heal)`;
}
