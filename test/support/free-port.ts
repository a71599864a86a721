import { createServer } from "node:net";
import { systemCode } from "../../lib/errors.ts";

/**
 * Each process takes from its own part of these. They are below those that the kernel gives away by itself: a gateway
 * leaves its port for seconds while it starts again, and another test beside it must not be given that one.
 */
const FIRST = 10_000;
const PROCESSES = 80;
const EACH = 250;

/** From one to the next: OpenClaw takes some of those after its own for its browser and its canvas. */
const STEP = 10;

let taken = 0;

/** A port on loopback that nobody listens on, and that no other test is given soon. */
export async function findFreePort(): Promise<number> {
  const own = FIRST + (process.pid % PROCESSES) * EACH;
  for (let tries = 0; tries < EACH / STEP; tries++) {
    const port = own + ((taken++ * STEP) % EACH);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${own} on`);
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", (error) => (systemCode(error) === "EADDRINUSE" ? resolve(false) : reject(error)));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
