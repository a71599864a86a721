import { escapeControls } from "../printable.ts";
import type { Stream } from "./terminal.ts";

/** When the progress line first appears, and how often it is updated, in milliseconds. */
const TICK_MS = 1_000;

/** Carriage return, and erase to the end of the line. */
const CLEAR = "\r\u001b[K";

/** A line at the bottom of a terminal that shows how long something takes. */
export interface Progress {
  /** Clears the line, so that something else can be printed. It comes back at the next tick. */
  clear(): void;
  /** Clears the line and stops. */
  end(): void;
}

/** Shows what the program waits for, and for how long, after the first second. Does nothing if it is not a terminal. */
export function showProgress(what: string, stream: Stream): Progress {
  if (stream.isTTY !== true) return { clear: () => undefined, end: () => undefined };
  let seconds = 0;
  const clear = () => {
    if (seconds > 0) stream.write?.(CLEAR);
  };
  const timer = setInterval(() => {
    seconds += 1;
    stream.write?.(`${CLEAR}${escapeControls(what)} … ${seconds} s`);
  }, TICK_MS);
  return {
    clear,
    end() {
      clearInterval(timer);
      clear();
      seconds = 0;
    },
  };
}
