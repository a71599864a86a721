import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { ManagerError } from "./errors.ts";
import { SETTING_SOURCES, type SettingName, type Settings, readSettings } from "./settings.ts";

/** What a pass needs to know. */
interface PassOptions {
  settings: Settings;
  allowMassRemoval: boolean;
  selfHeal: boolean;
}

/** What the user asked for. */
export type Invocation =
  | ({ command: "run" | "init" } & PassOptions)
  | ({ command: "sync"; only: "config" | "cron" | undefined } & PassOptions)
  | ({ command: "register"; waitSeconds: number } & PassOptions)
  | { command: "export"; settings: Settings }
  | ({ command: "status" | "doctor"; json: boolean } & PassOptions)
  | ({ command: "diff"; json: boolean; exitCode: boolean } & PassOptions)
  | { command: "version" }
  | { command: "help"; text: string };

interface Flags extends Partial<Record<SettingName, string>> {
  allowMassRemoval?: boolean;
  selfHeal?: boolean;
  only?: "config" | "cron";
  wait?: number;
  json?: boolean;
  exitCode?: boolean;
}

/**
 * Reads the command line. `run` is the command where none is given.
 *
 * @throws {ManagerError} `usage`, with every problem there is, a line each, and in the hint what to type.
 */
export function readCommandLine(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Invocation {
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

function createProgram(choose: (invocation: Invocation) => void, env: Readonly<Record<string, string | undefined>>) {
  const program = new Command("config-manager");
  const quiet = { writeOut: () => undefined, writeErr: () => undefined };

  const configure = (command: Command) => {
    command.exitOverride().configureOutput(quiet).helpOption("-h, --help", "show this help");
    return command.allowExcessArguments(false).helpCommand(false);
  };
  const withSettings = (command: Command) => {
    for (const [name, { flag, argument, env: variable, describes }] of Object.entries(SETTING_SOURCES)) {
      const shown = SETTING_SOURCES[name as SettingName].default({});
      const note = shown === undefined ? variable : `${variable}, else ${shown}`;
      command.addOption(new Option(`${flag} ${argument}`, `${describes} (${note})`));
    }
    return command
      .option("--self-heal", "put back what something else edits in the live config, at most once a minute")
      .option("--allow-mass-removal", "let one pass remove ten jobs or more, and over half of ours");
  };
  const read = (command: Command): PassOptions => {
    const {
      allowMassRemoval = false,
      selfHeal = false,
      only: _o,
      wait: _w,
      json: _j,
      exitCode: _e,
      ...flags
    } = command.optsWithGlobals<Flags>();
    const result = readSettings(flags, env);
    if (result.kind === "invalid") {
      throw new ManagerError("usage", result.problems.join("\n"), { hint: "config-manager help" });
    }
    return { settings: result.settings, allowMassRemoval, selfHeal };
  };

  configure(withSettings(program))
    .description("Keeps a running OpenClaw equal to what Git says: openclaw.json and cron jobs, with no Pod restart.")
    .usage("[run] [options]")
    .version("", "-V, --version", "show the version")
    .action(() => choose({ command: "run", ...read(program) }));
  const run = configure(program.command("run"))
    .description("the sidecar: follow both ConfigMaps until SIGTERM; SIGHUP looks at once")
    .action(() => choose({ command: "run", ...read(run) }));
  const sync = configure(program.command("sync"))
    .description("one pass of both; exit 0 when all is equal now, 1 when something failed")
    .addOption(new Option("--only <what>", "leave the other one alone").choices(["config", "cron"]))
    .action(({ only }: Flags) => choose({ command: "sync", only, ...read(sync) }));
  const init = configure(program.command("init"))
    .description("before the gateway starts: config and definitions to the volume; exit 1 when no config is usable")
    .action(() => choose({ command: "init", ...read(init) }));
  const register = configure(program.command("register"))
    .description("once the gateway starts: add and update jobs from the staging directory; remove none")
    .addOption(new Option("--wait <seconds>", "how long to wait for the gateway").default(300).argParser(readSeconds))
    .action(({ wait }: Flags) => choose({ command: "register", waitSeconds: wait ?? 0, ...read(register) }));
  const exporting = configure(program.command("export"))
    .description("print the live jobs as a definition file that a sync leaves as they are")
    .action(() => choose({ command: "export", settings: read(exporting).settings }));
  const status = configure(program.command("status"))
    .description("is it healthy, what is in force, and each job; exit 1 when it is not healthy")
    .option("--json", "for a program")
    .action(({ json = false }: Flags) => choose({ command: "status", json, ...read(status) }));
  const diff = configure(program.command("diff"))
    .description("what a sync would do; changes nothing; exit 1 when something stands in its way")
    .option("--json", "for a program")
    .option("--exit-code", "exit 2 when something would change")
    .action(({ json = false, exitCode = false }: Flags) => choose({ command: "diff", json, exitCode, ...read(diff) }));
  const doctor = configure(program.command("doctor"))
    .description("check mounts, permissions, token, gateway and jobs; a hint for each failure, and exit 1")
    .option("--json", "for a program")
    .action(({ json = false }: Flags) => choose({ command: "doctor", json, ...read(doctor) }));
  configure(program.command("version"))
    .description("show the version")
    .action(() => choose({ command: "version" }));
  const help = configure(program.command("help"))
    .argument("[command]", "the command to explain")
    .description("show this help, or that of a command")
    .action((name?: string) => {
      const found = name === undefined ? program : program.commands.find((command) => command.name() === name);
      if (!found) throw new CommanderError(1, "commander.unknownCommand", `unknown command '${name}'`);
      choose({ command: "help", text: found.helpInformation() });
    });
  help.usage("[command]");
  return program;
}

function readSeconds(value: string): number {
  const seconds = Number(value);
  if (value.trim() !== "" && seconds >= 0 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError("Expected a number of seconds, at most 86400.");
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
  // `unknown option '--gateway-token=…'` quotes what should not have been typed.
  const said = error.message.replace(/^error: /, "").replace(/('--[\w-]+)=[^\n]*'/, "$1'");
  const [message, advice] = said.split("\n");
  const isUnknownCommand = error.code === "commander.excessArguments";
  const found = /got \d+: (.*)\.$/.exec(message ?? "")?.[1];
  const text = isUnknownCommand
    ? `unknown command or argument${found ? `: ${found}` : ""}`
    : (message ?? "wrong usage");
  return new ManagerError("usage", advice ? `${text} ${advice}` : text, { hint: "config-manager help" });
}
