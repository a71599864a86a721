import { resolve } from "node:path";

/** The checkout's top. */
export const REPOSITORY = resolve(import.meta.dir, "../..");

/** Recorded `openclaw cron list` outputs, desired definitions and what the commands print. */
export const GOLDEN = resolve(REPOSITORY, "test/golden");
