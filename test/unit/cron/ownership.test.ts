import { describe, expect, test } from "bun:test";
import { declarationKeyOf, markDescription, readClaim, unmarkDescription } from "../../../lib/cron/ownership.ts";
import { ODD_NAMES, OWNER, liveJob } from "../../support/fakes.ts";

const claimOf = (fields: Record<string, unknown>) => readClaim(liveJob(fields), OWNER);

describe("declarationKeyOf()", () => {
  test("joins the owner and the name", () => {
    expect(declarationKeyOf("git", "nightly backup")).toBe("git:nightly backup");
  });

  test("is undefined if the key would be longer than the gateway accepts", () => {
    expect(declarationKeyOf("git", "x".repeat(196))).toHaveLength(200);
    expect(declarationKeyOf("git", "x".repeat(197))).toBeUndefined();
    expect(declarationKeyOf("git", "🦞".repeat(100))).toBeUndefined();
  });
});

describe("markDescription()", () => {
  test("appends the mark", () => {
    expect(markDescription("Nightly", "git")).toBe("Nightly [managed-by=git]");
  });

  test("returns only the mark without a description", () => {
    expect(markDescription(undefined, "git")).toBe("[managed-by=git]");
    expect(markDescription("", "git")).toBe("[managed-by=git]");
  });
});

describe("readClaim()", () => {
  test("recognises a job of ours by its key, whatever its current name", () => {
    expect(claimOf({ declarationKey: "config-manager:backup" })).toEqual({ kind: "ours", name: "backup" });
    expect(claimOf({ declarationKey: "config-manager:backup", name: "renamed by hand" })).toEqual({
      kind: "ours",
      name: "backup",
    });
  });

  test.each(Object.entries(ODD_NAMES))("reads a name with %s from its key", (_, name) => {
    expect(claimOf({ declarationKey: `config-manager:${name}` })).toEqual({ kind: "ours", name });
  });

  test.each([
    "heartbeat:main",
    "skill-collection-review:main",
    "memory-core:memory-dreaming-promotion",
    "claw:backup",
    "other-manager:backup",
    "config-manager-2:backup",
    "config-manager",
    "Config-Manager:backup",
    " config-manager:backup",
    "config-manager\u200b:backup",
    "",
  ])("treats a job with the key %j as foreign", (declarationKey) => {
    expect(claimOf({ declarationKey })).toEqual({ kind: "foreign" });
  });

  test("ignores the mark if there is a key", () => {
    expect(claimOf({ declarationKey: "heartbeat:main", description: "x [managed-by=config-manager]" })).toEqual({
      kind: "foreign",
    });
    expect(claimOf({ declarationKey: "config-manager:backup", description: "[managed-by=memory-core] x" })).toEqual({
      kind: "ours",
      name: "backup",
    });
  });

  test("recognises a job without a key by the mark at the end of its description", () => {
    for (const description of ["[managed-by=config-manager]", "Nightly [managed-by=config-manager]"]) {
      expect(claimOf({ description, name: "backup" })).toEqual({ kind: "ours", name: "backup" });
    }
  });

  test("ignores blanks after the mark", () => {
    expect(claimOf({ description: "[managed-by=config-manager] \n" })).toEqual({ kind: "ours", name: "backup" });
  });

  test("recognises memory-core's mark at the front of a description", () => {
    const description = "[managed-by=memory-core.short-term-promotion] Promote weighted short-term recalls";
    expect(claimOf({ description, name: "Memory Dreaming Promotion" })).toEqual({ kind: "foreign" });
  });

  test.each([
    "[managed-by=other]",
    "Nightly [managed-by=config-manager-2]",
    "[managed-by=config-manager] but then somebody wrote on",
    "[managed-by=]",
  ])("treats a job with the description %j as foreign", (description) => {
    expect(claimOf({ description })).toEqual({ kind: "foreign" });
  });

  test("treats a job with our mark at the end as ours, whatever mark precedes it", () => {
    expect(claimOf({ description: "[managed-by=other] x [managed-by=config-manager]" })).toEqual({
      kind: "ours",
      name: "backup",
    });
  });

  test.each([undefined, "", "Nightly backup", "managed-by=config-manager", "[managed by config-manager]"])(
    "treats a job with the description %j as unclaimed",
    (description) => {
      expect(claimOf({ description })).toEqual({ kind: "unclaimed" });
    },
  );

  test("recognises the mark that markDescription() writes", () => {
    for (const description of [undefined, "Nightly", "two\nlines", "[managed-by=config-manager]"]) {
      expect(claimOf({ description: markDescription(description, OWNER) })).toMatchObject({ kind: "ours" });
      expect(claimOf({ description: markDescription(description, "other") })).toEqual({ kind: "foreign" });
    }
  });
});

describe("unmarkDescription()", () => {
  test.each([undefined, "Nightly", "two\nlines", "[managed-by=other]", "x [managed-by=other]"])(
    "returns %j unchanged",
    (description) => {
      expect(unmarkDescription(markDescription(description, OWNER), OWNER)).toBe(description);
      expect(unmarkDescription(description, OWNER)).toBe(description);
    },
  );

  test("leaves another owner's mark in place", () => {
    expect(unmarkDescription("Nightly [managed-by=other]", OWNER)).toBe("Nightly [managed-by=other]");
  });
});
