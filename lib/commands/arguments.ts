import { type Command, CommanderError } from "commander";
import { ManagerError } from "../errors.ts";
import type { Environment } from "../setting-sources.ts";
import type { Invocation } from "./invocation.ts";
import { createProgram } from "./program.ts";

/**
 * Reads the command line. Without a command, it is `run`.
 *
 * @throws {ManagerError} `usage`, with one line per problem and a hint what to type.
 */
export function readCommandLine(args: readonly string[], env: Environment): Invocation {
  let invocation: Invocation | undefined;
  const program = createProgram((found) => {
    invocation = found;
  }, env);
  try {
    program.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.version") return { command: "version" };
    if (!isHelp(error)) throw usageError(error);
  }
  return invocation ?? { command: "help", text: helpText(program, args) };
}

function isHelp({ code }: CommanderError): boolean {
  return code === "commander.helpDisplayed" || code === "commander.help";
}

/** The help of the command that `--help` was typed after. */
function helpText(program: Command, args: readonly string[]): string {
  const named = program.commands.find((command) => args.includes(command.name()));
  return (named ?? program).helpInformation();
}

function usageError(error: CommanderError): ManagerError {
  // commander quotes `--gateway-token=…` with its value, which may be a secret.
  const said = error.message.replace(/^error: /, "").replace(/('--[\w-]+)=[^\n]*'/, "$1'");
  const [message, advice] = said.split("\n");
  const isUnknownCommand = error.code === "commander.excessArguments";
  const found = /got \d+: (.*)\.$/.exec(message ?? "")?.[1];
  const text = isUnknownCommand
    ? `unknown command or argument${found ? `: ${found}` : ""}`
    : (message ?? "wrong usage");
  return new ManagerError("usage", advice ? `${text} ${advice}` : text, { hint: "config-manager help" });
}
