import { join } from "node:path";
import { install, keepInCache } from "./download.ts";

const VERSION = "0.3.61";

/** What is used of GitHub's own parser. */
interface Parser {
  parseWorkflow(
    this: void,
    file: { name: string; content: string },
    trace: unknown,
  ): { context: { errors: { getErrors(): { message: string }[] } } };
  NoOperationTraceWriter: new () => unknown;
}

/**
 * Reads workflows as GitHub does: with its schema, and each expression with the names that are known where it stands.
 * The parser is fetched from npm into the cache, once.
 *
 * @returns what finds the errors of a file, each with line and column.
 */
export async function createWorkflowParser(): Promise<(name: string, content: string) => string[]> {
  const fill = (directory: string) => install(`@actions/workflow-parser@${VERSION}`, directory);
  const directory = await keepInCache(`workflow-parser-${VERSION}`, fill);
  const path = join(directory, "node_modules/@actions/workflow-parser/dist/index.js");
  const { parseWorkflow, NoOperationTraceWriter } = (await import(path)) as Parser;
  return (name, content) => {
    const { context } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
    return context.errors.getErrors().map(({ message }) => message);
  };
}
