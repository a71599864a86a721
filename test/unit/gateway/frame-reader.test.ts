import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Incoming, createFrameReader } from "../../../lib/gateway/frame-reader.ts";
import { toTextFrame, toTextHead } from "../../support/fake-servers.ts";
import { runs } from "../../support/soak.ts";

const MAX_BYTES = 100_000;

/** A frame as a server sends it. */
function frame(opcode: number, data: Uint8Array, isFinal = true): Buffer {
  const head = [(isFinal ? 0x80 : 0) | opcode];
  if (data.length < 126) head.push(data.length);
  else if (data.length < 65_536) head.push(126, data.length >> 8, data.length & 0xff);
  else return Buffer.concat([Buffer.from(head), toTextHead(data.length).subarray(1), data]);
  return Buffer.concat([Buffer.from(head), data]);
}

function readAll(chunks: Iterable<Uint8Array>, maxBytes = MAX_BYTES): Incoming[] {
  const reader = createFrameReader(maxBytes);
  return Array.from(chunks, (chunk) => [...reader.read(chunk)]).flat();
}

/** Cuts bytes at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const bytes = (...values: number[]) => [Buffer.from(values)];
const refusalOf = (chunks: Iterable<Uint8Array>) => readAll(chunks).find(({ kind }) => kind === "refused");

/** Something that a server may send, in frames, and what it means. */
const text = fc
  .tuple(
    fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("", "\uFEFF{}", "x".repeat(70_000), "é€😀".repeat(50))),
    fc.array(fc.nat(), { maxLength: 4 }),
    fc.uint8Array({ maxLength: 125 }),
    fc.boolean(),
  )
  .map(([message, places, ping, hasPing]) => {
    const parts = cut(Buffer.from(message), places);
    const frames = parts.flatMap((part, index) => [
      ...(hasPing ? [frame(9, ping), frame(10, ping)] : []),
      frame(index === 0 ? 1 : 0, part, index === parts.length - 1),
    ]);
    const pings = Array.from(hasPing ? parts : [], (): Incoming => ({ kind: "ping", data: Buffer.from(ping) }));
    const meaning: Incoming[] = [...pings, { kind: "message", text: message }];
    return { frames, meaning };
  });

const plain = (all: readonly Incoming[]) =>
  all.map((each) => (each.kind === "ping" ? { ...each, data: Buffer.from(each.data).toString("hex") } : each));

describe("createFrameReader()", () => {
  test("finds the same messages however the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), fc.array(fc.nat(), { maxLength: 40 }), (all, places) => {
        const stream = Buffer.concat([
          ...all.flatMap(({ frames }) => frames),
          frame(8, Buffer.from([3, 232, 104, 105])),
        ]);
        const meaning = [
          ...all.flatMap((each) => each.meaning),
          { kind: "close", code: 1000, reason: "hi" } as Incoming,
        ];
        expect(plain(readAll(cut(stream, places)))).toEqual(plain(meaning));
      }),
      { numRuns: runs(2_000) },
    );
  });

  test("finds them in single bytes", () => {
    const stream = Buffer.concat([
      toTextFrame("x".repeat(300)),
      frame(1, Buffer.from("é"), false),
      frame(0, Buffer.from("€")),
    ]);
    const single = Array.from(stream, (byte) => Buffer.from([byte]));
    expect(readAll(single)).toEqual([
      { kind: "message", text: "x".repeat(300) },
      { kind: "message", text: "é€" },
    ]);
  });

  test("throws for no bytes, and finds nothing after a refusal or a close", () => {
    const head = fc.constantFrom(0x81, 0x01, 0x80, 0x00, 0x88, 0x89, 0x8a).map((byte) => Buffer.from([byte]));
    const noise = fc.oneof(head, fc.uint8Array({ maxLength: 20 }), fc.constant(frame(1, Buffer.from("{}"))));
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 30 }), (chunks) => {
        const all = readAll(chunks, 50);
        const last = all.findIndex(({ kind }) => kind === "refused" || kind === "close");
        expect([-1, all.length - 1]).toContain(last);
        for (const each of all) if (each.kind === "message") expect(Buffer.byteLength(each.text)).toBeLessThan(51);
      }),
      { numRuns: runs(20_000) },
    );
  });

  test("refuses a message that is too long by its head alone", () => {
    expect(readAll([toTextHead(MAX_BYTES)])).toEqual([]);
    expect(readAll([toTextHead(MAX_BYTES + 1)])).toEqual([
      { kind: "refused", code: 1009, problem: "it sent 100001 bytes at once; at most 100000 are read" },
    ]);
    expect(refusalOf(bytes(0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))).toMatchObject({ code: 1009 });
  });

  test("refuses a message whose parts are too long together, by the head of the one that is too much", () => {
    const first = frame(1, Buffer.alloc(60_000, "x"), false);
    const second = frame(0, Buffer.alloc(60_000, "x")).subarray(0, 4);
    expect(readAll([first, second])).toEqual([
      { kind: "refused", code: 1009, problem: "it sent 120000 bytes at once; at most 100000 are read" },
    ]);
  });

  test("reads a message of many small parts in time in proportion to them", () => {
    const part = frame(0, Buffer.from("x"), false);
    const stream = Buffer.concat([
      frame(1, Buffer.alloc(0), false),
      ...Array.from({ length: 90_000 }, () => part),
      frame(0, Buffer.alloc(0)),
    ]);
    expect(readAll([stream])).toEqual([{ kind: "message", text: "x".repeat(90_000) }]);
  });

  test.each<[string, number, Uint8Array[]]>([
    ["it breaks the WebSocket protocol: a masked frame from the server", 1002, bytes(0x81, 0x81, 1, 2, 3, 4, 5)],
    ["it breaks the WebSocket protocol: a reserved bit is set", 1002, bytes(0xc1)],
    ["it breaks the WebSocket protocol: opcode 3", 1002, bytes(0x83)],
    ["it breaks the WebSocket protocol: opcode 15", 1002, bytes(0x8f)],
    ["it breaks the WebSocket protocol: a control frame in parts", 1002, bytes(0x09)],
    ["it breaks the WebSocket protocol: a control frame of more than 125 bytes", 1002, bytes(0x89, 126)],
    ["it breaks the WebSocket protocol: a part of no message", 1002, bytes(0x80, 0)],
    ["it breaks the WebSocket protocol: a message in a message", 1002, bytes(0x01, 0, 0x81, 0)],
    ["it breaks the WebSocket protocol: a close without a code that there is", 1002, bytes(0x88, 1, 3)],
    ["it breaks the WebSocket protocol: a close without a code that there is", 1002, bytes(0x88, 2, 0, 0)],
    ["it breaks the WebSocket protocol: a close without a code that there is", 1002, bytes(0x88, 2, 3, 238)],
    ["it breaks the WebSocket protocol: a close without a code that there is", 1002, bytes(0x88, 2, 3, 247)],
    ["it sent a binary message", 1003, bytes(0x82, 0)],
    ["it sent text that is not UTF-8", 1007, bytes(0x81, 1, 0xff)],
    ["it sent text that is not UTF-8", 1007, bytes(0x88, 3, 3, 232, 0xff)],
    ["it sent text that is not UTF-8", 1007, [frame(1, Buffer.from("€").subarray(0, 2))]],
  ])("refuses: %s, with %d (case %#)", (problem, code, chunks) => {
    expect(readAll([...chunks, frame(1, Buffer.from("more"))])).toEqual([{ kind: "refused", code, problem }]);
  });

  test("reads a close with and without a code", () => {
    expect(readAll(bytes(0x88, 0))).toEqual([{ kind: "close", code: 1005, reason: "" }]);
    expect(readAll([frame(8, Buffer.from("\u0003\u00f4service restart", "latin1"))])).toEqual([
      { kind: "close", code: 1012, reason: "service restart" },
    ]);
  });
});
