import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "bun:test";
import { type SchemaChecks, chooseJudge, readSchemaJudge } from "../../../lib/commands/judge.ts";
import { ManagerError } from "../../../lib/errors.ts";
import { createScratch, generationOf } from "../../support/fakes.ts";

const KNOWN = new Set(["2026.2.9", "2026.9.6"]);
const checks: SchemaChecks = {
  checkConfig: async (_, release) => [{ path: [], message: release, rule: "fake", severity: "error" }],
  checkAgainst: async (_, schema) => [{ path: [], message: JSON.stringify(schema), rule: "fake", severity: "error" }],
  chooseRelease: (asked) => ({
    release: KNOWN.has(asked) ? asked : "2026.9.6",
    isExact: KNOWN.has(asked) || asked === "latest",
  }),
};
const nobody = async () => undefined;
const never = async () => expect.unreachable("the gateway is asked");

describe("chooseJudge()", () => {
  test.each([
    ["2026.2.9", never, "OpenClaw 2026.2.9"],
    ["2026.9.8", never, "OpenClaw 2026.9.6 (the nearest known to 2026.9.8)"],
    ["latest", never, "OpenClaw 2026.9.6 (the newest known)"],
    [undefined, nobody, "OpenClaw 2026.9.6 (the newest known)"],
    [undefined, async () => "2026.2.9", "OpenClaw 2026.2.9 (the gateway's release)"],
    [undefined, async () => "2026.9.8", "OpenClaw 2026.9.6 (the nearest known to the gateway's 2026.9.8)"],
  ])("%# chooses a release, and says which and why", async (asked, ask, label) => {
    const chosen = await chooseJudge(asked, ask, checks);
    expect(chosen.label).toBe(label);
    const [finding] = await chosen.judge(generationOf("{}"));
    expect(finding?.message).toBe(chosen.release);
  });

  test("says why a gateway that is there does not tell its release", async () => {
    const refused = new ManagerError("refused", "the gateway refuses the token", { hint: "give it another" });
    const { label, release } = await chooseJudge(undefined, async () => refused, checks);
    expect(release).toBe("2026.9.6");
    expect(label).toBe(
      "OpenClaw 2026.9.6 (the newest known; the gateway's is not known: the gateway refuses the token (give it another))",
    );
  });
});

describe("readSchemaJudge()", () => {
  test("holds a config against a schema from a file", async () => {
    await using scratch = await createScratch();
    await writeFile(scratch.in("schema.json"), '{"type": "object"}');
    const judge = await readSchemaJudge(scratch.in("schema.json"), checks);
    expect(judge.release).toBeUndefined();
    expect((await judge.judge(generationOf("{}")))[0]?.message).toBe('{"type":"object"}');
    await writeFile(scratch.in("broken.json"), '{"hush');
    for (const name of ["broken.json", "none.json"]) {
      expect(readSchemaJudge(scratch.in(name), checks)).rejects.toThrow(scratch.in(name));
    }
  });
});
