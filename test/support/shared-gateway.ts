import { atEnd } from "./at-end.ts";
import { type TestGateway, createGateway } from "./gateway.ts";
import { getRelease } from "./release.ts";

/** A gateway that others use as well: nobody ends it, and nobody gives it another config. */
export type SharedGateway = Omit<TestGateway, "start" | "startAs" | "kill" | "wipeState" | "dispose">;

const running = new Map<string, Promise<TestGateway>>();

/**
 * The one gateway of this release that runs until the last test of all files is over: each start takes 20 s of
 * processor time. The files run one after the other, and who borrows it
 *
 * - has an owner of its own, as `createPod()` gives each Pod, and removes its jobs afterwards;
 * - puts no config on its volume but `config()` as it is, and sends it no wrong token: 2026.9.6 lets all wait for that.
 */
export async function borrowGateway(version: string): Promise<SharedGateway> {
  let starting = running.get(version);
  if (!starting) {
    starting = startGateway(version);
    running.set(version, starting);
  }
  const gateway = await starting;
  // Left by a test that has failed: the others need not fail with it.
  for (const { id, name, declarationKey } of await gateway.jobs()) {
    if (isOfGateway(declarationKey)) continue;
    console.log(`removing a job that was left on ${version}: ${name}`);
    await gateway.rpc("cron.remove", { id });
  }
  return gateway;
}

async function startGateway(version: string): Promise<TestGateway> {
  const gateway = await createGateway(await getRelease(version));
  atEnd(() => gateway.dispose());
  await gateway.start();
  return gateway;
}

/** Whether a job is one that OpenClaw itself has made. */
function isOfGateway(key = ""): boolean {
  return /^(heartbeat|skill-collection-review|memory-core):/.test(key);
}
