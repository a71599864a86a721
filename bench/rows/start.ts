import { BINARY } from "../../test/support/sidecar.ts";
import { type Row, below, median, toFigure } from "../figure.ts";
import { runCommand, takeTurns, watch } from "../process.ts";
import { OPENCLAW, defineJobs, formatJobs, withScene } from "../scene.ts";
import { getRelease } from "../../test/support/release.ts";

const CLI = "`openclaw cron list`";

/** From the start of the program to the first answer of the gateway. */
export const start: Row = {
  name: "start",
  isChecked: false,
  measure: () =>
    withScene(async ({ mounts, env, cliEnv }) => {
      const { node, entry } = await getRelease(OPENCLAW);
      await mounts.cron.publish(formatJobs(defineJobs(10)));
      await runCommand([BINARY, "sync", "--only", "cron"], env);
      const { ours = [] } = await takeTurns(21, {
        async ours() {
          const beganMs = performance.now();
          const sync = watch([BINARY, "sync", "--only", "cron"], env);
          const answeredMs = await sync.lineAfter(beganMs, /Connected to gateway/);
          await sync.stop();
          return answeredMs - beganMs;
        },
      });
      const list = [node, entry, "cron", "list", "--all", "--json"];
      const { cli = [] } = await takeTurns(3, { cli: () => runCommand(list, cliEnv) });
      const beside = [{ what: CLI, value: median(cli.map(({ wallMs }) => wallMs)) }];
      return [toFigure({ what: "start → first gateway answer", unit: "ms", beside, samples: ours }, below(60))];
    }),
};

/** What a person types, with fifty jobs. */
export const typed: Row = {
  name: "typed",
  isChecked: false,
  measure: () =>
    withScene(async ({ mounts, env, cliEnv }) => {
      const { node, entry } = await getRelease(OPENCLAW);
      await mounts.cron.publish(formatJobs(defineJobs(50)));
      await runCommand([BINARY, "sync"], env);
      const commands = ["status", "diff", "doctor"];
      const taken = await takeTurns(
        21,
        Object.fromEntries(commands.map((command) => [command, () => runCommand([BINARY, command], env)])),
      );
      const list = [node, entry, "cron", "list", "--all", "--json"];
      const { cli = [] } = await takeTurns(3, { cli: () => runCommand(list, cliEnv) });
      const beside = [{ what: CLI, value: median(cli.map(({ wallMs }) => wallMs)) }];
      return commands.map((command) => {
        const samples = (taken[command] ?? []).map(({ wallMs }) => wallMs);
        return toFigure({ what: `\`${command}\`, 50 jobs`, unit: "ms", beside, samples }, below(200));
      });
    }),
};
