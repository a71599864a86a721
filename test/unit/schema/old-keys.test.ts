import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../../lib/json.ts";
import { findOldKeys } from "../../../lib/schema/old-keys.ts";
import { readConfigTable } from "../../support/config-table.ts";
import { VERDICT_RELEASES, readVerdicts } from "../../support/verdicts.ts";

/** Old keys of other releases are no old keys here: `browser.controlUrl` is older than any release that is known. */
const NOT_NAMED = ["routing unknown", "browser controlUrl", "telegram streaming text", "telegram streaming boolean"];

/** Named by findConflicts(): the fields belong to a search service. */
const NAMED_ELSEWHERE = ["web search perplexity", "web search brave"];

function find(config: JsonObject, release: string): string[] {
  return findOldKeys(config, release).map(({ severity, path }) => `${severity} ${path.join(".")}`);
}

describe("old keys", () => {
  test("names the new key", () => {
    const [finding] = findOldKeys({ tools: { exec: { timeoutSec: 5 } } }, "2026.9.6");
    expect(finding).toEqual({
      path: ["tools", "exec", "timeoutSec"],
      message:
        "an old key; now tools.exec.timeoutSeconds; a gateway migrates it when it starts, and refuses it while it runs",
      severity: "warning",
      rule: "old-key",
    });
  });

  test("warns of what the release takes and migrates by itself", () => {
    const config = { agents: { list: [{ id: "main", default: true }] } };
    expect(find(config, "2026.9.6")).toEqual(["warning agents.list"]);
    expect(find(config, "2026.6.11")).toEqual([]);
    expect(find({ canvasHost: { enabled: true } }, "2026.6.11")).toEqual(["warning canvasHost"]);
    expect(find({ canvasHost: { enabled: true } }, "2026.9.6")).toEqual(["warning canvasHost"]);
  });

  test("warns of what 2026.4.15 migrates when it reads the config", () => {
    const config = { memorySearch: { provider: "openai" } };
    expect(find(config, "2026.4.15")).toEqual(["warning memorySearch"]);
    expect(find(config, "2026.6.11")).toEqual(["error memorySearch"]);
  });

  test("refuses a list beside entries, which is not migrated", () => {
    expect(find({ agents: { list: [{ id: "a" }], entries: { a: {} } } }, "2026.9.6")).toEqual([]);
  });

  // Measured: 2026.2.9 and 2026.6.11 do not start with routing.allowFrom, 2026.8.2 and 2026.9.6 start and migrate it.
  test("warns of what the release migrates when it starts", () => {
    const config = { routing: { allowFrom: ["+15555550123"] } };
    expect(find(config, "2026.9.6")).toEqual(["warning routing.allowFrom"]);
    expect(find(config, "2026.8.2")).toEqual(["warning routing.allowFrom"]);
    expect(find(config, "2026.6.11")).toEqual(["error routing.allowFrom"]);
    expect(find(config, "2026.2.9")).toEqual(["error routing.allowFrom"]);
    // No release names this one any more: 2026.9.6 does not start with it.
    expect(find({ agent: { workspace: "~/w" } }, "2026.9.6")).toEqual(["error agent"]);
  });

  test("looks at the value where the key itself is not old", () => {
    expect(find({ gateway: { bind: "0.0.0.0" } }, "2026.9.6")).toEqual(["warning gateway.bind"]);
    expect(find({ gateway: { bind: "lan" } }, "2026.9.6")).toEqual([]);
    expect(find({ gateway: { bind: "${BIND}" } }, "2026.9.6")).toEqual([]);
  });

  test("finds the keys of each agent", () => {
    const config = { agents: { list: [{ id: "main", default: true, sandbox: { perSession: true } }] } };
    expect(find(config, "2026.9.6")).toEqual(["warning agents.list", "warning agents.list.0.sandbox.perSession"]);
    expect(find(config, "2026.2.9")).toEqual([]);
  });

  test("names the old keys that gateways of 2026.9.6 refuse", () => {
    const verdicts = readVerdicts("2026.9.6");
    const unnamed = readConfigTable()
      .filter(({ name, group }) => group === "old-keys" && verdicts[name]?.valid === false)
      .filter(({ config }) => findOldKeys(config, "2026.9.6").length === 0)
      .map(({ name }) => name.slice("old-keys: ".length));
    expect(unnamed.toSorted()).toEqual([...NOT_NAMED, ...NAMED_ELSEWHERE].toSorted());
  });

  for (const release of VERDICT_RELEASES) {
    test(`raises no false alarm on what ${release} takes`, () => {
      const verdicts = readVerdicts(release);
      const alarms = readConfigTable()
        .filter(({ name }) => verdicts[name]?.valid)
        .flatMap(({ name, config }) =>
          findOldKeys(config, release)
            .filter(({ severity }) => severity === "error")
            .map(({ path }) => `${name}: ${path.join(".")}`),
        );
      expect(alarms).toEqual([]);
    });
  }
});
