import packageJson from "../package.json" with { type: "json" };

/** Set by build.sh; not there when the sources run as they are. */
declare const CONFIG_MANAGER_COMMIT: string | undefined;

/** The version, and the commit that it was built from. */
export function readBuild(): { version: string; commit: string } {
  const commit = typeof CONFIG_MANAGER_COMMIT === "undefined" ? "source" : CONFIG_MANAGER_COMMIT;
  return { version: packageJson.version, commit };
}

/** `config-manager 1.2.3 (abc1234)` */
export function describeVersion(): string {
  const { version, commit } = readBuild();
  return `config-manager ${version} (${commit})`;
}
