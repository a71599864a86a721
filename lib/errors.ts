/** The kind of failure. Callers choose the exit code and the retry by it. */
export type ErrorCode =
  /** The command line or the environment is wrong; nothing was done. */
  | "usage"
  /** A file could not be read or written. */
  | "file"
  /** Nothing answers at the gateway's address, or the gateway is still starting. */
  | "unreachable"
  /** The connection ended in the midst of a pass. What the call did is unknown: observe and plan again, at once. */
  | "interrupted"
  /** The gateway answers and denies access: token, password, scope. */
  | "refused"
  /** The gateway or the openclaw CLI rejected one call. */
  | "rejected"
  /** The live job has changed since it was observed: observe and plan again. */
  | "conflict"
  /** The HTTP port cannot be opened; nothing was done. */
  | "port"
  /** The program is stopping. */
  | "aborted";

/**
 * The only error that this program throws on purpose. Any other thrown value is a bug.
 *
 * `message` is a single line: what failed, on what, why. A `usage` error may have several lines, one per problem.
 * `hint` says what to do about it. Neither contains a secret.
 */
export class ManagerError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  /** How long the gateway asked us to wait before the next call, in milliseconds. */
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

/** Returns the error's message, followed by its hint in parentheses; never a stack. */
export function describeError(error: unknown): string {
  if (error instanceof ManagerError && error.hint) return `${error.message} (${error.hint})`;
  return error instanceof Error ? error.message : String(error);
}

/** Returns the promise's value or its {@link ManagerError}. Any other error is a bug and is thrown. */
export async function toResult<T>(promise: Promise<T>): Promise<T | ManagerError> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ManagerError) return error;
    throw error;
  }
}

/** Returns the code of a failed system call (`ENOENT`, `EACCES`, …); undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/**
 * Describes an unexpected error: its class or code, then one line per stack frame. It leaves the message out, since
 * that may quote a secret.
 */
export function describeBug(error: unknown): string {
  const kind = error instanceof Error ? error.constructor.name : typeof error;
  const code = systemCode(error);
  const stack = error instanceof Error ? (error.stack ?? "").replace(error.message, "") : "";
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return [`a bug in config-manager: ${code ?? kind}`, ...frames].join("\n");
}
