import { statSync } from "node:fs";
import { BINARY } from "../../test/support/sidecar.ts";
import { type Row, atMostTimes, below, median, toFigure } from "../figure.ts";
import { programPath, runCommand, takeTurns } from "../process.ts";

/** How large it is, and how soon it answers by itself. */
export const binary: Row = {
  name: "binary",
  isChecked: true,
  async measure() {
    const empty = programPath("empty");
    const size = toFigure(
      {
        what: "the binary",
        unit: "bytes",
        beside: [
          { what: "an empty program", value: statSync(empty).size },
          { what: "one with the same modules of Node", value: statSync(programPath("modules")).size },
        ],
        samples: [statSync(BINARY).size],
        limit: 1.07,
      },
      atMostTimes("an empty program", 1.03),
    );
    const env = { TZ: "UTC" };
    const taken = await takeTurns(41, {
      ours: async () => (await runCommand([BINARY, "version"], env)).wallMs,
      empty: async () => (await runCommand([empty], env)).wallMs,
    });
    const { ours = [], empty: floor = [] } = taken;
    const version = toFigure(
      {
        what: "`version`",
        unit: "ms",
        beside: [{ what: "an empty program", value: median(floor) }],
        samples: ours,
        limit: 4,
      },
      below(20),
    );
    return [size, version];
  },
};
