import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { findPod, suggestLogs, toPastable } from "../../../lib/commands/pod-hints.ts";
import { createScratch } from "../../support/fakes.ts";

const IN_POD = { KUBERNETES_SERVICE_HOST: "10.0.0.1", HOSTNAME: "agent-7d9f" };

describe("findPod()", () => {
  test("reads the names from the Pod, and knows no namespace without a token", async () => {
    await using scratch = await createScratch();
    const file = scratch.in("namespace");
    expect(await findPod(IN_POD, file)).toEqual({ name: "agent-7d9f", namespace: undefined });
    await writeFile(file, "staging\n");
    expect(await findPod(IN_POD, file)).toEqual({ name: "agent-7d9f", namespace: "staging" });
    expect(await findPod({ HOSTNAME: "laptop" }, file)).toBeUndefined();
  });

  test("takes nothing for a name that could be a command", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("namespace"), "x; reboot");
    expect(await findPod({ ...IN_POD, HOSTNAME: "$(reboot)" })).toBeUndefined();
    expect(await findPod(IN_POD, scratch.in("namespace"))).toMatchObject({ namespace: undefined });
  });
});

describe("toPastable()", () => {
  const pod = { name: "agent-7d9f", namespace: "staging" };

  test("turns a command for the gateway's container into one for kubectl", () => {
    const hint = "in the gateway's container: openclaw devices list";
    expect(toPastable(hint, pod)).toBe("kubectl exec -n staging agent-7d9f -- openclaw devices list");
    expect(toPastable(hint, { ...pod, namespace: undefined })).toBe("kubectl exec agent-7d9f -- openclaw devices list");
    expect(toPastable(hint, undefined)).toBe(hint);
    expect(toPastable("config-manager diff", pod)).toBe("config-manager diff");
  });

  test("the log is asked for in the same way", () => {
    expect(suggestLogs(pod)).toBe("kubectl logs -n staging agent-7d9f --tail=50");
    expect(suggestLogs(undefined)).toBe("read the log of the gateway's container");
  });
});
