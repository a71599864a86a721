/** What kind of thing went wrong; the caller picks the exit code and the retry by it. */
export type ErrorCode =
  /** The command line or the environment is wrong; nothing was done. */
  | "usage"
  /** A file could not be read or written. */
  | "file"
  /** Nobody answers at the gateway's address, or it is still starting. */
  | "unreachable"
  /** The gateway answers, and does not let us in: token, password, scope. */
  | "refused"
  /** The gateway, or the openclaw CLI, said no to one call. */
  | "rejected"
  /** The live job is no longer the one that was planned on. Read again, plan again. */
  | "conflict"
  /** The port to answer HTTP on cannot be had; nothing was done. */
  | "port"
  /** We were told to stop. */
  | "aborted";

/**
 * The one error that this program throws on purpose.
 *
 * `message` is a single line: what failed, on what, why. `hint` says what to do about it.
 * Neither ever holds a secret. Anything else that is thrown is a bug.
 */
export class ManagerError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  /** How long the gateway asked to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "ManagerError";
    this.code = code;
    this.hint = options.hint;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The error in one line, with its hint where it has one; never a stack. */
export function describeError(error: unknown): string {
  if (error instanceof ManagerError && error.hint) return `${error.message} (${error.hint})`;
  return error instanceof Error ? error.message : String(error);
}

/** What it comes to, or the {@link ManagerError} that it ends with; anything else that is thrown is a bug, and goes on. */
export async function toResult<T>(promise: Promise<T>): Promise<T | ManagerError> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ManagerError) return error;
    throw error;
  }
}

/** `ENOENT`, `EACCES`, …: the code of a failed system call, if that is what this is. */
export function systemCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/**
 * What to say of an error that nobody has thought of: its kind, and where, a line each. Not its message, which may
 * quote what it was about, and that may be anything.
 */
export function describeBug(error: unknown): string {
  const kind = error instanceof Error ? error.constructor.name : typeof error;
  const code = systemCode(error);
  const stack = error instanceof Error ? (error.stack ?? "").replace(error.message, "") : "";
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return [`a bug in config-manager: ${code ?? kind}`, ...frames].join("\n");
}
