import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { ManagerError, describeBug } from "../errors.ts";
import { formatJson } from "../json.ts";
import type { Environment } from "../setting-sources.ts";
import { describeVersion } from "../version.ts";
import { readCommandLine } from "./arguments.ts";
import { print, printFrames, printNotice } from "./print.ts";
import type { Invocation, WorkInvocation } from "./invocation.ts";
import type { Runtime } from "./runtime.ts";
import type { Sidecar } from "./sidecar.ts";

/** How long a command may take to finish after SIGTERM or SIGINT, in milliseconds. */
const STOP_LIMIT_MS = 500;

/** The result of {@link main}. */
export type Command =
  /** The command is done, and its result is printed. */
  | { kind: "done"; exitCode: number }
  /** The command is `run`, and the sidecar is ready to start. */
  | { kind: "sidecar"; sidecar: Sidecar };

/**
 * Runs the command, except for `run`, which is returned to the caller. Prints errors as `error: …` and `hint: …`. The
 * modules of a command are loaded on demand, so that `version`, `help` and usage errors are fast.
 */
export async function main(args: readonly string[], env: Environment): Promise<Command> {
  process.stdout.on("error", () => undefined); // print() reports it to its caller
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      printError(error);
      process.exit(1);
    });
  }
  try {
    const invocation = readCommandLine(args, env);
    if (invocation.command === "run") return { kind: "sidecar", sidecar: await openRun(invocation) };
    return { kind: "done", exitCode: await execute(invocation, env) };
  } catch (error) {
    printError(error);
    return { kind: "done", exitCode: error instanceof ManagerError && error.code === "usage" ? 64 : 1 };
  }
}

async function execute(invocation: Exclude<Invocation, { command: "run" }>, env: Environment): Promise<number> {
  switch (invocation.command) {
    case "help":
      return show(invocation.text);
    case "version":
      return show(`${describeVersion()}\n`);
    case "schema":
      if (!("kind" in invocation))
        return show(formatJson((await import("../definition/schema.ts")).toDefinitionSchema()));
      return show(await (await import("./config-schema.ts")).renderConfigSchema(invocation, env));
    case "licenses":
      return show((await import("./licenses.ts")).renderLicenses());
    case "validate":
      return (await import("./validate-run.ts")).runValidate(invocation, env);
    case "sync":
    case "init":
    case "register":
    case "apply-held":
    case "uninstall":
    case "wait":
    case "status":
    case "diff":
    case "doctor":
    case "export": {
      const runtime = await openWork(invocation);
      const stopped = whenStopped(runtime).then(() => 1);
      try {
        return await Promise.race([work(invocation, runtime), stopped]);
      } finally {
        await runtime.close();
      }
    }
  }
}

async function show(text: string): Promise<number> {
  await print(text, process.stdout);
  return 0;
}

/** @returns the exit code. */
async function work(invocation: Exclude<WorkInvocation, { command: "run" }>, runtime: Runtime): Promise<number> {
  const toExitCode = (isFine: boolean) => (isFine ? 0 : 1);
  switch (invocation.command) {
    case "sync":
      return toExitCode(await (await import("./sync.ts")).sync(runtime, invocation.only));
    case "init":
      return toExitCode(await (await import("./init.ts")).init(runtime, invocation.only));
    case "register":
      return toExitCode(await (await import("./register.ts")).register(runtime, invocation.waitSeconds));
    case "apply-held":
      await (await import("./apply-held.ts")).applyHeld(runtime);
      return 0;
    case "uninstall": {
      const { answers } = await import("../http/answers.ts");
      const { uninstall } = await import("./uninstall.ts");
      return toExitCode(await uninstall({ ...runtime, answers }, invocation.isDryRun));
    }
    case "wait":
      return (await import("./wait-run.ts")).runWait(runtime, invocation);
    case "export":
      return toExitCode(await (await import("./export.ts")).printExport(runtime, invocation.kind));
    case "status":
    case "diff":
    case "doctor":
      return (await import("./inspect.ts")).inspect(invocation, runtime);
  }
}

async function openRun(invocation: WorkInvocation): Promise<Sidecar> {
  const { createSidecar } = await import("./sidecar.ts");
  const runtime = await openWork(invocation);
  return createSidecar(runtime, whenStopped(runtime));
}

/** Opens the runtime of a command. SIGTERM and SIGINT stop it. */
async function openWork(invocation: WorkInvocation): Promise<Runtime> {
  const { isForPerson, openRuntime } = await import("./runtime.ts");
  const runtime = await openRuntime(invocation);
  for (const [signal, exitCode] of [
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const) {
    process.on(signal, () => {
      // A read-only command has nothing to finish. A second signal ends any command at once.
      if (isForPerson(invocation) || runtime.signal.aborted) process.exit(exitCode);
      runtime.stop();
    });
  }
  return runtime;
}

/** Resolves {@link STOP_LIMIT_MS} after the stop signal: the current pass has had its time to finish. */
async function whenStopped({ signal }: Runtime): Promise<void> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  await sleep(STOP_LIMIT_MS);
}

function printError(error: unknown): void {
  if (!(error instanceof ManagerError)) {
    const [bug = "", ...frames] = describeBug(error).split("\n");
    printNotice("error", bug);
    printFrames(frames);
    return;
  }
  const problems = error.code === "usage" ? error.message.split("\n") : [error.message];
  for (const problem of problems) printNotice("error", problem);
  if (error.hint) printNotice("hint", error.hint);
}
