import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getRelease } from "../../test/support/release.ts";
import { BINARY } from "../../test/support/sidecar.ts";
import { configText } from "../config-text.ts";
import { type Row, below, median, timesLess, toFigure } from "../figure.ts";
import { runCommand, takeTurns } from "../process.ts";
import { OPENCLAW } from "../scene.ts";

const THEIRS = "`openclaw config validate`";

/** How often each of them checks the config. */
const TURNS = { ours: 41, theirs: 5 };

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
      const theirs = await takeTurns(TURNS.theirs, {
        theirs: () => runCommand([node, entry, "config", "validate", "--json"], cliEnv),
      });
      const ours = await takeTurns(TURNS.ours, {
        ours: () => runCommand([BINARY, "validate", "--openclaw", OPENCLAW, path], env),
      });
      const samples = (of: "wallMs" | "peakMiB") =>
        [ours.ours ?? [], theirs.theirs ?? []].map((all) => all.map((each) => each[of]));
      const [oursMs = [], theirsMs = []] = samples("wallMs");
      const [oursMiB = [], theirsMiB = []] = samples("peakMiB");
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
