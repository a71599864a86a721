import { describe, expect, test } from "bun:test";
import { readSidecarUrl } from "../../../lib/commands/sidecar-url.ts";
import { type WaitDependencies, wait } from "../../../lib/commands/wait.ts";
import { compare } from "../../../lib/commands/wait-state.ts";
import { ManagerError } from "../../../lib/errors.ts";
import type { Answer, Told } from "../../../lib/http/ask.ts";
import type { Mounted } from "../../../lib/reconcile/standing.ts";
import { createClock, refusalOf } from "../../support/fakes.ts";

const [A, B] = ["a".repeat(32), "b".repeat(32)];
const [MD5_A, MD5_B] = ["md5 aaaaaaaaaaaa", "md5 bbbbbbbbbbbb"];
const inForce = (checksum: string): Told => ({ checksum, state: "in-sync", problems: [] });
const tells = (standings: Record<string, Told>): Answer => ({
  kind: "told",
  standings: new Map(Object.entries(standings)),
});
const AWAY: Answer = { kind: "away", reason: "ECONNREFUSED" };

describe("compare()", () => {
  const config: Mounted = { checksum: A, file: "openclaw.json" };
  test.each<[string, Mounted, Told | undefined, ReturnType<typeof compare>]>([
    ["the same files in force", config, inForce(A), { kind: "in-force", line: `in force (${MD5_A})` }],
    [
      "other files in force",
      config,
      inForce(B),
      { kind: "waiting", reason: `the sidecar has ${MD5_B}, and here is ${MD5_A}`, hasOthers: true },
    ],
    [
      "other files rejected",
      config,
      { checksum: B, state: "rejected", problems: ["gateway.port: no"] },
      { kind: "waiting", reason: `the sidecar has ${MD5_B}, and here is ${MD5_A}`, hasOthers: true },
    ],
    [
      "nothing read",
      config,
      { checksum: null, state: "unknown", problems: [] },
      { kind: "waiting", reason: `the sidecar has read nothing yet, and here is ${MD5_A}`, hasOthers: true },
    ],
    [
      "no such file there",
      config,
      { checksum: "none", state: "rejected", problems: ["there is no openclaw.json"] },
      { kind: "waiting", reason: `the sidecar has no such file, and here is ${MD5_A}`, hasOthers: true },
    ],
    [
      "no such file on either side",
      { checksum: "none" },
      { checksum: "none", state: "rejected", problems: ["there is no openclaw.json in /etc"] },
      { kind: "rejected", lines: ["there is no openclaw.json in /etc"] },
    ],
    [
      "the same files rejected",
      config,
      { checksum: A, state: "rejected", problems: ["gateway.port: no", "x: no"] },
      { kind: "rejected", lines: ["openclaw.json: gateway.port: no", "openclaw.json: x: no"] },
    ],
    [
      "problems that name their file",
      { checksum: A },
      { checksum: A, state: "rejected", problems: ["cron-jobs.json: a: schedule: no"] },
      { kind: "rejected", lines: ["cron-jobs.json: a: schedule: no"] },
    ],
    [
      "a rejection without a reason",
      config,
      { checksum: A, state: "rejected", problems: [] },
      { kind: "rejected", lines: [`rejected (${MD5_A})`] },
    ],
    [
      "work in progress",
      config,
      { checksum: A, state: "pending", problems: [] },
      { kind: "waiting", reason: "pending" },
    ],
    [
      "drift",
      config,
      { checksum: A, state: "drifted", problems: ["x was changed"] },
      { kind: "waiting", reason: "drifted: x was changed" },
    ],
    [
      "a held change",
      config,
      { checksum: A, state: "pending", problems: [], held: { paths: ["gateway.port", "gateway.bind"] } },
      { kind: "waiting", reason: "held until the gateway has no work: gateway.port, gateway.bind" },
    ],
    [
      "a state of a newer sidecar",
      config,
      { checksum: A, state: "asleep", problems: [] },
      { kind: "waiting", reason: "asleep" },
    ],
    [
      "an older sidecar",
      config,
      undefined,
      { kind: "waiting", reason: "the sidecar does not tell of this kind: it is older than this program" },
    ],
  ])("%s", (_, mounted, told, progress) => {
    expect(compare(mounted, told)).toEqual(progress);
  });
});

describe("wait()", () => {
  /** Answers in order, the last one for ever. @param mounted by kind, as it is at each question */
  function start(answers: readonly (Answer | ManagerError)[], mounted: Record<string, () => Mounted> = {}) {
    const clock = createClock();
    const lines: string[] = [];
    let asked = 0;
    const kinds = { config: () => ({ checksum: A, file: "openclaw.json" }), ...mounted };
    const dependencies: WaitDependencies = {
      reconcilers: Object.fromEntries(
        Object.entries(kinds).map(([name, read]) => [name, { name, readMounted: async () => read() }]),
      ),
      clock,
      async ask() {
        const answer = answers[Math.min(asked, answers.length - 1)] ?? AWAY;
        asked += 1;
        clock.advance(10);
        if (answer instanceof ManagerError) throw answer;
        return answer;
      },
      print: async (line) => void lines.push(`out: ${line}`),
      tell: (line) => void lines.push(line),
      notice: (kind, line) => void lines.push(`${kind}: ${line}`),
      async nudge(pod, limitMs) {
        expect(limitMs).toBeGreaterThan(0);
        nudged.push(pod);
        return pod !== undefined;
      },
    };
    const nudged: (string | undefined)[] = [];
    const run = (timeoutSeconds = 300) => wait(dependencies, { url: new URL("http://sidecar:9090/"), timeoutSeconds });
    return { run, lines, clock, nudged, asked: () => asked };
  }
  const cron = { cron: () => ({ checksum: B }) };

  test("ends with 0 once every kind that is mounted here is in force, and waits for no other", async () => {
    const at = start(
      [
        AWAY,
        tells({ config: inForce(A), cron: inForce(A), secrets: inForce(A) }),
        tells({ config: inForce(A), cron: inForce(B) }),
      ],
      { ...cron, workspace: () => ({ checksum: undefined }) },
    );
    expect(await at.run()).toBe(0);
    expect(at.lines).toEqual([
      "config: not in force yet: http://sidecar:9090/status does not answer: ECONNREFUSED",
      "cron: not in force yet: http://sidecar:9090/status does not answer: ECONNREFUSED",
      `config: in force (${MD5_A})`,
      `cron: not in force yet: the sidecar has ${MD5_A}, and here is ${MD5_B}`,
      `cron: in force (${MD5_B})`,
      "out: In force: config, cron",
    ]);
  });

  test("ends with 1 at a rejection of these files, with a line for each problem", async () => {
    const rejected = (checksum: string) => ({ checksum, state: "rejected", problems: ["gateway.port: no", "x: no"] });
    const at = start([tells({ config: rejected(B) }), tells({ config: rejected(A), cron: inForce(B) })], cron);
    expect(await at.run()).toBe(1);
    expect(at.lines.slice(-4)).toEqual([
      `cron: in force (${MD5_B})`,
      "out: config: openclaw.json: gateway.port: no",
      "out: config: openclaw.json: x: no",
      "error: rejected: config",
    ]);
  });

  test("ends with 2 after the timeout, with what is missing of each kind; asks ever less often", async () => {
    const at = start([tells({ config: inForce(A), cron: inForce(A) })], cron);
    expect(await at.run(30)).toBe(2);
    expect(at.lines.at(-1)).toBe(
      `error: cron: not in force after 30 s: the sidecar has ${MD5_A}, and here is ${MD5_B}`,
    );
    expect(at.lines).toHaveLength(3);
    expect(at.clock.pauses.slice(0, 5)).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
    expect(at.clock.pauses.reduce((sum, pause) => sum + pause, 0)).toBeLessThanOrEqual(30_000);
  });

  test("ends with 2 where nobody answers, and asks once without any time", async () => {
    const at = start([AWAY]);
    expect(await at.run(0)).toBe(2);
    expect([at.asked(), ...at.lines.slice(1)]).toEqual([
      1,
      "error: config: not in force after 0 s: http://sidecar:9090/status does not answer: ECONNREFUSED",
      "hint: a sidecar answers where it runs with --http-port and is ready to be reached",
    ]);
  });

  test.each([
    [{ kind: "refused" }, "refused", "http://sidecar:9090/status does not accept the gateway token of this container"],
    [
      { kind: "strange", reason: "HTTP 404" },
      "rejected",
      "http://sidecar:9090/status is no status of a sidecar: HTTP 404",
    ],
  ] as const)("gives up 30 s after %j, and at once at the end of its time", async (answer, code, message) => {
    const at = start([answer]);
    const error = await refusalOf(at.run());
    expect([error.code, error.message, typeof error.hint]).toEqual([code, message, "string"]);
    expect(at.clock.pauses.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThanOrEqual(29_000);
    expect(at.clock.pauses.reduce((sum, pause) => sum + pause, 0)).toBeLessThan(40_000);
    expect(at.lines).toEqual([`config: not in force yet: ${message}`]);
    expect((await refusalOf(start([answer]).run(5))).message).toBe(message);
  });

  test("nudges while the sidecar has other files, and looks again soon; not for what takes the gateway", async () => {
    const pod = { pod: "openclaw-5d9-x2z" };
    const pending = { checksum: A, state: "pending", problems: [] };
    const at = start([
      AWAY,
      { ...tells({ config: inForce(B) }), ...pod },
      { ...tells({ config: inForce(B) }), ...pod },
      { ...tells({ config: pending }), ...pod },
      { ...tells({ config: inForce(A) }), ...pod },
    ]);
    expect(await at.run()).toBe(0);
    expect(at.nudged).toEqual(["openclaw-5d9-x2z", "openclaw-5d9-x2z"]);
    expect(at.clock.pauses).toEqual([1_000, 1_000, 1_000, 1_000]);
  });

  test("asks less often where it cannot nudge, and does not nudge at the end of its time", async () => {
    const at = start([tells({ config: inForce(B) })]);
    expect(await at.run(7)).toBe(2);
    expect(at.nudged).toEqual([undefined, undefined, undefined]);
    expect(at.clock.pauses.slice(0, 2)).toEqual([1_000, 2_000]);
  });

  test("does not give up where a wrong token is rotated in between", async () => {
    const wrong = Array.from({ length: 6 }, (): Answer => ({ kind: "refused" }));
    const at = start([...wrong, AWAY, ...wrong, tells({ config: inForce(A) })]);
    expect(await at.run()).toBe(0);
  });

  test("compares what is mounted at each question: it may be swapped while we wait", async () => {
    let checksum = B;
    const at = start([tells({ config: inForce(A) })], {
      config: () => {
        const now = checksum;
        checksum = A;
        return { checksum: now };
      },
    });
    expect(await at.run()).toBe(0);
    expect(at.asked()).toBe(2);
  });

  test("fails where nothing is mounted, and where it has no token to ask with", async () => {
    const none = start([AWAY], { config: () => ({ checksum: undefined, file: "" }) });
    expect((await refusalOf(none.run())).message).toBe("nothing is mounted here that could be waited for");
    expect(none.asked()).toBe(0);
    const refused = new ManagerError("refused", "there is no gateway token here");
    expect(await refusalOf(start([refused]).run())).toBe(refused);
  });
});

describe("readSidecarUrl()", () => {
  const read = (value?: string, httpPort?: number) => readSidecarUrl(value, { httpPort }).href;

  test("reads an address, or takes the port of this container", () => {
    expect(read("http://openclaw-config-manager:9090")).toBe("http://openclaw-config-manager:9090/");
    expect(read("https://status.example.com/sidecar/")).toBe("https://status.example.com/sidecar/");
    expect(read("http://10.1.2.3:9090")).toBe("http://10.1.2.3:9090/");
    expect(read(undefined, 9090)).toBe("http://127.0.0.1:9090/");
  });

  test.each([
    undefined,
    "",
    "sidecar:9090",
    "ws://sidecar:9090",
    "http://user:pass@sidecar",
    "http://sidecar?token=a",
    "http://sidecar#a",
  ])("refuses %j without quoting it", async (value) => {
    const error = await refusalOf(() => read(value));
    expect(error.code).toBe("usage");
    expect(error.message).toMatch(
      /^--url: expected (?:the address of a sidecar, such as|an address such as) http:\/\/SERVICE:9090$/,
    );
  });

  test("refuses to send the token to a public address in plaintext", async () => {
    expect((await refusalOf(() => read("http://8.8.8.8:9090"))).message).toContain("plaintext");
    expect(read("https://8.8.8.8:9090")).toBe("https://8.8.8.8:9090/");
  });
});
