import packageJson from "../package.json" with { type: "json" };

/** Set by build.sh; not there when the sources run as they are. */
declare const CONFIG_MANAGER_COMMIT: string | undefined;

/** `config-manager 1.2.3 (abc1234)`: the version, and the commit that it was built from. */
export function describeVersion(): string {
  const commit = typeof CONFIG_MANAGER_COMMIT === "undefined" ? "source" : CONFIG_MANAGER_COMMIT;
  return `config-manager ${packageJson.version} (${commit})`;
}
