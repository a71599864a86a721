import type { FieldProblem } from "./field-problem.ts";
import { type Json, type JsonObject, isJsonObject } from "../json.ts";

/** What memory-core gives its jobs to say, from 2026.4 at the latest: it acts on such a text whoever sends it. */
const SIGNAL = "__openclaw_memory_core_";

/** How it marks them. A job of ours with this mark would be taken for one of its own, and changed or removed. */
const MARK = "[managed-by=memory-core.";

/** A job of OpenClaw's own, copied from a list of live jobs: two would fight for it. */
export function findReserved(definition: JsonObject): FieldProblem[] {
  const { description, message, systemEvent } = definition;
  const payload = isJsonObject(definition.payload) ? definition.payload : {};
  const isSignal = [message, systemEvent, payload.message, payload.text].some((text) =>
    textOf(text).startsWith(SIGNAL),
  );
  if (!isSignal && !textOf(description).includes(MARK)) return [];
  return [{ field: "name", problem: "is a job that OpenClaw's memory-core makes and keeps by itself; leave it out" }];
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value.trim() : "";
}
