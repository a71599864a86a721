// Nightly, since it waits for minutes: a gateway that puts its change back at each start, which --self-heal in the mode
// replace would answer with a restart every minute for ever.

import { expect, test } from "bun:test";
import { createGateway } from "../support/gateway.ts";
import { createPod } from "../support/pod.ts";
import { VARIABLES, realConfig } from "../support/real-config.ts";
import { getRelease } from "../support/release.ts";
import { runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const GIVES_UP = /^WARNING: Config drift: .*plugins\.entries\.telegram.*--self-heal gives up: two heals did not last/;

test("self-heal gives up after two heals that did not last, and says what belongs into Git", async () => {
  const gateway = await createGateway(await getRelease("2026.2.9"), VARIABLES);
  const pod = await createPod(gateway);
  try {
    const variables = { ...VARIABLES, OPENCLAW_GATEWAY_TOKEN: gateway.token };
    await pod.mounts.publishJobs([]);
    await pod.mounts.config.publish({ "openclaw.json": realConfig(gateway) });
    const init = await runBinary(["init", "--only", "config"], pod.environment(variables));
    expect(init.exitCode).toBe(0);
    const mode = ["--self-heal", "--config-mode", "replace", "--poll-interval", "5"];
    const sidecar = pod.start(variables, ["run", ...mode]);
    await gateway.start();
    const isGivenUp = () => sidecar.messages().some((line) => GIVES_UP.test(line));
    await until("self-heal to give up", isGivenUp, { limitMs: 400_000, explain: () => sidecar.messages().join("\n") });
    const heals = () => sidecar.messages().filter((line) => line.startsWith("Healing config drift")).length;
    expect(heals()).toBe(2);
    sidecar.signal("SIGHUP");
    await pod.mounts.config.publish({ "openclaw.json": realConfig(gateway, { ackReaction: "🦞" }) });
    await sidecar.waitFor(/Changed: messages\.ackReaction/);
    expect(heals()).toBe(2);
  } finally {
    await pod.dispose();
    await gateway.dispose();
  }
});
