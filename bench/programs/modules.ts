/* oxlint-disable import/no-unassigned-import -- to have them in the program is all there is to it */

// Does nothing either, with the modules of Node that config-manager imports: Bun puts a compiled copy of each into the
// program.

import "node:buffer";
import "node:child_process";
import "node:crypto";
import "node:fs";
import "node:fs/promises";
import "node:http";
import "node:timers/promises";
import "node:util";
