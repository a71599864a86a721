import { describe, expect, test } from "bun:test";
import { NoCliError, runOpenclaw } from "../../../lib/gateway/cli-process.ts";
import { installCli } from "../../support/fake-cli.ts";
import { ODD_NAMES, refusalOf } from "../../support/fakes.ts";

const { signal } = new AbortController();

/** Runs `openclaw` with these arguments where it is this script. */
async function run(script: string | undefined, args: string[], oomKills?: (number | undefined)[]): Promise<string> {
  await using _ = await installCli(script);
  const counts = oomKills?.values();
  return await runOpenclaw(args, signal, counts && (async () => counts.next().value)); // while the script is installed
}

const failureOf = (script: string | undefined, oomKills?: (number | undefined)[]) =>
  refusalOf(run(script, ["cron", "add", "--name=s3cret"], oomKills));

describe("runOpenclaw()", () => {
  test("returns stdout, and not stderr", async () => {
    expect(await run("echo out; echo err >&2", ["--version"])).toBe("out\n");
  });

  test.each(Object.entries(ODD_NAMES))("passes on an argument with %s unchanged", async (_, text) => {
    expect(await run(`printf '%s|' "$@"`, ["cron", `--name=${text}`])).toBe(`cron|--name=${text}|`);
  });

  test("is rejected when there is no openclaw", async () => {
    expect(await failureOf(undefined)).toMatchObject({
      code: "rejected",
      message: "there is no openclaw command on PATH",
    });
  });

  test.each<[string, string, (number | undefined)[]]>([
    ["is killed, and the kernel counts one more", "kill -9 $$", [3, 4]],
    ["is killed, and the kernel does not count", "kill -9 $$", [undefined, undefined]],
    ["ends as a shell does whose program was killed", "exit 137", [0, 1]],
    ["ends as Node does that has no memory left", "kill -ABRT $$", [0, 0]],
    ["ends as a shell does around such a Node", "exit 134", [0, 0]],
  ])("is killed for want of memory when openclaw %s", async (_, script, oomKills) => {
    const error = await failureOf(script, oomKills);
    expect(error).toBeInstanceOf(NoCliError);
    expect(error).toMatchObject({
      code: "rejected",
      message: "openclaw cron add: killed for want of memory",
      hint: expect.stringContaining("OPENCLAW_GATEWAY_TOKEN"),
    });
  });

  test.each([
    ["kill -9 $$", "SIGKILL"],
    ["exit 137", "SIGKILL"],
    ["kill -TERM $$", "SIGTERM"],
  ])("is not called starved by %j where the kernel has killed nothing", async (script, name) => {
    const error = await failureOf(script, [3, 3]);
    expect(error).toBeInstanceOf(NoCliError);
    expect(error.message).toBe(`openclaw cron add: killed by ${name}`);
  });

  test("keeps the CLI's compiled code out of /tmp, unless the environment says otherwise", async () => {
    const script = 'echo "$NODE_DISABLE_COMPILE_CACHE $JITI_FS_CACHE $OPENCLAW_NO_RESPAWN"';
    expect(await run(script, [])).toBe("1 false 1\n");
    process.env.JITI_FS_CACHE = "true";
    try {
      expect(await run(script, [])).toBe("1 true 1\n");
    } finally {
      delete process.env.JITI_FS_CACHE;
    }
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
    [
      "2026.9.6, among other lines",
      `printf '[plugins] {\\n{"ok":false,"error":{"message":"bad cron"}}\\nx\\n'; exit 1`,
      "bad cron",
    ],
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
