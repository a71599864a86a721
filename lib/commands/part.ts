/** A config, a file that a config includes, a list of jobs, or exec approvals. */
export interface ContentPart {
  kind: "config" | "included" | "definitions" | "approvals";
  name: string;
  bytes: Buffer;
  isYaml: boolean;
  /** What lies beside it once it is mounted, by key, if it is the key of a ConfigMap; `name` as that of its part. */
  beside?: ReadonlyMap<string, { name: string; bytes: Uint8Array }>;
  /** The jobs of one set are checked together. The files that a person names are one set, without a name. */
  set?: string;
}

/** A part of a file to check, or a finding about it. */
export type Part =
  | ContentPart
  | { kind: "problem" | "warning"; name: string; message: string }
  /** A file in a directory that has nothing to do with us. */
  | { kind: "skipped"; name: string };
