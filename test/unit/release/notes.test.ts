import { describe, expect, test } from "bun:test";
import { findNotes } from "../../../release/notes.ts";

const CHANGELOG = `# Changelog

## Unreleased

- new

## [0.2.0] - 2026-11-01

- second

### Fixed

- a bug

## 0.1.0 - 2026-10-01

- first
`;

describe("findNotes()", () => {
  test.each([
    ["0.1.0", "- first\n"],
    ["0.2.0", "- second\n\n### Fixed\n\n- a bug\n"],
  ])("finds the section of %s", (version, notes) => {
    expect(findNotes(CHANGELOG, version, true)).toBe(notes);
  });

  test("takes Unreleased for a version that has no section yet, but not where there is a tag", () => {
    expect(findNotes(CHANGELOG, "0.3.0", false)).toBe("- new\n");
    expect(findNotes(CHANGELOG, "0.3.0", true)).toBeUndefined();
  });

  test("takes no version for another one that begins alike, and no empty section", () => {
    expect(findNotes(CHANGELOG, "0.1", true)).toBeUndefined();
    expect(findNotes("## 1.0.0\n\n## 0.1.0\n- a\n", "1.0.0", true)).toBeUndefined();
  });
});
