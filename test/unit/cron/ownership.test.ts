import { describe, expect, test } from "bun:test";
import { declarationKeyOf, markDescription, readClaim, unmarkDescription } from "../../../lib/cron/ownership.ts";
import { ODD_NAMES, OWNER, liveJob } from "../../support/fakes.ts";

const claimOf = (fields: Record<string, unknown>) => readClaim(liveJob(fields), OWNER);

describe("declarationKeyOf()", () => {
  test("is the owner and the name", () => {
    expect(declarationKeyOf("git", "nightly backup")).toBe("git:nightly backup");
  });

  test("is none for a name that makes it longer than the gateway takes", () => {
    expect(declarationKeyOf("git", "x".repeat(196))).toHaveLength(200);
    expect(declarationKeyOf("git", "x".repeat(197))).toBeUndefined();
    expect(declarationKeyOf("git", "🦞".repeat(100))).toBeUndefined();
  });
});

describe("markDescription()", () => {
  test("puts the mark at the end", () => {
    expect(markDescription("Nightly", "git")).toBe("Nightly [managed-by=git]");
  });

  test("is the mark alone where there is no description", () => {
    expect(markDescription(undefined, "git")).toBe("[managed-by=git]");
    expect(markDescription("", "git")).toBe("[managed-by=git]");
  });
});

describe("readClaim()", () => {
  test("knows a job of ours by its key, whatever it is called now", () => {
    expect(claimOf({ declarationKey: "config-manager:backup" })).toEqual({ kind: "ours", name: "backup" });
    expect(claimOf({ declarationKey: "config-manager:backup", name: "renamed by hand" })).toEqual({
      kind: "ours",
      name: "backup",
    });
  });

  test.each(Object.entries(ODD_NAMES))("reads a name with %s back out of its key", (_, name) => {
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
  ])("takes a job with the key %j for another's", (declarationKey) => {
    expect(claimOf({ declarationKey })).toEqual({ kind: "foreign" });
  });

  test("lets the key decide alone where there is one", () => {
    expect(claimOf({ declarationKey: "heartbeat:main", description: "x [managed-by=config-manager]" })).toEqual({
      kind: "foreign",
    });
    expect(claimOf({ declarationKey: "config-manager:backup", description: "[managed-by=memory-core] x" })).toEqual({
      kind: "ours",
      name: "backup",
    });
  });

  test("knows a job without a key by the mark at the end of its description", () => {
    for (const description of ["[managed-by=config-manager]", "Nightly [managed-by=config-manager]"]) {
      expect(claimOf({ description, name: "backup" })).toEqual({ kind: "ours", name: "backup" });
    }
  });

  test("forgives blanks behind the mark", () => {
    expect(claimOf({ description: "[managed-by=config-manager] \n" })).toEqual({ kind: "ours", name: "backup" });
  });

  test("takes memory-core's mark, which stands at the front, for memory-core's", () => {
    const description = "[managed-by=memory-core.short-term-promotion] Promote weighted short-term recalls";
    expect(claimOf({ description, name: "Memory Dreaming Promotion" })).toEqual({ kind: "foreign" });
  });

  test.each([
    "[managed-by=other]",
    "Nightly [managed-by=config-manager-2]",
    "[managed-by=config-manager] but then somebody wrote on",
    "[managed-by=]",
  ])("takes a job with the description %j for another's", (description) => {
    expect(claimOf({ description })).toEqual({ kind: "foreign" });
  });

  test("takes a job of ours for ours though another mark stands before our own", () => {
    expect(claimOf({ description: "[managed-by=other] x [managed-by=config-manager]" })).toEqual({
      kind: "ours",
      name: "backup",
    });
  });

  test.each([undefined, "", "Nightly backup", "managed-by=config-manager", "[managed by config-manager]"])(
    "finds that nobody claims a job with the description %j",
    (description) => {
      expect(claimOf({ description })).toEqual({ kind: "unclaimed" });
    },
  );

  test("reads the mark that it writes", () => {
    for (const description of [undefined, "Nightly", "two\nlines", "[managed-by=config-manager]"]) {
      expect(claimOf({ description: markDescription(description, OWNER) })).toMatchObject({ kind: "ours" });
      expect(claimOf({ description: markDescription(description, "other") })).toEqual({ kind: "foreign" });
    }
  });
});

describe("unmarkDescription()", () => {
  test.each([undefined, "Nightly", "two\nlines", "[managed-by=other]", "x [managed-by=other]"])(
    "gives back %j",
    (description) => {
      expect(unmarkDescription(markDescription(description, OWNER), OWNER)).toBe(description);
      expect(unmarkDescription(description, OWNER)).toBe(description);
    },
  );

  test("leaves the mark of another where it is", () => {
    expect(unmarkDescription("Nightly [managed-by=other]", OWNER)).toBe("Nightly [managed-by=other]");
  });
});
