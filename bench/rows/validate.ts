import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getRelease } from "../../test/support/release.ts";
import { BINARY } from "../../test/support/sidecar.ts";
import { configText } from "../config-text.ts";
import { type Row, below, median, timesLess, toFigure } from "../figure.ts";
import { measurePeak, runCommand, takeTurns } from "../process.ts";
import { OPENCLAW } from "../scene.ts";

const THEIRS = "`openclaw config validate`";

/** How often each of them checks the config, for its time, and for its memory. */
const TURNS = { ours: 41, theirs: 5, memory: 5 };

/** A config in Git, judged before the merge: by ours, and by OpenClaw's own command. */
export const validate: Row = {
  name: "validate",
  isChecked: false,
  async measure() {
    const { node, entry } = await getRelease(OPENCLAW);
    const home = await mkdtemp(join(tmpdir(), "config-manager-bench-"));
    try {
      const path = join(home, "openclaw.json");
      await writeFile(path, configText(10));
      const env = { HOME: home, PATH: "/usr/bin:/bin", TZ: "UTC" };
      const cliEnv = { ...env, OPENCLAW_CONFIG_PATH: path, OPENCLAW_STATE_DIR: home };
      const theirs = [[node, entry, "config", "validate", "--json"], cliEnv] as const;
      const ours = [[BINARY, "validate", "--openclaw", OPENCLAW, path], env] as const;
      const time = async (turns: number, [command, itsEnv]: typeof theirs | typeof ours) => {
        const { it = [] } = await takeTurns(turns, { it: () => runCommand(command, itsEnv) });
        return it.map(({ wallMs }) => wallMs);
      };
      const theirsMs = await time(TURNS.theirs, theirs);
      const oursMs = await time(TURNS.ours, ours);
      const { ours: oursMiB = [], theirs: theirsMiB = [] } = await takeTurns(TURNS.memory, {
        ours: () => measurePeak(...ours),
        theirs: () => measurePeak(...theirs),
      });
      return [
        toFigure(
          {
            what: "`validate`, a config of 7 KB",
            unit: "ms",
            beside: [{ what: THEIRS, value: median(theirsMs) }],
            samples: oursMs,
          },
          below(60),
          timesLess(THEIRS, 30),
        ),
        toFigure(
          {
            what: "its memory",
            unit: "MiB",
            beside: [{ what: THEIRS, value: median(theirsMiB) }],
            samples: oursMiB,
          },
          below(64),
        ),
      ];
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
};
