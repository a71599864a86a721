import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** Where downloads are kept: outside the checkout, because each run of CI is a fresh clone. */
export const CACHE = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "config-manager");
