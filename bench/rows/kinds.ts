import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KIND_NAMES } from "../../lib/commands/kinds.ts";
import { connectGateway } from "../../lib/gateway/connection.ts";
import { approvalsOf, getApprovals } from "../../test/support/approvals.ts";
import { BINARY } from "../../test/support/sidecar.ts";
import { type Figure, type Row, atMostTimes, below, median, toFigure } from "../figure.ts";
import { type FiveKinds, USUAL, withFiveKinds } from "../five-kinds.ts";
import { measurePasses } from "../passes.ts";
import { type Cost, runCommand, takeTurns } from "../process.ts";

/** How often a pass with nothing to do is measured, and a first one. */
const TURNS = { nothing: 41, first: 7 };

const MANY = { files: 500, approvals: 100 };

const TWO = "config and jobs alone";
const COPIED = "cp -R";
const ITSELF = "the gateway's own time";

/** What more than jobs costs: all five kinds of settings at once, and much of one of them. */
export const kinds: Row = {
  name: "kinds",
  isChecked: false,
  measure: () => withFiveKinds(measureKinds),
};

async function measureKinds(scene: FiveKinds): Promise<Figure[]> {
  const { WORKSPACE_DIR = "", SECRETS_DIR: _, SECRETS_TARGET_DIR: __, ...two } = scene.env;
  return [
    await measureTogether(scene, two),
    ...(await measureFiles(scene, { ...two, WORKSPACE_DIR })),
    ...(await measureApprovals(scene, two)),
  ];
}

async function measureTogether({ env, publish }: FiveKinds, envOfTwo: Record<string, string>): Promise<Figure> {
  await publish({ jobs: USUAL.jobs });
  const two = await measurePasses(envOfTwo, ["config", "cron"], TURNS.nothing);
  await publish(USUAL);
  const five = await measurePasses(env, KIND_NAMES, TURNS.nothing);
  const { jobs, files, approvals, secrets } = USUAL;
  const amounts = `${jobs} jobs, ${files} files, ${approvals} approvals, ${secrets} secrets`;
  return toFigure(
    {
      what: `a pass with nothing to do, all five kinds (${amounts})`,
      unit: "ms",
      beside: [{ what: TWO, value: median(two) }],
      samples: five,
    },
    below(30),
    atMostTimes(TWO, 1.5),
  );
}

/** Measures a first sync of one kind, each time after one that has removed all again. */
async function measureFirst(
  { publish }: FiveKinds,
  env: Record<string, string>,
  kind: "workspace" | "approvals",
): Promise<number[]> {
  const costs: Cost[] = [];
  const sync = () => runCommand([BINARY, "sync", "--only", kind], env);
  for (let turn = 0; turn < TURNS.first; turn++) {
    await publish({ approvals: 0 });
    await sync();
    await publish(MANY);
    costs.push(await sync());
  }
  return costs.map(({ wallMs }) => wallMs);
}

async function measureFiles(scene: FiveKinds, env: Record<string, string>): Promise<Figure[]> {
  const first = await measureFirst(scene, env, "workspace");
  const directory = await mkdtemp(join(tmpdir(), "config-manager-bench-"));
  try {
    let copies = 0;
    const copy = () =>
      runCommand(["cp", "-RL", join(scene.workspace.path, "..data"), join(directory, `${copies++}`)], {});
    const { copied = [] } = await takeTurns(TURNS.first, { copied: copy });
    const nothing = await measurePasses(env, ["config", "cron", "workspace"], TURNS.nothing);
    const beside = [{ what: COPIED, value: median(copied.map(({ wallMs }) => wallMs)) }];
    return [
      toFigure({ what: `first sync of ${MANY.files} workspace files`, unit: "ms", beside, samples: first }),
      toFigure({
        what: `a pass with nothing to do, ${MANY.files} workspace files`,
        unit: "ms",
        beside,
        samples: nothing,
      }),
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureApprovals(scene: FiveKinds, env: Record<string, string>): Promise<Figure[]> {
  const first = await measureFirst(scene, env, "approvals");
  const itself: number[] = [];
  for (let turn = 0; turn < TURNS.first; turn++) itself.push(await replaceApprovals(scene));
  await scene.publish(MANY);
  await runCommand([BINARY, "sync", "--only", "approvals"], env);
  const nothing = await measurePasses(env, ["config", "cron", "approvals"], TURNS.nothing);
  const beside = [{ what: ITSELF, value: median(itself) }];
  return [
    toFigure({ what: `first sync of ${MANY.approvals} exec approvals`, unit: "ms", beside, samples: first }),
    toFigure({
      what: `a pass with nothing to do, ${MANY.approvals} exec approvals`,
      unit: "ms",
      beside: [],
      samples: nothing,
    }),
  ];
}

/** Reads and writes all approvals over a new connection, and says how long that took, in milliseconds. */
async function replaceApprovals({ gateway: { url, token } }: FiveKinds): Promise<number> {
  const beganMs = performance.now();
  const options = { url, credentials: { token }, onEvent: () => undefined, onClose: () => undefined };
  const connection = await connectGateway(options);
  const { hash } = await getApprovals(connection);
  const patterns = Array.from({ length: MANY.approvals }, (_, index) => `/usr/bin/tool-${index}`);
  const file = JSON.parse(approvalsOf(patterns)) as object;
  await connection.call("exec.approvals.set", { file, baseHash: hash });
  const tookMs = performance.now() - beganMs;
  await connection.close();
  return tookMs;
}
