/** What the last four bits of a frame's first byte say that it is; 3 to 7 and 11 to 15 mean nothing. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The longest data of a control frame, in bytes. */
export const MAX_CONTROL_BYTES = 125;

/** The longest head of a frame has 14 bytes. The data begin after 16, where a word begins. */
const HEAD_ROOM = 16;

/** The first length that takes two more bytes, and the first that takes eight. */
const [MEDIUM, LARGE] = [126, 65_536];

/** One whole frame (RFC 6455), masked with random bytes, as a client has to. */
export function encodeFrame(opcode: number, data: string | Uint8Array): Uint8Array {
  const size = typeof data === "string" ? Buffer.byteLength(data) : data.length;
  const frame = Buffer.from(new ArrayBuffer(HEAD_ROOM + Math.ceil(size / 4) * 4));
  if (typeof data === "string") frame.write(data, HEAD_ROOM);
  else frame.set(data, HEAD_ROOM);
  mask(frame);
  const start = HEAD_ROOM - (size < MEDIUM ? 6 : size < LARGE ? 8 : 14);
  frame[start] = 0x80 | opcode;
  frame[start + 1] = 0x80 | (size < MEDIUM ? size : size < LARGE ? 126 : 127);
  if (size >= LARGE) frame.writeBigUInt64BE(BigInt(size), start + 2);
  else if (size >= MEDIUM) frame.writeUInt16BE(size, start + 2);
  return frame.subarray(start, HEAD_ROOM + size);
}

/** Puts a random mask before the data and applies it, by words: by bytes, 1 MiB would take four times as long. */
function mask(frame: Buffer): void {
  crypto.getRandomValues(frame.subarray(HEAD_ROOM - 4, HEAD_ROOM));
  const [key = 0] = new Uint32Array(frame.buffer, HEAD_ROOM - 4, 1);
  const words = new Uint32Array(frame.buffer, HEAD_ROOM);
  for (let at = 0; at < words.length; at++) words[at] = (words[at] ?? 0) ^ key;
}

/** The data of a close frame: the code, and as much of the reason as has room. None without a code. */
export function encodeClose(code: number | undefined, reason = ""): Uint8Array {
  if (code === undefined) return new Uint8Array();
  const data = Buffer.alloc(MAX_CONTROL_BYTES);
  data.writeUInt16BE(code);
  return data.subarray(0, 2 + data.write(reason, 2)); // writes no half of a character
}
