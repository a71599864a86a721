/** How long somebody waits without wondering, in milliseconds; also how often they are told how long it has been. */
const TICK_MS = 1_000;

/** Carriage return, and erase to the end of the line. */
const CLEAR = "\r\u001b[K";

interface Stream {
  isTTY?: boolean;
  write?: (text: string) => unknown;
}

/** One line at the bottom of a terminal, there while something takes long. */
export interface Progress {
  /** Makes room for a line of something else; comes back with the next second. */
  clear(): void;
  /** For good. */
  end(): void;
}

/**
 * Says what is being waited for, and for how long, once it has been a second. Nothing at all where nobody looks at a
 * screen.
 */
export function showProgress(what: string, stream: Stream): Progress {
  if (stream.isTTY !== true) return { clear: () => undefined, end: () => undefined };
  let seconds = 0;
  const clear = () => {
    if (seconds > 0) stream.write?.(CLEAR);
  };
  const timer = setInterval(() => {
    seconds += 1;
    stream.write?.(`${CLEAR}${what} … ${seconds} s`);
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
