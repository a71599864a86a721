const CONFIG_FILE = "openclaw.json";

/** A key that is JSON5 already, under a name that nobody reads. */
const OTHER_NAME = /^openclaw(?:\.json(?:5|c|\.txt)?)?$/i;

/** A key in another language. */
const OTHER_LANGUAGE = /^openclaw\.(?:ya?ml|toml)$/i;

/**
 * Says which key of a ConfigMap was probably meant to be `openclaw.json`, to follow "not found". Pure.
 *
 * @param names the names in the directory of the ConfigMap, or its keys
 * @returns undefined if `openclaw.json` is there, or nothing is like it.
 */
export function describeMisnamed(names: readonly string[]): string | undefined {
  if (names.includes(CONFIG_FILE)) return undefined;
  const renamed = names.find((name) => OTHER_NAME.test(name));
  if (renamed !== undefined) return `there is ${renamed}; rename the key to ${CONFIG_FILE}`;
  const rewritten = names.find((name) => OTHER_LANGUAGE.test(name));
  return rewritten && `there is ${rewritten}; OpenClaw reads JSON5: write it as ${CONFIG_FILE}`;
}
