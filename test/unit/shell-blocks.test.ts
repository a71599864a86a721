// The commands of all documents: each is one that a test can hold against the sources, or its block says what it needs.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { readCommandLine } from "../../lib/commands/arguments.ts";
import { DOCUMENTS, REPOSITORY } from "../support/repository.ts";

const MARK = /^ *# needs (?:a cluster|the network)$/m;

interface Block {
  document: string;
  isMarked: boolean;
  /** Without comments; a line that goes on with `\` is one. */
  lines: string[];
}

async function readBlocks(document: string): Promise<Block[]> {
  const text = await readFile(join(REPOSITORY, document), "utf8");
  return [...text.matchAll(/^( *)```sh\n([^]*?)^\1```$/gm)].map(([, , block = ""]) => ({
    document,
    isMarked: MARK.test(block),
    lines: block
      .replaceAll("\\\n", " ")
      .split("\n")
      .map((line) => line.replace(/(?:^|\s)#.*$/, "").trim())
      .filter(Boolean),
  }));
}

const blocks = (await Promise.all(DOCUMENTS.map(readBlocks))).flat();

/** The arguments of each `config-manager …`, in a container or on its own. */
const calls = blocks.flatMap(({ document, lines }) =>
  lines.flatMap((line) => {
    const [, args] = /(?:^|-- )(?:\/\S*\/)?config-manager ([^>&|]*)/.exec(line) ?? [];
    return args === undefined ? [] : [[document, args.trim()]];
  }),
);

describe("a block of commands", () => {
  test("is found in the documents", () => {
    expect(blocks.filter(({ isMarked }) => isMarked).length).toBeGreaterThan(20);
    expect(calls.length).toBeGreaterThan(8);
  });

  const unmarked = blocks.filter(({ isMarked }) => !isMarked);
  test.each(unmarked.flatMap(({ document, lines }) => lines.map((line) => [document, line])))(
    "of %s needs nothing but the checkout: %s",
    (_, line = "") => {
      const [, folder] = /^kubectl kustomize (\S+)$/.exec(line) ?? [];
      const [, file] = /^(?:CI=1 )?node_modules\/\.bin\/bun test .*(test\/\S+)$/.exec(line) ?? [];
      const [, script] = /^(\.\/build\.sh)(?: (?:demo|test|release|bench)(?: .*)?)?$/.exec(line) ?? [];
      const isOurs = line.startsWith("config-manager ");
      if (!isOurs)
        expect([line, existsSync(join(REPOSITORY, folder ?? file ?? script ?? "none"))]).toEqual([line, true]);
    },
  );

  test.each(calls)("of %s calls config-manager as it is called: %s", (_, args = "") => {
    expect(() => readCommandLine(args.split(/\s+/), {})).not.toThrow();
  });
});
