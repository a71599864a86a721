import { describe, expect, test } from "bun:test";
import { checkApprovals, formatApprovalsProblem } from "../../../lib/approvals/check.ts";
import { exportApprovals } from "../../../lib/approvals/export.ts";
import type { JsonObject } from "../../../lib/json.ts";

function problemsOf(text: string | Uint8Array): string[] {
  const checked = checkApprovals(Buffer.from(text));
  return checked.kind === "invalid" ? checked.problems.map(formatApprovalsProblem) : [];
}
const agent = (fields: unknown) => problemsOf(JSON.stringify({ version: 1, agents: { main: fields } }));
const rule = (entry: unknown) => agent({ allowlist: [entry] });

describe("a file", () => {
  test.each([
    ["", 'the file is empty; {"version": 1} declares nothing'],
    ["{", "invalid end of input at 1:2"],
    ["[]", "expected an object at the top"],
    [Buffer.from('{"version":1}', "utf16le").fill(0xff, 0, 2), "not UTF-8 text"],
    ['{"a":'.repeat(20_000), "is nested too deeply"],
    [`{"version": 1, "x": "${"x".repeat(4 << 20)}"}`, "is larger than 4 MiB"],
    ["{}", "version is missing; this is version 1"],
    ['{"version": 2}', "version: is another version; only 1 is known"],
    ['{"version": "1"}', "version: is another version; only 1 is known"],
    ['{"version": 1, "socket": {}}', "socket: is OpenClaw's own, with a secret token; take it out of Git"],
    ['{"version": 1, "default": {}}', "default: unknown field; did you mean defaults?"],
    ['{"version": 1, "defaults": 5}', "defaults: expected an object"],
    ['{"version": 1, "agents": []}', "agents: expected an object, by agent"],
    ['{"version": 1, "defaults": {}, "defaults": {}}', "defaults: stands twice in one object"],
    ['{"version": 1, "agents": {"default": {}}}', "agents.default: OpenClaw moves it to main; write main"],
    ['{"version": 1, "agents": {"__proto__": {}}}', "agents.__proto__: is no name of an agent"],
    ['{"version": 1, "agents": {" ": {}}}', 'agents." ": is no name of an agent'],
  ])("that is wrong is told: %#", (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  test.each([
    [5, ": expected an object"],
    [{ security: "none" }, ".security: expected deny, allowlist or full"],
    [{ security: " deny " }, ".security: expected deny, allowlist or full"],
    [{ ask: "on" }, ".ask: expected off, on-miss or always"],
    [{ askFallback: null }, ".askFallback: expected deny, allowlist or full"],
    [{ autoAllowSkills: "yes" }, ".autoAllowSkills: expected true or false"],
    [{ allowList: [] }, ".allowList: unknown field; did you mean allowlist?"],
    [
      { constructor: 1 },
      ".constructor: unknown field; known: security, ask, askFallback, autoAllowSkills, allowlist, mcpTools",
    ],
    [{ allowlist: {} }, ".allowlist: expected an array"],
    [{ mcpTools: [{ server: "s" }] }, ".mcpTools.0: tool is missing"],
  ])("with a wrong agent is told: %#", (fields, problem) => {
    expect(agent(fields)).toEqual([`agents.main${problem}`]);
  });

  test.each([
    ["/bin/ls", ": expected an object with pattern"],
    [{}, ": pattern is missing"],
    [{ pattern: "" }, ".pattern: expected a text"],
    [{ pattern: " /a" }, ".pattern: begins or ends with a blank"],
    [{ pattern: "/a", argPattern: "" }, ".argPattern: expected a text"],
    [{ pattern: "/a", source: "git" }, ".source: expected allow-always, or nothing at all"],
    [
      { pattern: "/a", args: "x" },
      ".args: unknown field; known: pattern, argPattern, source, id, commandText, lastUsedAt, lastUsedCommand, lastResolvedPath",
    ],
  ])("with a wrong rule is told: %#", (entry, problem) => {
    expect(rule(entry)).toEqual([`agents.main.allowlist.0${problem}`]);
  });

  test("tells all problems at once, and a rule that stands twice", () => {
    expect(
      agent({ ask: 1, allowlist: [{ pattern: "/a" }, { pattern: "/a", argPattern: "x" }, { pattern: "/a" }, {}] }),
    ).toEqual([
      "agents.main.ask: expected off, on-miss or always",
      "agents.main.allowlist.2: stands twice in this list",
      "agents.main.allowlist.3: pattern is missing",
    ]);
  });

  test("may be JSON5, and what OpenClaw has stamped, and ignores that", () => {
    const text = `// ours
    {version: 1, defaults: {}, agents: {"*": {allowlist: [{pattern: "/a", id: "1", lastUsedAt: 5}]}, none: {allowlist: []}}}`;
    expect(checkApprovals(Buffer.from(text))).toEqual({
      kind: "valid",
      keyed: { agents: { "*": { allowlist: { '["/a",null]': { pattern: "/a" } } } } },
      entries: 1,
    });
  });
});

describe("an export", () => {
  const LIVE: JsonObject = {
    version: 1,
    socket: { path: "/s", token: "hush" },
    defaults: { security: "deny" },
    agents: {
      main: {
        allowlist: [
          { pattern: "/a", id: "1", lastUsedAt: 5, lastUsedCommand: "a --hush", lastResolvedPath: "/a" },
          { pattern: "/a", id: "2" },
          { pattern: "/b", id: "3", source: "allow-always", argPattern: "^x$" },
        ],
        mcpTools: [{ server: "s", tool: "t", source: "allow-always", addedAt: 5, lastUsedAt: 6 }],
      },
      none: {},
    },
  };

  test("is what Git should have: no socket, no stamps, nothing twice", () => {
    const { text, caveats, isComplete } = exportApprovals(LIVE);
    expect(JSON.parse(text)).toEqual({
      version: 1,
      defaults: { security: "deny" },
      agents: {
        main: {
          allowlist: [{ pattern: "/a" }, { pattern: "/b", source: "allow-always", argPattern: "^x$" }],
          mcpTools: [{ server: "s", tool: "t", source: "allow-always" }],
        },
      },
    });
    expect([caveats, isComplete]).toEqual([[], true]);
    expect(problemsOf(text)).toEqual([]);
  });

  test("says what Git cannot have", () => {
    const { caveats, isComplete } = exportApprovals({ version: 1, defaults: { security: "nonsense" } });
    expect([caveats, isComplete]).toEqual([
      ["Git cannot have it so: defaults.security: expected deny, allowlist or full"],
      false,
    ]);
  });
});
