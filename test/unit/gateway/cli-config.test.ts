import { describe, expect, test } from "bun:test";
import { validateByCli } from "../../../lib/gateway/cli-config.ts";
import { installCli } from "../../support/fake-cli.ts";

/** What is found where `openclaw` is this script. */
async function validate(script: string | undefined, limitMs?: number) {
  await using _ = await installCli(script);
  return await validateByCli("/openclaw.json", limitMs); // while the script is installed
}

const print = (text: string) => `printf '%s' '${text}'`;

describe("validateByCli()", () => {
  test("reads the issues among other lines, and passes on where the config is", async () => {
    const issues = [{ path: "gateway", message: "nonsense" }];
    const script = `echo '[plugins] {'; test "$*" = "config validate --json" && test "$OPENCLAW_CONFIG_PATH" = /openclaw.json && `;
    expect(await validate(script + print(JSON.stringify({ valid: false, issues })))).toEqual({
      kind: "answered",
      issues,
    });
    expect(await validate(print('{"valid":true}'))).toEqual({ kind: "answered", issues: [] });
  });

  // 2026.9.6 answers so where it cannot read the file.
  test("takes a refusal without issues for one", async () => {
    const script = print('{"ok":false,"error":{"type":"cli_error","message":"file not found"},"valid":false}');
    expect(await validate(script)).toEqual({ kind: "answered", issues: [{ path: "", message: "file not found" }] });
    expect(await validate(print('{"valid":false}'))).toMatchObject({
      issues: [{ path: "", message: "not valid; it does not say why" }],
    });
  });

  test.each<[string, string | undefined, string, boolean]>([
    ["is missing", undefined, "there is no openclaw command on PATH", false],
    [
      "is 2026.2.9",
      `echo "error: unknown option '--json'" >&2; exit 1`,
      "the openclaw command on PATH has no config validate --json",
      true,
    ],
    [
      "prints garbage",
      "echo '<html>{'; echo '{\"a\":1}'",
      "openclaw config validate: its output makes no sense (it ended with 0)",
      false,
    ],
    ["prints nothing", "exit 3", "openclaw config validate: its output makes no sense (it ended with 3)", false],
    ["is killed", "kill -9 $$", "openclaw config validate: its output makes no sense (it ended with SIGKILL)", false],
  ])("says that it cannot be asked where it %s", async (_, script, reason, isOld) => {
    expect(await validate(script)).toEqual({ kind: "none", reason, isOld });
  });

  test.each([
    ["hangs", "while :; do :; done"],
    ["has a child that hangs", "/bin/sleep 60"],
    ["does not listen to SIGTERM", "trap '' TERM; while :; do :; done"],
  ])("does not wait for one that %s", async (_, script) => {
    expect(await validate(script, 300)).toEqual({
      kind: "none",
      reason: "openclaw config validate: no answer for 0.3 s",
      isOld: false,
    });
  });
});
