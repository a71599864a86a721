import { type ManagerError, describeError } from "../errors.ts";
import { type AttributeLoss, describeLoss } from "../files/attributes.ts";
import { ObstacleError, describeObstacle } from "../files/regular-file.ts";
import type { Warnings } from "../reconcile/warnings.ts";

/** Is told what goes wrong beside a delivery, and does not stop it. */
export interface Aside {
  /** An owner or a mode that could not be kept. */
  onLoss(this: void, loss: AttributeLoss): void;
  /** A record that could not be written: the next process knows less. */
  onUnrecorded(this: void, error: ManagerError): void;
}

/** Warns of each once, until a pass ends without it. */
export interface AsideWarnings extends Aside {
  /** What was found in place of files. */
  onObstacles(obstacles: readonly ObstacleError[]): void;
  /** To be called at the end of each pass. */
  endPass(): void;
}

export function createAsideWarnings(warnings: Warnings): AsideWarnings {
  let unrecorded = new Set<string>();
  let before = unrecorded;
  let told = new Set<string>();
  return {
    onLoss: (loss) => warnings.warnOnce(loss.path, [describeLoss(loss)]),
    onUnrecorded(error) {
      if (error instanceof ObstacleError && told.has(error.path)) return;
      unrecorded.add(error.message);
      warnings.warnOnce(error.message, [describeUnrecorded(error)]);
    },
    onObstacles(obstacles) {
      told = new Set(obstacles.map(({ path }) => path));
      if (obstacles.length === 0) warnings.clear("obstacles");
      else warnings.warnOnce("obstacles", obstacles.map(describeObstacle));
    },
    endPass() {
      for (const message of before) if (!unrecorded.has(message)) warnings.clear(message);
      [before, unrecorded] = [unrecorded, new Set()];
    },
  };
}

/** Returns one WARNING. */
function describeUnrecorded(error: ManagerError): string {
  return `WARNING: Failed to record the config: ${describeError(error)}`;
}
