import { expect, spyOn, test } from "bun:test";
import { takeSnapshot } from "../../../lib/commands/snapshot.ts";
import { createScratch } from "../../support/fakes.ts";
import { STEADY, layOut } from "../../support/snapshot.ts";

test("takeSnapshot() opens the transport at once for all, so that they join one attempt", async () => {
  await using scratch = await createScratch();
  const world = await layOut(scratch, STEADY);
  const open = spyOn(world.transport, "open");
  const snapshot = takeSnapshot(world);
  expect(open).toHaveBeenCalledTimes(3); // for the gateway itself and for each kind, before any of them has an answer
  await snapshot;
  expect(open).toHaveBeenCalledTimes(3);
});
