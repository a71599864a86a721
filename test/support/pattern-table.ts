/**
 * Texts that are hardest on a pattern, each as a piece that is repeated to any length; `[start, piece]` where something
 * has to stand before them. `ours`: the pattern only meets text that we wrote ourselves, or short text, with the reason.
 */
type Hardest = { pieces: readonly (string | readonly [start: string, piece: string])[] } | { ours: string };

const hard = (...pieces: (string | readonly [string, string])[]): Hardest => ({ pieces });
const ours = (reason: string): Hardest => ({ ours: reason });

/**
 * Every pattern of lib/ and manager.ts in which something may repeat without limit, by file. All others look at a limited
 * number of characters from each place, and are linear.
 */
export const PATTERN_TABLE: Readonly<Record<string, Readonly<Record<string, Hardest>>>> = {
  "lib/commands/arguments.ts": {
    "/('--[\\w-]+)=[^\\n]*'/": ours("the command line"),
    "/got \\d+: (.*)\\.$/": ours("the command line"),
  },
  "lib/commands/exact.ts": {
    '/^(?:Unrecognized keys?|invalid config: must not have additional properties): ("[^]*")$/': hard([
      'Unrecognized key: "',
      '" ',
    ]),
  },
  "lib/commands/file-kinds.ts": {
    "/\\s+/": ours("a list in the source"),
    "/^[tj]sconfig(?:\\..+)?\\.json$/": hard("tsconfig.", ".json"),
    "/^values(?:[-._].+)?\\.ya?ml$/": hard("values-", ".yml"),
    "/^(?:docker-)?compose(?:[-._].+)?\\.ya?ml$/": hard("compose-", ".yml"),
  },
  "lib/commands/parts.ts": {
    "/\\{\\{-? *[.\\w]/": hard("{{ ", "{{-   "),
  },
  "lib/commands/read-input.ts": {
    "/^\\/(?:dev|proc\\/(?:self|\\d+))\\/fd\\/\\d+$/": hard("/proc/1"),
  },
  "lib/commands/problem.ts": {
    "/ at (?:line )?\\d+[:,]/": hard(" at ", " at line 1", [" at ", "1"]),
  },
  "lib/commands/validate-config.ts": {
    "/ at (\\d+):(\\d+)$/": hard(" at 1:", " at ", [" at 1:", "1"]),
  },
  "lib/commands/validate-jobs.ts": {
    "/ at line (\\d+), column (\\d+)/": hard(" at line 1, column ", " at line ", [" at line ", "1"]),
    "/ at (\\d+):(\\d+)$/": hard(" at 1:", " at ", [" at 1:", "1"]),
  },
  "lib/commands/validate.ts": {
    "/^(.*?): (nothing to check .*)$/s": hard(": nothing to check ", ": "),
  },
  "lib/cron/command.ts": {
    "/ -lt (\\d+) \\]/": hard(" -lt 1", " -lt "),
    "/^[\\w@%+=:,./-]+$/": hard("a/"),
  },
  "lib/cron/difference.ts": {
    "/\\s+/g": hard(" a"),
  },
  "lib/cron/export.ts": {
    "/^(0\\s+)?0\\s+\\S*\\*/": hard("0 ", ["0 ", "*"]),
  },
  "lib/cron/ownership.ts": {
    "/\\[managed-by=[^\\][]*\\]/": hard("[managed-by=", "[managed-by=a"),
  },
  "lib/definition/cron-expression.ts": {
    'new RegExp(`^${fields.join(" ")}$`);': ours("an expression of at most 1,000 characters"),
    "/\\S+/g": hard("* "),
    "/[\\p{Cc}\\p{Zl}\\p{Zp}]+/gu": hard("\n"),
  },
  "lib/definition/definition.ts": {
    "/^(?:[\\d.]+|(?:\\d+(?:\\.\\d+)?(?:ms|s|m|h|d))+)$/i": hard("1m", "1.1ms", "1."),
  },
  "lib/definition/moment.ts": {
    "/^(\\d{4})-(\\d\\d)-(\\d\\d)(?:T\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d+)?)?(Z|[+-]\\d\\d:?\\d\\d)?)?$/": hard([
      "2026-01-01T00:00:00.",
      "0",
    ]),
  },
  "lib/definition/schedule.ts": {
    "/^(?:@?every\\s+)?(\\d{1,9})\\s*(ms|s|m|h|d)(?:ec|econd|in|inute|r|our|ay)?s?$/i": hard(
      ["every ", "  "],
      ["1", " "],
    ),
  },
  "lib/errors.ts": {
    "/^\\s+at /": hard(" "),
  },
  "lib/files/temporary.ts": {
    "/^\\..+\\.config-manager-.+\\.tmp$/": ours("the name of a file"),
  },
  "lib/gateway/cli-process.ts": {
    "/^\\w*Error: /": hard("Error", "Error:"),
    "/^(\\w*error: )+/i": hard("error: ", "error"),
    "/(unknown option '--[\\w-]+)=.*$/": hard("unknown option '--", "unknown option '--a=\n"),
  },
  "lib/gateway/config-calls.ts": {
    '/"(?:[^"\\\\]|\\\\[^])*(?:"|\\\\?$)/g': hard('\\"', ['"', '\\"'], '"\\', "\\"),
  },
  "lib/gateway/credentials.ts": {
    "/\\$?\\$\\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\\}/g": hard("${A:-}", "${A", "$${"),
  },
  "lib/gateway/exposure.ts": {
    "/^\\[(.*)\\]$/": hard("["),
    "/\\.+$/": ours("the URL in our own settings"),
  },
  "lib/gateway/reload-log.ts": {
    "/^config (?:reload|restart) failed: (.*)/s": hard("config reload failed: "),
  },
  "lib/http/request.ts": {
    "/^([A-Z]{1,20}) (\\/[^ ]*) HTTP\\/1\\.[01]$/": hard(["GET /", "a"]),
    "/^[!-9;-~]+:/": hard("a"),
  },
  "lib/printable.ts": {
    'new RegExp(`\\\\r\\\\n|\\\\u001b\\\\[\\\\d{1,2}m|${UNPRINTABLE.source}`, "gu");': ours(
      "a pattern of limited parts: UNPRINTABLE is one character",
    ),
  },
  "lib/schema/agent-rules.ts": {
    "/^[a-z][a-z0-9_-]*:.+$/i": hard("a", ["a:", "b:"]),
    "/^[a-z][a-z0-9+.-]*:/i": hard("a", "a:"),
  },
  "lib/schema/channel-rules.ts": {
    "/^\\/?\\s*\\w{1,32}$/": hard(["/", " "], "a"),
  },
  "lib/schema/command-rules.ts": {
    "/^[A-Za-z0-9._+][A-Za-z0-9._+-]*$/": hard("a+"),
  },
  "lib/schema/duration-rules.ts": {
    "/^\\d+(?:\\.\\d+)?(?:ms|s|m|h|d)?$/": hard("1", "1.", ["1.", "1"]),
    "/^(?:\\d+(?:\\.\\d+)?(?:ms|s|m|h|d))+$/": hard("1m", "1.1ms", "1."),
    "/^\\d+(?:\\.\\d+)?(?:b|[kmgt]b?)?$/": hard("1", "1.", "1kb"),
  },
  "lib/schema/other-rules.ts": {
    "/[\\\\/]+/": hard("/", "\\"),
    "/^(?:\\/(?:[^~/]|~0|~1)*)+$/": hard("/", "/a", "~0", "/~0~1"),
  },
  "lib/schema/repair.ts": {
    "/^#\\/(?:\\$defs|definitions)\\/([^/]+)$/": hard("#/$defs/", ["#/$defs/", "a"]),
  },
  "lib/schema/rule.ts": {
    "/[^a-z0-9_-]+/g": hard(" ", " a"),
    "/^-+/": hard("-"),
  },
  "lib/schema/sandbox-rules.ts": {
    "/^[A-Za-z_]\\w*$/": hard("a_"),
  },
  "lib/schema/scalars.ts": {
    "/^[^\\s@]+@[^\\s@]+$/": hard("a@", ["a@", "b"]),
    'new RegExp(pattern, "u").test(text);': ours("a text of at most 1,000 characters"),
  },
  "lib/schema/tool-rules.ts": {
    "/^[^\\s*]+$/": hard("a"),
  },
  "lib/text/arguments.ts": {
    "/^\\w{1,20} +/": hard("a "),
  },
  "lib/text/changed-paths.ts": {
    "/^[\\w$-]+$/": hard("a$"),
  },
  "lib/text/excerpt.ts": {
    "/^[ -~]*$/": hard("a~"),
  },
  "lib/text/headers.ts": {
    "/^(?:bearer|basic|token|digest|negotiate|apikey|oauth|ntlm|bot|hawk|aws4-hmac-sha256|signature)\\s+/i": hard([
      "token",
      " ",
    ]),
  },
  "lib/text/key-walker.ts": {
    '/^"[^\\\\]*"$/': hard('"'),
    "/^[A-Za-z_$][\\w$]*$/": hard("a$"),
  },
  "lib/text/labels.ts": {
    "/[\\w-]+/g": hard("a-"),
    "/^[\\w.~+/=-]{6,}/": hard("a~"),
  },
  "lib/text/masking.ts": {
    "/^(?:\\.{1,2}\\/)+/": hard("../", "./"),
  },
  "lib/text/plain-json.ts": {
    "/[\\s\\uFEFF]+|\\/\\/[^\\n\\r\\u2028\\u2029]*|\\/\\*[\\s\\S]*?\\*\\/|\"[^\"\\\\\\n\\r]*(?:\\\\[\\s\\S][^\"\\\\\\n\\r]*)*\"|'[^'\\\\\\n\\r]*(?:\\\\[\\s\\S][^'\\\\\\n\\r]*)*'|[{}[\\],:]|[^\\s\\uFEFF{}[\\],:\"'/]+/y":
      hard('"\\', "/*", "//", '\\"', "'\\"),
    "/^[A-Za-z_$][\\w$]*$/": hard("a$"),
    "new RegExp(TOKEN); // a copy: the state is in `lastIndex`": ours("a copy of the pattern above"),
  },
  "lib/text/redaction.ts": {
    "/^\\$\\{\\w+\\}$/": hard(["${", "a"]),
    "/\\((?:allowed|example|use|minimum|maximum)[: ][^()]*\\)/": hard("(allowed: ", "(use a"),
    '/expected (?:one of )?"[^"]*"(?:\\|"[^"]*")*/': hard('expected "', ['expected ""', '|"'], 'expected one of "a"|"'),
    "/[<>]=?-?\\d[\\d.]*/": hard("<1", "<=-"),
    "/openclaw (?:doctor|config|configure|plugins|models|channels|agents|secrets|onboard|gateway|update)(?: --[a-z-]+)*/":
      hard("openclaw doctor", ["openclaw doctor", " --a"], " --"),
    "/(?<![\\w-])[A-Za-z][\\w-]*(?:\\[\\])?(?:\\.[\\w*<>[\\]-]+)+/": hard("a.", "a[].", ["a", "[]"], ".a-", "a["),
    "/(?<![^\\s\"'`(=])(?:~|\\.{1,2})?\\/[^\\s\"'`()]*[^\\s\"'`():;,.]/": hard("/", "/.", "=/", "../", ["/", ":"]),
    "/[^\\s\"'`()]+/g": hard("a("),
    "/^[A-Za-z][\\w-]*(?:\\.[\\w*<>[\\]-]+)+$/": hard(["a", ".a"], ["a", ".[]"], ["a.", "-"], ["a", ".a-"]),
    "/[\\w.+-]{1,64}@[\\w-]{1,63}(?:\\.[\\w-]{1,63}){0,4}\\.[a-z]{2,}|\\+\\d{7,}/g": hard(
      "a@",
      "a@a.",
      "a@a.a.a.a.a.",
      "+1",
      ["a@", "a."],
    ),
    "/[\\w+/=~.:-]{20,}/g": hard("a~", "aaaaaaaaaaaaaaaaaaa "),
    'new RegExp(patterns.map(({ source }) => source).join("|"), "g");': ours("each of its parts stands above"),
  },
  "lib/text/shell.ts": {
    "/(?<![^\\s;&|()`'\"{=])[A-Za-z_]\\w*\\+?=/g": hard("a=", "a ", "=a"),
    "/^[A-Za-z_][\\w.-]*=/": hard("a."),
    "/^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|EDITOR|PAGER|PWD|OLDPWD|IFS|HOSTNAME|TMPDIR|NODE_ENV|NODE_OPTIONS|DEBUG|CI|NO_COLOR|DEBIAN_FRONTEND|PYTHONPATH|GOPATH|CGO_ENABLED)$/":
      hard(["LC_", "A"]),
    "/^(?:-?\\d{1,5}|true|false|yes|no|on|off|(?:~|\\.{1,2})?\\/[\\w.:/$@~+-]*)$/i": hard("/a", ["/", "~"]),
    "/\\b(?:echo|printf)[ \\t]+(?:-\\w+[ \\t]+)?/g": hard("echo ", "echo -a", ["echo", " "], ["echo -", "a"]),
    "/^[A-Z_][A-Z0-9_]*$/": hard("A_"),
    "/[^\\s\"'`=(;&|]+=?$/": ours("the last 20 characters before a name"),
  },
  "lib/text/tokens.ts": {
    "/\\bsk-[\\w-]{8,}/g": hard("sk-", "-sk-"),
    "/\\b(?:gh[a-z]_\\w{16,}|github_pat_\\w{16,}|gl[a-z]{2,4}-[\\w-]{16,})/g": hard("ghp_", "glpat-", "-glpat"),
    "/\\b(?:xox[a-z]-[\\w-]{8,}|xapp-[\\w-]{8,})/g": hard("xoxb-", "-xapp-"),
    "/\\b(?:A[KS]IA\\w{12,}|ABIA\\w{12,}|ACCA\\w{12,})/g": hard("AKIA", " AKIA"),
    "/\\b(?:AIza[\\w-]{20,}|ya29\\.[\\w-]{20,}|GOCSPX-[\\w-]{16,})/g": hard("ya29.", "-AIza", "AIza"),
    "/\\beyJ[\\w.-]{8,}/g": hard("eyJ", "-eyJ", ".eyJ"),
    "/(?<!\\d)\\d{6,12}:[\\w-]{30,}/g": hard("123456:", "1", "-123456:"),
    "/\\b[MNO][\\w-]{22,27}\\.[\\w-]{6,7}\\.[\\w-]{27,}/g": hard("M-", "-M", "MMMMMMMMMMMMMMMMMMMMMMMMM.MMMMMM."),
    "/\\b(?:[rs]k_(?:live|test)_\\w{8,}|whsec_[\\w+/=]{16,}|SG\\.[\\w-]{16,32}\\.[\\w-]{16,})/g": hard(
      "sk_live_",
      "SG.",
      "SG.aaaaaaaaaaaaaaaaaaaa.",
      "whsec_/",
    ),
    "/\\b(?:npm_\\w{20,}|pypi-[\\w-]{20,}|hf_\\w{16,}|hv[sbr]\\.[\\w-]{16,}|do[opr]_v1_\\w{16,}|tskey-[\\w-]{8,})/g":
      hard("pypi-", "-pypi", "hvs.", "npm_"),
    "/\\b(?:dckr_pat_[\\w-]{16,}|dapi[\\da-f]{32}|shp(?:at|ss|ca|pa)_\\w{16,}|AGE-SECRET-KEY-1\\w{20,}|gsk_\\w{16,}|xai-\\w{16,})/g":
      hard("dckr_pat_", "-xai", "dapi"),
    "/\\bLS0tLS1CRUdJTi[\\w+/=]{8,}/g": hard("LS0tLS1CRUdJTi", "/LS0tLS1CRUdJTi"),
  },
  "lib/text/urls.ts": {
    "/^(?:mailto|xmpp|sips?|acct|npm|jsr|peer|tg|matrix|sha\\d+)$/i": hard(["sha", "1"]),
    "/^[\\w.+-]+$/": hard("a."),
    "/^(?:(?!sha\\d)[a-z][\\w-]*(?:\\.[a-z]|[:/]|(?=[\\s'\"`,;]|$))|(?:tcp|unix)\\(|\\d{1,3}\\.\\d)/i": hard(
      "a-",
      "a.",
    ),
    "/^\\d*$/": hard("1"),
  },
  "lib/text/values.ts": {
    '/^"?\\$(?:\\{[A-Z_][A-Z0-9_]*\\}|[A-Z_][A-Z0-9_]*)"?$/': hard(["${", "A"], ["$", "A"]),
  },
  "lib/text/words.ts": {
    "/[^A-Za-z0-9]+/": hard("a-", "-"),
    "/^[@.~/]{0,3}\\w[\\w.:/-]*$/": hard("/", "a/"),
    "/^[\\d\\s()/-]{7,}$/": hard("1 ", "("),
    "/^(?:~|\\.{1,2})?\\/[^\\s+=]+$/": hard("/a"),
    "/^[^\\s\"'`:@+=]+\\.(?:json5?|ya?ml|toml|[cm]?[jt]s|py|sh|md|txt|log|pem|crt|key|db|sqlite|png|jpe?g|svg|webp)$/":
      hard(".json", "a."),
  },
  "lib/text/yaml-limits.ts": {
    "/^[ \\t\\r\\n]*$/": hard(" \n"),
  },
  "lib/text/yaml.ts": {
    '/\\s?(?:(?<=\\w):\\s|(?<=version)\\s|[\\\\"!<]).*$/s': hard(" ", "a: ", "version "),
  },
};
