import { describe, expect, test } from "bun:test";
import { findBlockLine } from "../../../lib/text/yaml-lines.ts";

const CONFIG = '{\n  "gateway": {\n    "port": "x"\n  }\n}\n';
const block = (text: string, indent = "    ") => text.replace(/^(?=.)/gm, indent);

describe("findBlockLine()", () => {
  test("finds a key of a ConfigMap, after other objects and keys", () => {
    const yaml = `kind: Service\n---\n# the gateway's\nkind: ConfigMap\ndata:\n  AGENTS.md: |\n    # Agents\n  openclaw.json: | # live\n${block(CONFIG)}  jobs.json: '[]'\n`;
    const line = findBlockLine(yaml, CONFIG) ?? 0;
    expect(yaml.split("\n")[line - 1]).toBe("    {");
    expect(line).toBe(9);
  });

  test.each([
    ["kept line ends", `data:\n  openclaw.json: |+\n${block(CONFIG)}\n`, `${CONFIG}\n`, 3],
    ["no line end", `data:\n  openclaw.json: |-\n${block(CONFIG)}`, CONFIG.trimEnd(), 3],
    ["blank lines first", `a: |2\n\n  {\n  }\n`, "\n{\n}\n", 2],
    ["a List", `items:\n- data:\n    openclaw.json: |\n${block(CONFIG, "      ")}`, CONFIG, 4],
    ["CR LF", "a: 1\r\nb: |\r\n  {\r\n  }\r\n", "{\n}\n", 3],
  ])("finds it with %s", (_, yaml, content, line) => {
    expect(findBlockLine(yaml, content)).toBe(line);
  });

  test.each([
    ["quotes", `data:\n  openclaw.json: ${JSON.stringify(CONFIG)}\n`],
    ["folded lines", `data:\n  openclaw.json: >\n${block(CONFIG)}`],
    ["JSON", JSON.stringify({ data: { "openclaw.json": CONFIG } })],
    ["broken YAML", "a: [\nb: |\n  x"],
    ["deep lists", "[".repeat(20_000)],
    ["nothing", ""],
  ])("finds nothing in %s", (_, yaml) => {
    expect(findBlockLine(yaml, CONFIG)).toBeUndefined();
  });
});
