import { describe, expect, test } from "bun:test";
import type { Definition } from "../../../lib/definition/definition.ts";
import { isCommandAsTurn, toJobSpec } from "../../../lib/cron/job-spec.ts";
import { NEW, OLD, define } from "../../support/fakes.ts";

const specOf = (fields: Partial<Definition>) => toJobSpec(define(fields), NEW);
const payloadOf = (fields: Partial<Definition>) => specOf(fields).payload;

describe("toJobSpec()", () => {
  test("translates a definition into OpenClaw's names", () => {
    const definition = define({ description: "Nightly", timeout: 300, cwd: "/srv", env: { A: "1" } });
    expect(toJobSpec(definition, NEW)).toEqual({
      name: "backup",
      description: "Nightly",
      schedule: { kind: "cron", expr: "0 3 * * *" },
      sessionTarget: "isolated",
      wakeMode: "now",
      payload: {
        kind: "command",
        argv: ["sh", "-lc", "backup.sh"],
        cwd: "/srv",
        env: { A: "1" },
        timeoutSeconds: 300,
      },
      delivery: { mode: "none" },
    });
  });

  test("passes on the fields that OpenClaw names alike", () => {
    const same = {
      displayName: "Backup",
      sessionKey: "agent:main:main",
      deleteAfterRun: true,
      failureAlert: { after: 3 },
      pacing: { min: "1h" },
      trigger: { script: "return true" },
    };
    expect(specOf(same)).toMatchObject(same);
    const options = { cwd: "/srv", env: { A: "1" }, input: "x", noOutputTimeoutSeconds: 5, outputMaxBytes: 6 };
    expect(payloadOf(options)).toMatchObject(options);
  });

  test("keeps an argv array unchanged", () => {
    const argv = ["printf", "%s\n", "$(date)", " a b ", "it's"];
    expect(payloadOf({ command: argv })).toEqual({ kind: "command", argv });
  });

  test("translates a message into an agent turn", () => {
    const options = { model: "a/b", fallbacks: ["c/d"], thinking: "low", lightContext: true };
    const fields = { message: "Sum up.", ...options, allowUnsafeExternalContent: true };
    expect(payloadOf({ ...fields, timeout: 60, tools: ["exec"] })).toEqual({
      kind: "agentTurn",
      ...fields,
      timeoutSeconds: 60,
      toolsAllow: ["exec"],
    });
  });

  test("runs a system event in the main session, and anything else in an isolated one", () => {
    expect(specOf({ systemEvent: "Break." })).toMatchObject({
      sessionTarget: "main",
      payload: { kind: "systemEvent", text: "Break." },
    });
    expect(specOf({ message: "x" }).sessionTarget).toBe("isolated");
    expect(specOf({ command: "x" }).sessionTarget).toBe("isolated");
    expect(specOf({ payload: { kind: "systemEvent", text: "x" } }).sessionTarget).toBe("main");
    expect(specOf({ message: "x", session: "main" }).sessionTarget).toBe("main");
    expect(specOf({ systemEvent: "x", session: "isolated" }).sessionTarget).toBe("isolated");
  });

  test("delivers nothing where no delivery is declared", () => {
    expect(specOf({}).delivery).toEqual({ mode: "none" });
    expect(specOf({ delivery: { mode: "announce", to: "x" } }).delivery).toEqual({ mode: "announce", to: "x" });
  });

  test("omits enabled if it is not declared", () => {
    expect(specOf({})).not.toHaveProperty("enabled");
    expect(specOf({ enabled: false }).enabled).toBeFalse();
    expect(specOf({ enabled: true }).enabled).toBeTrue();
  });

  test.each([
    [{ timeout: 5 }, { timeoutSeconds: 5 }],
    [{ agent: "ops" }, { agentId: "ops" }],
    [{ session: "main" }, { sessionTarget: "main" }],
    [{ wake: "next-heartbeat" }, { wakeMode: "next-heartbeat" }],
    [{ tools: ["exec"] }, { toolsAllow: ["exec"] }],
  ] satisfies [Partial<Definition>, Partial<Definition>][])("takes %j for %j", (ours, theirs) => {
    expect(specOf(ours)).toEqual(specOf(theirs));
    expect(specOf(ours)).not.toEqual(specOf({}));
  });

  test("trims the description, and omits an empty one", () => {
    expect(specOf({ description: "  Nightly\n" }).description).toBe("Nightly");
    expect(specOf({ description: " \n" })).not.toHaveProperty("description");
  });

  test("puts the time zone into the schedule", () => {
    expect(specOf({ tz: "Asia/Tokyo" }).schedule).toEqual({ kind: "cron", expr: "0 3 * * *", tz: "Asia/Tokyo" });
  });

  test("keeps OpenClaw's own schedule unchanged", () => {
    const schedule = { kind: "every", everyMs: 60_000, anchorMs: 5 } as const;
    expect(specOf({ schedule }).schedule).toEqual(schedule);
  });

  test("formats a moment as the gateway stores it, whatever its zone", () => {
    const moments = ["2027-01-31T09:00:00+09:00", "2027-01-31T00:00:00Z", "2027-01-31T00:00:00.000Z", "2027-01-31"];
    for (const at of moments) {
      expect(specOf({ schedule: { kind: "at", at } }).schedule).toEqual({ kind: "at", at: "2027-01-31T00:00:00.000Z" });
    }
  });

  test("keeps OpenClaw's own payload, with the gateway's default limits of a script", () => {
    const payload = { kind: "script", script: "return 1", toolBudget: 3 } as const;
    expect(payloadOf({ payload })).toEqual({ ...payload, timeoutSeconds: 300 });
  });

  test("omits undeclared fields: on the wire, absent and undefined differ", () => {
    const specs = [define(), define({ message: "x" }), define({ systemEvent: "x" })].flatMap((definition) => [
      toJobSpec(definition, NEW),
      toJobSpec(definition, OLD),
    ]);
    // toStrictEqual distinguishes an absent field from an undefined one
    for (const spec of specs) expect(spec).toStrictEqual(JSON.parse(JSON.stringify(spec)));
  });

  test("does not modify the definition", () => {
    const definition = define({ delivery: { mode: "announce" }, schedule: { kind: "every", everyMs: 5 }, retry: 1 });
    const before = structuredClone(definition);
    toJobSpec(definition, NEW);
    toJobSpec(definition, OLD);
    expect(definition).toEqual(before);
  });
});

describe("unwrapRetry()", () => {
  test.each([["x"], ["sh", "-lc", "x"], ["sh", "-c", "x", "retry", "y"], [], ["sh", "-c", " -lt 3 ]", "retry", "y"]])(
    "returns a command outside of our retry loop unchanged",
    (...argv) => {
      expect(unwrapRetry(argv)).toEqual({ argv, retry: 0 });
    },
  );

  test("returns the command and the number that retry was given", () => {
    for (const [command, retry] of [
      ['it\'s "x" $Y', 1],
      ["x", 100],
    ] as const) {
      const { argv } = payloadOf({ command, retry }) as { argv?: string[] };
      expect(unwrapRetry(argv ?? [])).toEqual({ argv: ["sh", "-lc", command], retry });
    }
  });
});

describe("retry", () => {
  test("passes the command as arguments, so that the shell does not parse it", () => {
    const { argv } = payloadOf({ command: "$(echo ran)", retry: 2 });
    expect(argv).toEqual(["sh", "-c", expect.not.stringContaining("echo ran"), "retry", "sh", "-lc", "$(echo ran)"]);
  });

  test("of 0 wraps nothing", () => {
    expect(payloadOf({ retry: 0 })).toEqual(payloadOf({}));
  });

  test("keeps the other fields of the payload", () => {
    const fields = { timeout: 300, cwd: "/srv", env: { A: "1" } };
    const { argv: _, ...wrapped } = payloadOf({ ...fields, retry: 3 });
    expect(wrapped).toEqual({ kind: "command", timeoutSeconds: 300, cwd: "/srv", env: { A: "1" } });
  });
});

/** Runs a wrapped command in a real shell; `sleep` only records its duration. */
async function runWith(shell: string, fields: Partial<Definition>, script = "") {
  await using scratch = await createScratch();
  await mkdir(scratch.in("bin"));
  await symlink(Bun.which(shell) ?? "", scratch.in("bin", "sh"));
  await writeFile(scratch.in("bin", "sleep"), '#!/bin/sh\necho "$@" >>"$NOTES/sleeps"\n', { mode: 0o755 });
  await writeFile(scratch.in("bin", "attempt"), `#!/bin/sh\necho x >>"$NOTES/attempts"\n${script}\n`, { mode: 0o755 });
  const [program = "", ...args] = payloadOf(fields).argv as string[];
  const { exitCode, stdout, stderr } = await run(program, args, {
    env: { PATH: `${scratch.in("bin")}:${process.env.PATH}`, HOME: scratch.path, NOTES: scratch.path, ...fields.env },
  });
  const linesOf = (name: string) => {
    const text = existing(scratch.in(name));
    return text === "" ? [] : text.trim().split("\n");
  };
  return {
    exitCode,
    stdout,
    stderr,
    attempts: linesOf("attempts").length,
    sleeps: linesOf("sleeps"),
  };
}

function existing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

for (const shell of ["dash", "bash"]) {
  if (!Bun.which(shell)) console.log(`(skip) retry, run by ${shell}: there is no ${shell} here`);
  describe.skipIf(!Bun.which(shell))(`retry, run by ${shell}`, () => {
    test("runs a command that succeeds once", async () => {
      const run = await runWith(shell, { command: ["attempt"], retry: 3 });
      expect(run).toEqual({ exitCode: 0, stdout: "", stderr: "", attempts: 1, sleeps: [] });
    });

    test("reruns a failing command as often as declared, a second apart, and ends with its status", async () => {
      const run = await runWith(shell, { command: ["attempt"], retry: 3 }, "exit 7");
      expect(run).toEqual({ exitCode: 7, stdout: "", stderr: "", attempts: 4, sleeps: ["1", "1", "1"] });
    });

    test("ends with the status of the last attempt, not of an earlier one", async () => {
      const run = await runWith(shell, { command: ["attempt"], retry: 2 }, 'exit "$(wc -l <"$NOTES/attempts")"');
      expect(run).toMatchObject({ exitCode: 3, attempts: 3 });
    });

    test("ends as soon as an attempt succeeds", async () => {
      const run = await runWith(shell, { command: ["attempt"], retry: 5 }, '[ "$(wc -l <"$NOTES/attempts")" -ge 2 ]');
      expect(run).toMatchObject({ exitCode: 0, attempts: 2, sleeps: ["1"] });
    });

    test("ends with the shell's usual status for a missing command", async () => {
      expect(await runWith(shell, { command: ["no-such-command"], retry: 1 })).toMatchObject({
        exitCode: 127,
        sleeps: ["1"],
      });
    });

    test.each([
      ...Object.entries(ODD_NAMES),
      ["nothing but blanks", "  \t "],
      ["a line that ends the loop", 'x; done; exit 0; "'],
    ])("passes an argument with %s unchanged", async (_, argument) => {
      const run = await runWith(shell, { command: ["printf", "%s|", "a b", argument, "*"], retry: 1 });
      expect(run).toMatchObject({ exitCode: 0, stdout: `a b|${argument}|*|`, stderr: "" });
    });

    test("does not touch the command's own variables", async () => {
      const env = { n: "N", s: "S", status: "STATUS" };
      const run = await runWith(shell, { command: 'echo "$n $s $status"; exit 1', env, retry: 1 });
      expect(run).toMatchObject({ exitCode: 1, stdout: "N S STATUS\n".repeat(2) });
    });

    test("has a shell line parsed once, not twice", async () => {
      const command = `printf '%s|' "it's" '$(echo no)' "$(echo yes)" \\$HOME '\\n'\nexit 4`;
      const run = await runWith(shell, { command, retry: 1 });
      expect(run).toMatchObject({ exitCode: 4, stdout: "it's|$(echo no)|yes|$HOME|\\n|".repeat(2), sleeps: ["1"] });
    });
  });
}

describe("a command on a gateway without command jobs", () => {
  test("becomes an agent turn with the exact line", () => {
    const command = `for f in *.md; do\n  echo "$f" | grep -v 'x\\n' && printf "%s" \`date\` > "/tmp/$f"\ndone`;
    expect(lineOf({ command })).toBe(command);
  });

  test.each(Object.entries(ODD_NAMES))("keeps a line with %s", (_, line) => {
    expect(lineOf({ command: line })).toBe(line);
  });

  test("asks for exactly that line, and for the result", () => {
    expect(messageOf({})).toStartWith("Run exactly this shell command and reply with its output and exit status.");
  });

  test("quotes the arguments of an argv array so that a shell reads them back", async () => {
    const odd = [...Object.values(ODD_NAMES).filter((name) => name !== ODD_NAMES["300 characters"]), "a=b", "*", "~"];
    const line = lineOf({ command: ["printf", "%s|", ...odd] });
    expect(await mustRun("sh", ["-c", line])).toBe(odd.map((each) => `${each}|`).join(""));
  });

  test.each([
    [["sh", "-lc", "date; id", "x"], "sh -lc 'date; id' x"],
    [["bash", "-lc", "date; id"], "bash -lc 'date; id'"],
    [["sh", "-c", "date; id"], "sh -c 'date; id'"],
  ])("reads %j as a command with arguments, not as a shell line", (command, line) => {
    expect(lineOf({ command })).toBe(line);
  });

  test("leaves plain arguments unquoted", () => {
    const command = ["git", "-C", "/srv/a.b", "pull", "--depth=1"];
    expect(lineOf({ command })).toBe(command.join(" "));
  });

  test("tells the agent the directory, environment, input and attempts", () => {
    const message = messageOf({ cwd: "/srv/vault", env: { A: "1", B: "it's" }, input: "yes\n", retry: 3 });
    expect(message.split("\n").slice(3)).toEqual([
      "",
      "Run it in the directory /srv/vault",
      "Set the environment variable A to 1",
      "Set the environment variable B to 'it'\\''s'",
      "Give it this standard input: 'yes",
      "'",
      "If it fails, run it again, up to 3 more times, and reply with the last result.",
    ]);
  });

  test("mentions a single further attempt, and none if there is none", () => {
    expect(messageOf({ retry: 1 })).toContain("up to 1 more times");
    expect(messageOf({ retry: 0 })).toEndWith("\n\nbackup.sh");
  });

  test("keeps the timeout, and drops options that such a gateway does not know", () => {
    const { payload } = toJobSpec(define({ timeout: 300, outputMaxBytes: 5, retry: 2 }), OLD);
    expect(payload).toEqual({ kind: "agentTurn", message: expect.any(String), timeoutSeconds: 300 });
  });

  test("becomes an agent turn from OpenClaw's own payload, too", () => {
    const { payload } = toJobSpec(define({ payload: { kind: "command", argv: ["sh", "-lc", "date; id"] } }), OLD);
    expect(payload).toEqual({ kind: "agentTurn", message: expect.stringMatching(/\n\ndate; id$/) });
  });

  test("leaves other payloads unchanged", () => {
    for (const fields of [{ message: "x" }, { systemEvent: "x" }]) {
      expect(toJobSpec(define(fields), OLD)).toEqual(toJobSpec(define(fields), NEW));
    }
  });
});

describe("isCommandAsTurn()", () => {
  test("is true for a command on a gateway without command jobs", () => {
    expect(isCommandAsTurn(define(), OLD)).toBeTrue();
    expect(isCommandAsTurn(define({ payload: { kind: "command", argv: ["x"] } }), OLD)).toBeTrue();
  });

  test("is false for any other payload, and on a gateway with command jobs", () => {
    expect(isCommandAsTurn(define(), NEW)).toBeFalse();
    expect(isCommandAsTurn(define({ message: "x" }), OLD)).toBeFalse();
    expect(isCommandAsTurn(define({ systemEvent: "x" }), OLD)).toBeFalse();
  });
});
