import { readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import type { Definition } from "../../../lib/definition/definition.ts";
import { unwrapRetry } from "../../../lib/cron/command.ts";
import { toJobSpec } from "../../../lib/cron/job-spec.ts";
import { NEW, ODD_NAMES, OLD, createScratch, define } from "../../support/fakes.ts";
import { mustRun, run } from "../../support/process.ts";

const payloadOf = (fields: Partial<Definition>) => toJobSpec(define(fields), NEW).payload;

/** The message of an agent turn on a gateway without command jobs. */
function messageOf(fields: Partial<Definition>): string {
  const { payload } = toJobSpec(define(fields), OLD);
  if (typeof payload.message !== "string") throw new Error(`a payload of kind ${payload.kind}`);
  return payload.message;
}

/** The command in that message, if nothing follows it. */
function lineOf(fields: Partial<Definition>): string {
  return messageOf(fields).split("\n\n").slice(1).join("\n\n");
}

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

describe("a shell line with a PATH", () => {
  test("finds its programs there", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("only-here"), "#!/bin/sh\necho found\n", { mode: 0o755 });
    const env = { PATH: `${scratch.path}:/usr/bin:/bin` };
    for (const retry of [0, 1]) {
      const { argv = [] } = payloadOf({ command: "only-here", env, retry }) as { argv?: string[] };
      const [program = "", ...rest] = argv;
      expect(await mustRun(program, rest, { env })).toBe("found\n");
    }
  });

  test("is the same line in an agent turn", () => {
    const env = { PATH: "/opt/bin" };
    expect(messageOf({ command: "date; id", env }).split("\n\n")[1]).toBe("date; id");
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
