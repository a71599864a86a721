import type { Clock } from "../clock.ts";
import { ManagerError } from "../errors.ts";
import { listSome } from "../printable.ts";
import type { Held, HeldChanges, Reconciler } from "../reconcile/reconciler.ts";

/** How long the sidecar may take until it has taken what is let in, in milliseconds: it looks every half second. */
const TAKE_LIMIT_MS = 15_000;

const PAUSE_MS = 100;

/** How many paths one line names. */
const MAX_PATHS = 10;

export interface ApplyHeldDependencies {
  reconcilers: Readonly<Record<string, Pick<Reconciler, "name" | "held">>>;
  clock: Pick<Clock, "uptimeMs" | "pause">;
  print: (text: string) => Promise<void>;
}

/**
 * Lets in what a sidecar in this container holds until the gateway has no work, and waits until it has taken it.
 *
 * @throws {ManagerError} `file` if `$CHECKSUM_DIR` cannot be written, `unreachable` if no sidecar takes it, `conflict` if
 * it holds something newer meanwhile
 */
export async function applyHeld({ reconcilers, clock, print }: ApplyHeldDependencies): Promise<void> {
  const endMs = clock.uptimeMs() + TAKE_LIMIT_MS;
  let hasHeld = false;
  for (const { name, held: changes } of Object.values(reconcilers)) {
    const held = await letHeldIn(changes);
    if (!changes || !held) continue;
    hasHeld = true;
    let now: Held | undefined = held;
    while (now?.checksum === held.checksum) {
      if (clock.uptimeMs() >= endMs) {
        await changes.keep();
        throw new ManagerError(
          "unreachable",
          `${name}: no sidecar has taken it in ${TAKE_LIMIT_MS / 1000} s; it stays held`,
          {
            hint: "run it in the container of the sidecar, whose log tells why",
          },
        );
      }
      await clock.pause(PAUSE_MS);
      now = await changes.read();
    }
    if (now) {
      throw new ManagerError("conflict", `${name}: Git has changed meanwhile, and the sidecar holds the newer change`, {
        hint: "config-manager diff",
      });
    }
    await print(`Let in: ${name}: ${listSome(held.paths, MAX_PATHS)}\n`);
  }
  if (!hasHeld) await print("Nothing is held\n");
}

/** Lets the sidecar apply what is held now. @returns that; undefined if nothing is */
export async function letHeldIn(changes: HeldChanges | undefined): Promise<Held | undefined> {
  const held = await changes?.read();
  if (held) await changes?.letIn(held);
  return held;
}
