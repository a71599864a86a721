import packageJson from "../package.json" with { type: "json" };

/** Defined by build.sh; undefined when the sources run uncompiled. */
declare const CONFIG_MANAGER_COMMIT: string | undefined;

/** Returns the version and the commit of this build; the commit is `source` if it is not compiled. */
export function readBuild(): { version: string; commit: string } {
  const commit = typeof CONFIG_MANAGER_COMMIT === "undefined" ? "source" : CONFIG_MANAGER_COMMIT;
  return { version: packageJson.version, commit };
}

/** Returns `config-manager 1.2.3 (abc1234)`. */
export function describeVersion(): string {
  const { version, commit } = readBuild();
  return `config-manager ${version} (${commit})`;
}
