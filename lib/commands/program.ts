import { Argument, Command, CommanderError, Help, InvalidArgumentError, Option } from "commander";
import { ManagerError } from "../errors.ts";
import { type Environment, SETTING_SOURCES, type SettingName } from "../setting-sources.ts";
import { type Settings, readSettings } from "../settings.ts";
import type { Invocation, PassOptions } from "./invocation.ts";
import { KIND_NAMES, type KindName } from "./kinds.ts";
import type { Source } from "./sources.ts";
import { FORMATS, type Format } from "./validation-formats.ts";

interface Flags extends Partial<Record<SettingName, string>> {
  allowMassRemoval?: boolean;
  selfHeal?: boolean;
  only?: KindName[];
  wait?: number;
  url?: string;
  timeout?: number;
  nudge?: boolean;
  dryRun?: boolean;
  json?: boolean;
  exitCode?: boolean;
  openclaw?: string;
  schema?: string;
  live?: boolean;
  exact?: boolean;
  format?: Format;
}

/** The help of these commands does not refer to the settings; the program's own help lists them. */
const WITHOUT_SETTINGS = new Set(["config-manager", "schema", "licenses", "version", "help"]);

/** Declares every command with its options, its help and an example. `choose` receives the parsed command. */
export function createProgram(choose: (invocation: Invocation) => void, env: Environment): Command {
  const program = new Command("config-manager");
  const quiet = { writeOut: () => undefined, writeErr: () => undefined };

  const configure = (command: Command, example: string) => {
    const name = command.name();
    const settings = WITHOUT_SETTINGS.has(name) ? "" : "\nSettings: see config-manager help\n";
    command.configureHelp({
      formatHelp: (...help) => `${new Help().formatHelp(...help)}${settings}\nExample:\n  ${example}\n`,
    });
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
      .option("--self-heal", "revert edits of what Git declares, at most once a minute")
      .option("--allow-mass-removal", "let one pass remove ten jobs or more, and half of ours or more");
  };
  const createOnly = () =>
    new Option("--only <what...>", "reconcile only this kind; may be given again").choices(KIND_NAMES);
  const readAll = (command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const settings = (Object.keys(SETTING_SOURCES) as SettingName[]).filter((name) => flags[name] !== undefined);
    return readSettings(Object.fromEntries(settings.map((name) => [name, flags[name]])), env);
  };
  const read = (command: Command): PassOptions => {
    const { allowMassRemoval = false, selfHeal = false } = command.optsWithGlobals<Flags>();
    const result = readAll(command);
    if (result.kind === "invalid") {
      throw new ManagerError("usage", result.problems.join("\n"), { hint: "config-manager help" });
    }
    return { settings: result.settings, allowMassRemoval, selfHeal };
  };

  configure(withSettings(program), "config-manager --poll-interval 30")
    .description("Keeps a running OpenClaw equal to what Git says, with no Pod restart.")
    .usage("[run] [options]")
    .version("", "-V, --version", "show the version")
    .action(() => choose({ command: "run", ...read(program) }));
  const run = configure(program.command("run"), "config-manager run --self-heal")
    .description("the sidecar: follow what is mounted until SIGTERM; SIGHUP reconciles at once")
    .action(() => choose({ command: "run", ...read(run) }));
  const sync = configure(program.command("sync"), "config-manager sync --only cron")
    .description("one pass; exit 0 when everything is equal now, 1 when something failed")
    .addOption(createOnly())
    .action(({ only = KIND_NAMES }: Flags) => choose({ command: "sync", only, ...read(sync) }));
  const init = configure(program.command("init"), "config-manager init")
    .description("before the gateway starts: put the files in place that it reads; exit 1 when no config is usable")
    .addOption(createOnly())
    .action(({ only = KIND_NAMES }: Flags) => choose({ command: "init", only, ...read(init) }));
  const register = configure(program.command("register"), "config-manager register --wait 600 &")
    .description("wait for the gateway, then add and update jobs from the staging directory; remove none")
    .addOption(new Option("--wait <seconds>", "how long to wait for the gateway").default(300).argParser(readSeconds))
    .action(({ wait }: Flags) => choose({ command: "register", waitSeconds: wait ?? 0, ...read(register) }));
  const applyHeld = configure(program.command("apply-held"), "config-manager apply-held")
    .description(
      "let in the change that the sidecar holds until the gateway has no work; exit 1 if it does not take it",
    )
    .action(() => choose({ command: "apply-held", ...read(applyHeld) }));
  const wait = configure(program.command("wait"), "config-manager wait --url http://SERVICE:9090 --timeout 300")
    .description("wait until a sidecar says that what is mounted here is in force; exit 1 rejected, 2 not in time")
    .option("--url <url>", "where a sidecar serves its --http-port; else that port in this container")
    .addOption(new Option("--timeout <seconds>", "how long to wait").default(300).argParser(readSeconds))
    .option("--nudge", "have the kubelet refresh the sidecar's volumes at once, over the Kubernetes API")
    .action(({ url, timeout = 0, nudge = false }: Flags) =>
      choose({ command: "wait", url, timeoutSeconds: timeout, isNudging: nudge, ...read(wait) }),
    );
  const exporting = configure(program.command("export"), "config-manager export config > openclaw.json")
    .addArgument(new Argument("[kind]", "what to export").choices(KIND_NAMES).default("cron"))
    .description("print what is live as Git should have it: jobs, config, workspace files or exec approvals")
    .action((kind: KindName) => choose({ command: "export", kind, ...read(exporting) }));
  const status = configure(program.command("status"), "config-manager status --json")
    .description("show the health, what is in force, and each job; exit 1 when it is not healthy")
    .option("--json", "print JSON")
    .action(({ json = false }: Flags) => choose({ command: "status", json, ...read(status) }));
  const diff = configure(program.command("diff"), "config-manager diff --exit-code")
    .description("show what a sync would do; change nothing; exit 1 when something is wrong")
    .option("--json", "print JSON")
    .option("--exit-code", "exit 2 when something would change")
    .action(({ json = false, exitCode = false }: Flags) => choose({ command: "diff", json, exitCode, ...read(diff) }));
  const doctor = configure(program.command("doctor"), "config-manager doctor")
    .description("check mounts, permissions, token, gateway and jobs; a hint for each failure, and exit 1")
    .option("--json", "print JSON")
    .action(({ json = false }: Flags) => choose({ command: "doctor", json, ...read(doctor) }));
  const uninstall = configure(program.command("uninstall"), "config-manager uninstall --dry-run")
    .description(
      "once the sidecar is taken out: remove what only it reads, and list what stays; exit 1 if some is left",
    )
    .option("--dry-run", "print that, and remove nothing")
    .action(({ dryRun = false }: Flags) => choose({ command: "uninstall", isDryRun: dryRun, ...read(uninstall) }));
  const release = () =>
    new Option("--openclaw <release>", "the release to check against, or latest; else the gateway's, else latest");
  const validate = configure(program.command("validate"), "config-manager validate openclaw.json cron-jobs.json")
    .argument("[FILE...]", "files and directories, - for stdin; without any, the mounted ConfigMaps")
    .description("check config and job definitions without a gateway; exit 1 with a line for each problem")
    .addOption(release())
    .addOption(new Option("--schema <file>", "the JSON Schema to check against").conflicts("openclaw"))
    .option("--live", "check the live config and the mounted jobs, as before an upgrade")
    .option("--exact", "ask the openclaw command on PATH, too")
    .addOption(new Option("--format <format>", "how to print what is found").choices(FORMATS).default("text"))
    .action((paths: string[], { openclaw, schema, live, exact = false, format = "text" }: Flags) => {
      // Settings are needed only if no files are named: bad ones do not affect `validate FILE`.
      if (live && paths.length > 0)
        throw new ManagerError("usage", "--live takes no files", { hint: "config-manager help validate" });
      const { settings } = { settings: undefined, ...readAll(validate) };
      const source = live ? ({ kind: "live" } as const) : toSource(paths, () => read(validate).settings);
      if (live) read(validate);
      choose({ command: "validate", source, openclaw, schema, exact, format, settings });
    });
  const schema = configure(program.command("schema"), "config-manager schema > cron-jobs.schema.json")
    .addArgument(new Argument("[kind]", "of what").choices(["cron", "config"]).default("cron"))
    .description("print the JSON Schema of a definition file, for an editor; or that of the config, from the gateway")
    .addOption(new Option("--openclaw <release>", "print the schema that this program has of a release, or of latest"))
    .action((kind: "cron" | "config", { openclaw }: Flags) => {
      if (kind === "cron") choose({ command: "schema" });
      else if (openclaw === undefined) choose({ command: "schema", kind, openclaw, settings: read(schema).settings });
      else choose({ command: "schema", kind, openclaw, settings: undefined });
    });
  configure(program.command("licenses"), "config-manager licenses")
    .description("print the licenses of all code in this program")
    .action(() => choose({ command: "licenses" }));
  configure(program.command("version"), "config-manager version")
    .description("show the version")
    .action(() => choose({ command: "version" }));
  const help = configure(program.command("help"), "config-manager help sync")
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

/** Settings are read only if no files are named, so that bad settings do not affect `validate FILE`. */
function toSource(paths: readonly string[], readDirectories: () => Settings): Source {
  return paths.length > 0 ? { kind: "named", paths } : { kind: "mounted", ...readDirectories() };
}

function readSeconds(value: string): number {
  const seconds = Number(value);
  if (value.trim() !== "" && seconds >= 0 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError("Expected a number of seconds, at most 86400.");
}
