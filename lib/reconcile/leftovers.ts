import type { OwnPath } from "../files/own.ts";

/** What a kind of setting leaves on the volumes and in the gateway when config-manager is taken out. */
export interface Leftovers {
  /** Files of config-manager's own, which nobody else reads. They may be there or not. */
  files: readonly OwnPath[];
  /** Directories of its own, which go once they are empty. The inner ones come first. */
  directories: readonly OwnPath[];
  /** What stays because it is in use: a line each, which says what it is and what may be done about it. */
  inUse: readonly string[];
}
