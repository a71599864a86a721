import { MAX_CONTROL_BYTES, OPCODE } from "./frame-writer.ts";

const OPCODES = new Set<number>(Object.values(OPCODE));

/** The least that a message of more than one frame is collected in, in bytes: each frame may have one byte. */
const MIN_ROOM = 4_096;

const EMPTY = new Uint8Array();

/** What the other side has sent, as far as it means something. */
export type Incoming =
  | { kind: "message"; text: string }
  | { kind: "ping"; data: Uint8Array }
  /** It ends the connection. `code`: 1005 if it gives none. */
  | { kind: "close"; code: number; reason: string }
  /** It sent what is not read; nothing that follows is. `code`: what to close the connection with. */
  | { kind: "refused"; code: number; problem: string };

/** Finds the messages in the bytes of one connection. */
export interface FrameReader {
  /** To be iterated to its end, unless the connection is given up. Bytes after a close or a refusal are dropped. */
  read(chunk: Uint8Array): Generator<Incoming>;
}

class Refusal extends Error {
  readonly code: number;
  constructor(code: number, problem: string) {
    super(problem);
    this.code = code;
  }
}

const violation = (what: string) => new Refusal(1002, `it breaks the WebSocket protocol: ${what}`);

/**
 * Reads frames of a WebSocket server (RFC 6455) without extensions. Holds at most one message, and a copy while it
 * grows: a message of more than `maxBytes` is refused by its announced length, before any of it is kept.
 */
export function createFrameReader(maxBytes: number): FrameReader {
  const head = new Uint8Array(10);
  let headLength = 0;
  /** The frame whose data are being read, and how many of them there are so far. */
  let frame: Head | undefined;
  let read = 0;
  const control = new Uint8Array(MAX_CONTROL_BYTES);
  /** The message so far, if one has begun: the first `length` bytes. */
  let message = EMPTY;
  let length = 0;
  let isInMessage = false;
  let isOver = false;

  function begin(next: Head): void {
    const { isControl, opcode, isFinal } = next;
    frame = next;
    read = 0;
    if (isControl) return;
    if (opcode === OPCODE.binary) throw new Refusal(1003, "it sent a binary message");
    const isContinued = opcode === OPCODE.continuation;
    if (isContinued !== isInMessage) throw violation(isContinued ? "a part of no message" : "a message in a message");
    isInMessage = true;
    const sum = length + next.length;
    if (sum > maxBytes) throw new Refusal(1009, `it sent ${sum} bytes at once; at most ${maxBytes} are read`);
    if (sum <= message.length) return;
    const room = isFinal ? sum : Math.min(maxBytes, Math.max(sum, 2 * message.length, MIN_ROOM));
    const grown = new Uint8Array(room);
    grown.set(message.subarray(0, length));
    message = grown;
  }

  function take(data: Uint8Array, { isControl }: Head): void {
    if (isControl) {
      control.set(data, read);
    } else {
      message.set(data, length);
      length += data.length;
    }
    read += data.length;
  }

  function finish({ isControl, opcode, isFinal, length: size }: Head): Incoming | undefined {
    frame = undefined;
    headLength = 0;
    if (isControl) {
      const data = control.slice(0, size);
      if (opcode === OPCODE.ping) return { kind: "ping", data };
      return opcode === OPCODE.close ? { kind: "close", ...parseClose(data) } : undefined;
    }
    if (!isFinal) return undefined;
    const text = decode(message.subarray(0, length));
    message = EMPTY;
    length = 0;
    isInMessage = false;
    return { kind: "message", text };
  }

  function* readFrames(chunk: Uint8Array): Generator<Incoming> {
    for (let at = 0; at < chunk.length && !isOver; ) {
      if (!frame) {
        head[headLength++] = chunk[at++] ?? 0;
        const next = parseHead(head.subarray(0, headLength));
        if (!next) continue;
        begin(next);
      }
      if (!frame) continue;
      const data = chunk.subarray(at, at + frame.length - read);
      take(data, frame);
      at += data.length;
      if (read < frame.length) return;
      const incoming = finish(frame);
      isOver = incoming?.kind === "close";
      if (incoming) yield incoming;
    }
  }

  return {
    *read(chunk) {
      if (isOver) return;
      try {
        yield* readFrames(chunk);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        isOver = true;
        message = EMPTY;
        yield { kind: "refused", code: error.code, problem: error.message };
      }
    },
  };
}

interface Head {
  opcode: number;
  isControl: boolean;
  isFinal: boolean;
  length: number;
}

/** Undefined while more bytes of it have to come. */
function parseHead(bytes: Uint8Array): Head | undefined {
  const [first = 0, second] = bytes;
  const opcode = first & 0x0f;
  const isControl = opcode >= OPCODE.close;
  const isFinal = first >= 0x80;
  if ((first & 0x70) !== 0) throw violation("a reserved bit is set");
  if (!OPCODES.has(opcode)) throw violation(`opcode ${opcode}`);
  if (isControl && !isFinal) throw violation("a control frame in parts");
  if (second === undefined) return undefined;
  if (second >= 0x80) throw violation("a masked frame from the server");
  if (second < 126) return { opcode, isControl, isFinal, length: second };
  if (isControl) throw violation(`a control frame of more than ${MAX_CONTROL_BYTES} bytes`);
  const end = second === 126 ? 4 : 10;
  if (bytes.length < end) return undefined;
  const length = bytes.subarray(2, end).reduce((sum, byte) => sum * 256 + byte, 0);
  return { opcode, isControl, isFinal, length };
}

function parseClose(data: Uint8Array): { code: number; reason: string } {
  const [high, low] = data;
  if (high === undefined) return { code: 1005, reason: "" };
  const code = high * 256 + (low ?? 0);
  const isKnown = (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code < 5000);
  if (low === undefined || !isKnown) throw violation("a close without a code that there is");
  return { code, reason: decode(data.subarray(2)) };
}

function decode(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new Refusal(1007, "it sent text that is not UTF-8");
  }
}
