import { describe, expect, test } from "bun:test";
import { createNudge } from "../../../lib/commands/nudge.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { createClock } from "../../support/fakes.ts";

const POD = "openclaw-5d9-x2z";

/** @param results of each call in order, the last one for ever */
function start(results: readonly (ManagerError | undefined)[] = [undefined]) {
  const clock = createClock(Date.parse("2026-11-27T03:00:00Z"));
  const lines: string[] = [];
  const calls: { pod: string; annotations: Readonly<Record<string, string>>; limitMs: number }[] = [];
  const nudge = createNudge({
    clock,
    async annotate(pod, annotations, limitMs) {
      const result = results[Math.min(calls.length, results.length - 1)];
      calls.push({ pod, annotations, limitMs });
      if (result) throw result;
    },
    tell: (line) => void lines.push(line),
    notice: (kind, line) => void lines.push(`${kind}: ${line}`),
  });
  return { clock, lines, calls, nudge };
}

describe("createNudge()", () => {
  test("annotates the Pod at once, with the time", async () => {
    const { nudge, calls, lines } = start();
    expect(await nudge(POD, 5_000)).toBe(true);
    expect(calls).toEqual([
      { pod: POD, annotations: { "config-manager/nudged-at": "2026-11-27T03:00:00.000Z" }, limitMs: 5_000 },
    ]);
    expect(lines).toEqual([`nudged the Pod ${POD}, so that the kubelet refreshes its volumes`]);
  });

  test("does so again after 2 s, 4 s, … at most 30 s, each time with another value, and tells it once", async () => {
    const { nudge, calls, lines, clock } = start();
    const atSeconds: number[] = [];
    for (let second = 0; second < 120; second++) {
      if (await nudge(POD, 5_000)) atSeconds.push(second);
      clock.advance(1_000);
    }
    expect(atSeconds).toEqual([0, 2, 6, 14, 30, 60, 90]);
    expect(new Set(calls.map(({ annotations }) => JSON.stringify(annotations))).size).toBe(calls.length);
    expect(lines).toHaveLength(1);
  });

  test("a failure is a warning with its hint, once, and is tried again", async () => {
    const refused = new ManagerError("refused", "HTTP 403", { hint: "kubectl create role" });
    const { nudge, lines, clock } = start([refused, refused, undefined]);
    expect(await nudge(POD, 1)).toBe(false);
    clock.advance(2_000);
    expect(await nudge(POD, 1)).toBe(false);
    clock.advance(4_000);
    expect(await nudge(POD, 1)).toBe(true);
    expect(lines).toEqual([
      "warning: cannot nudge the sidecar's Pod, and wait for the kubelet: HTTP 403",
      "hint: kubectl create role",
      `nudged the Pod ${POD}, so that the kubelet refreshes its volumes`,
    ]);
  });

  test("an error that is none of ours is a bug, and no warning", async () => {
    const { nudge } = start([new TypeError("no function") as unknown as ManagerError]);
    expect(nudge(POD, 1)).rejects.toThrow(TypeError);
  });

  test("a sidecar that names no Pod is a warning", async () => {
    const { nudge, lines, calls } = start();
    expect(await nudge(undefined, 5_000)).toBe(false);
    expect(lines).toEqual([
      "warning: cannot nudge the sidecar's Pod, and wait for the kubelet: the sidecar does not say which Pod it is in",
      "hint: it is older than this program, or its host name is not a Pod's",
    ]);
    expect(calls).toEqual([]);
  });
});
