import type { Settings } from "../settings.ts";
import type { KindName } from "./kinds.ts";
import type { Source } from "./sources.ts";
import type { Format } from "./validation-formats.ts";

/** The options of every command that works with settings. */
export interface PassOptions {
  settings: Settings;
  allowMassRemoval: boolean;
  selfHeal: boolean;
}

/** What a config is held against. */
interface Against {
  /** A release, or `latest`; undefined: the gateway's. */
  openclaw: string | undefined;
  /** Says where the gateway is. Undefined where the settings are wrong and not needed. */
  settings: Settings | undefined;
}

interface ValidateFlags {
  /** The path of a JSON Schema. */
  schema: string | undefined;
  /** Whether `openclaw` on PATH is asked, too. */
  exact: boolean;
  format: Format;
}

/** What the user asked for. */
export type Invocation =
  | ({ command: "run" } & PassOptions)
  | ({ command: "sync" | "init"; only: readonly KindName[] } & PassOptions)
  | ({ command: "apply-held" } & PassOptions)
  | ({ command: "uninstall"; isDryRun: boolean } & PassOptions)
  | ({ command: "register"; waitSeconds: number } & PassOptions)
  | ({ command: "wait"; url: string | undefined; timeoutSeconds: number; isNudging: boolean } & PassOptions)
  | ({ command: "export"; kind: KindName } & PassOptions)
  | ({ command: "status" | "doctor"; json: boolean } & PassOptions)
  | ({ command: "diff"; json: boolean; exitCode: boolean } & PassOptions)
  | ({ command: "validate"; source: Source | { kind: "live" } } & ValidateFlags & Against)
  | { command: "schema" }
  | ({ command: "schema"; kind: "config" } & Against)
  | { command: "licenses" }
  | { command: "version" }
  | { command: "help"; text: string };

/** A command that works with settings. */
export type WorkInvocation = Extract<Invocation, PassOptions>;
