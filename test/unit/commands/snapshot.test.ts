import { expect, spyOn, test } from "bun:test";
import { takeSnapshot } from "../../../lib/commands/snapshot.ts";
import { toStatus } from "../../../lib/commands/status.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { createScratch } from "../../support/fakes.ts";
import { STEADY, layOut } from "../../support/snapshot.ts";

test("takeSnapshot() opens the transport at once for all, so that they join one attempt", async () => {
  await using scratch = await createScratch();
  const world = await layOut(scratch, STEADY);
  const open = spyOn(world.transport, "open");
  const openCalls = spyOn(world.transport, "openCalls");
  const snapshot = takeSnapshot(world);
  expect(open).toHaveBeenCalledTimes(3); // for the gateway itself and for each kind, before any of them has an answer
  expect(openCalls).toHaveBeenCalledTimes(2); // workspace files and approvals; no Secret is set
  await snapshot;
  expect(open).toHaveBeenCalledTimes(4); // why there are no calls here
});

test("takeSnapshot() finds no gateway over a CLI that runs and cannot list the jobs", async () => {
  await using scratch = await createScratch();
  const world = await layOut(scratch, { ...STEADY, gateway: { transport: "cli" } });
  const killed = new ManagerError("rejected", "openclaw cron list: killed for want of memory");
  const store = { ...(await world.transport.open()), listJobs: () => Promise.reject(killed) };
  const snapshot = await takeSnapshot({ ...world, transport: { open: async () => store } });
  expect(snapshot.gateway).toBe(killed);
  expect(toStatus(snapshot)).toMatchObject({ healthy: false, gateway: { connected: false, transport: null } });
});
