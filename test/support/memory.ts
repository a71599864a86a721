import { readFile } from "node:fs/promises";
import { start } from "./process.ts";
import { BINARY } from "./sidecar.ts";

/** How a command of the binary ended, and the most memory that it held. */
interface Measured {
  /** Null if it was killed, because it took too long or too much memory. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** The highest resident set, with some 45 MiB of the program itself, in MiB. */
  peakMiB: number;
}

/** More than anything here may take; less than harms a machine. */
const MOST_MIB = 700;

/** Runs a command of the binary to its end, and reads its high-water mark meanwhile. It ends one that takes too much. */
export async function measureBinary(
  args: readonly string[],
  env: Record<string, string> = {},
  options: { input?: string } = {},
): Promise<Measured> {
  const running = start(BINARY, args, { env, limitMs: 60_000, ...options });
  let peakMiB = 0;
  while (!running.hasEnded) {
    peakMiB = Math.max(peakMiB, await readPeakMiB(running.pid));
    if (peakMiB > MOST_MIB) running.kill("SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { exitCode, stdout, stderr } = await running.exited;
  return { exitCode, stdout, stderr, peakMiB };
}

/** The high-water mark of a process's resident set, in MiB; 0 if it has ended. */
export async function readPeakMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}
