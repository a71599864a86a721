import { type Figure, type Row, atMostTimes, below, median, toFigure } from "../figure.ts";
import { mustRun } from "../../test/support/process.ts";
import { programPath, takeTurns } from "../process.ts";

const LINEAR = "ten times that of 1,000";
const COPY = "writing and reading them as JSON";

/** Planning alone, in a program that has just started: nothing in it is warm. */
export const plan: Row = {
  name: "plan",
  isChecked: true,
  async measure(): Promise<Figure[]> {
    const { thousand = [], tenThousand = [] } = await takeTurns(9, {
      thousand: () => runPlan(1_000),
      tenThousand: () => runPlan(10_000),
    });
    const of = (runs: readonly Times[], field: keyof Times) => runs.map((run) => run[field]);
    return [
      toFigure(
        {
          what: "plan of 10,000 jobs against 10,000 live ones",
          unit: "ms",
          beside: [
            { what: COPY, value: median(of(tenThousand, "copyMs")) },
            { what: LINEAR, value: median(of(thousand, "planMs")) * 10 },
          ],
          samples: of(tenThousand, "planMs"),
          limit: 10,
        },
        below(250),
        atMostTimes(LINEAR, 1),
      ),
    ];
  },
};

interface Times {
  planMs: number;
  copyMs: number;
}

async function runPlan(size: number): Promise<Times> {
  return JSON.parse(await mustRun(programPath("plan"), [String(size)], { env: { TZ: "UTC" } })) as Times;
}
