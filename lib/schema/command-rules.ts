import { type Rule, findTexts, isSince } from "./rule.ts";

const TRANSCRIPTION = "audio.transcription.command.*";

/** Programs that a gateway starts. */
export const COMMAND_RULES: Rule[] = [
  {
    id: "executable",
    before: "2026.4.15",
    find: (config) =>
      findTexts(
        config,
        ["signal", "imessage"].flatMap((name) => [`channels.${name}.cliPath`, `channels.${name}.accounts.*.cliPath`]),
      )
        .filter(({ value }) => !isSafeExecutable(value))
        .map(({ path }) => ({ path, message: "the name or the path of a program is expected" })),
  },
  {
    id: "executable",
    before: "2026.8.2",
    // 2026.4.15 migrates it before it looks.
    find: (config, release) =>
      findTexts(config, isSince(release, "2026.4.15") && !isSince(release, "2026.5.20") ? [] : [TRANSCRIPTION])
        .filter(({ path, value }) => path.at(-1) === 0 && !isSafeExecutable(value))
        .map(({ path }) => ({ path, message: "the name or the path of a program is expected" })),
  },
  {
    id: "secret-command",
    since: "2026.2.26",
    find: (config) =>
      findTexts(config, ["secrets.providers.*.command", "secrets.providers.*.trustedDirs.*"])
        .filter(({ value }) => !/^(?:\/|[a-z]:[\\/]|\\\\)/i.test(value.trim()))
        .map(({ path }) => ({ path, message: "an absolute path is expected" })),
  },
  {
    id: "secret-command",
    since: "2026.2.26",
    find: (config) =>
      findTexts(config, ["secrets.providers.*.command"])
        .filter(({ value }) => value.trim() !== "" && !isSafeExecutable(value))
        .map(({ path }) => ({ path, message: "the path of a program alone is expected: no arguments, no shell" })),
  },
];

/** A name, or a path without what a shell reads. */
function isSafeExecutable(text: string): boolean {
  const name = text.trim();
  if (name === "" || /[;&|`$<>\r\n"'\0]/.test(name)) return false;
  return /^[.~]|[/\\]/.test(name) || /^[A-Za-z0-9._+][A-Za-z0-9._+-]*$/.test(name);
}
