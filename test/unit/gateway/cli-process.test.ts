import { describe, expect, test } from "bun:test";
import { runOpenclaw } from "../../../lib/gateway/cli-process.ts";
import { installCli } from "../../support/fake-cli.ts";
import { ODD_NAMES, refusalOf } from "../../support/fakes.ts";

const { signal } = new AbortController();

/** Runs `openclaw` with these arguments where it is this script. */
async function run(script: string | undefined, args: string[]): Promise<string> {
  await using _ = await installCli(script);
  return await runOpenclaw(args, signal); // while the script is installed
}

const failureOf = (script: string | undefined) => refusalOf(run(script, ["cron", "add", "--name=s3cret"]));

describe("runOpenclaw()", () => {
  test("returns stdout, and not stderr", async () => {
    expect(await run("echo out; echo err >&2", ["--version"])).toBe("out\n");
  });

  test.each(Object.entries(ODD_NAMES))("passes on an argument with %s unchanged", async (_, text) => {
    expect(await run(`printf '%s|' "$@"`, ["cron", `--name=${text}`])).toBe(`cron|--name=${text}|`);
  });

  test("is unreachable when there is no openclaw", async () => {
    expect(await failureOf(undefined)).toMatchObject({
      code: "unreachable",
      message: "there is no openclaw command on PATH",
    });
  });

  test("is unreachable when openclaw is killed", async () => {
    expect(await failureOf("kill -9 $$")).toMatchObject({
      code: "unreachable",
      message: "openclaw cron add: killed, out of memory or without an answer for 120 s",
      hint: expect.stringContaining("400 MB"),
    });
  });

  test("is aborted by the signal", async () => {
    await using _ = await installCli("while :; do :; done");
    const stop = new AbortController();
    const refusal = refusalOf(runOpenclaw(["cron", "list"], stop.signal));
    setTimeout(() => stop.abort(), 20);
    expect(await refusal).toMatchObject({ code: "aborted", message: "openclaw cron list: stopped" });
  });

  test.each([
    ["pairing required", "refused", "openclaw cron add: pairing required"],
    ["missing scope: operator.admin", "refused", "openclaw cron add: missing scope: operator.admin"],
    ["gateway closed (1006)", "unreachable", "openclaw cron add: gateway closed (1006)"],
    ["connect ECONNREFUSED 127.0.0.1:1", "unreachable", "openclaw cron add: connect ECONNREFUSED 127.0.0.1:1"],
    ["bad expression", "rejected", "bad expression"],
  ])("takes %j as %s", async (reason, code, message) => {
    expect(await failureOf(`echo "Error: ${reason}" >&2; exit 1`)).toMatchObject({ code, message });
  });

  test("says how to approve the device when the gateway refuses the CLI", async () => {
    const { hint } = await failureOf(`echo "Error: pairing required" >&2; exit 1`);
    expect(hint).toContain("openclaw devices approve");
  });
});

describe("the reason of a failure", () => {
  test.each([
    ["2026.9.6", `printf '%s' '{"ok":false,"error":{"message":"bad cron\\nmore"}}'; exit 1`, "bad cron"],
    ["2026.6.11", `printf 'x\\nGatewayTransportError: bad cron\\ny\\n' >&2; exit 1`, "bad cron"],
    ["2026.2.9", `printf 'x\\nError: bad cron\\nHint\\n' >&2; exit 1`, "bad cron"],
    ["a coloured line", `printf '\\033[31mError: bad cron\\033[0m\\n' >&2; exit 1`, "bad cron"],
    ["the last line without a mark", `printf 'x\\nbad cron\\n\\n' >&2; exit 1`, "bad cron"],
    ["the exit code without any text", "exit 3", "exit code 3"],
  ])("is found: %s", async (_, script, message) => {
    expect((await failureOf(script)).message).toBe(message);
  });

  test("leaves out the value of an unknown option, which may be a secret", async () => {
    const { message } = await failureOf(`echo "error: unknown option '--webhook=https://s3cret'" >&2; exit 1`);
    expect(message).toBe("unknown option '--webhook'");
  });

  test("is masked where it quotes a secret, and cut where it is long", async () => {
    const { message } = await failureOf(`echo "Error: bad argument --api-key 'hush two' of x" >&2; exit 1`);
    expect(message).toBe("bad argument --api-key '***' of x");
    const long = await failureOf(`printf 'Error: ' >&2; head -c 200000 /dev/zero | tr '\\0' 'x' >&2; exit 1`);
    expect(long.message.length).toBeLessThanOrEqual(65_536);
  });

  test("never names the arguments of the job", async () => {
    expect((await failureOf("kill -9 $$")).message).not.toContain("s3cret");
  });
});
