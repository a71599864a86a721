import { computeDigest } from "../digest.ts";
import { computeChecksum } from "../files/checksum.ts";
import { type ParsedDocument, parseDocument } from "../text/document.ts";

/** The bytes of one file of a config with their checksums and parsed value. Each is computed once, at its first use. */
export class ConfigFile {
  readonly bytes: Uint8Array;
  #md5: string | undefined;
  #sha256: string | undefined;
  #parsed: ParsedDocument | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** In hex, as `md5sum` prints it. */
  get md5(): string {
    return (this.#md5 ??= computeChecksum(this.bytes));
  }

  /** In hex. Gateways up to 2026.6.11 report it as the hash of their config. */
  get sha256(): string {
    return (this.#sha256 ??= computeDigest("sha256", this.bytes));
  }

  get parsed(): ParsedDocument {
    return (this.#parsed ??= parseDocument(this.bytes));
  }

  /** Returns whether both files have the same bytes. */
  equals(other: ConfigFile | undefined): boolean {
    return other !== undefined && (this === other || Buffer.compare(this.bytes, other.bytes) === 0);
  }
}
