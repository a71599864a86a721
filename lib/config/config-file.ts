import { createHash } from "node:crypto";
import { computeChecksum } from "../files/checksum.ts";
import { type ParsedConfig, parseConfig } from "./document.ts";

/** The bytes of one `openclaw.json`, and what they come to. Each is computed once, when it is first asked for. */
export class ConfigFile {
  readonly bytes: Uint8Array;
  #md5: string | undefined;
  #sha256: string | undefined;
  #parsed: ParsedConfig | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** In hex, as `md5sum` prints it: what `$CHECKSUM_DIR/config` holds. */
  get md5(): string {
    return (this.#md5 ??= computeChecksum(this.bytes));
  }

  /** In hex: what a gateway up to 2026.6.11 calls the hash of its config. */
  get sha256(): string {
    return (this.#sha256 ??= createHash("sha256").update(this.bytes).digest("hex"));
  }

  get parsed(): ParsedConfig {
    return (this.#parsed ??= parseConfig(this.bytes));
  }

  /** Whether both are the same, byte for byte. */
  equals(other: ConfigFile | undefined): boolean {
    return other !== undefined && Buffer.compare(this.bytes, other.bytes) === 0;
  }
}

/** Undefined where there is no file. */
export function toConfigFile(bytes: Uint8Array | undefined): ConfigFile | undefined {
  return bytes && new ConfigFile(bytes);
}
