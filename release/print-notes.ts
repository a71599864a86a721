// print-notes.ts TAG: prints what the changelog says about this version; about what is unreleased, where TAG is empty.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import packageJson from "../package.json" with { type: "json" };
import { findNotes } from "./notes.ts";

const { version } = packageJson;
const changelog = readFileSync(resolve(import.meta.dirname, "../CHANGELOG.md"), "utf8");
const notes = findNotes(changelog, version, Boolean(process.argv[2]));
if (notes === undefined) {
  console.error(
    `error: CHANGELOG.md says nothing about ${version}\nhint: it needs a section \`## ${version} - YYYY-MM-DD\``,
  );
  process.exit(64);
}
process.stdout.write(notes);
