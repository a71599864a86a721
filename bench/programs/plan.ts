// Plans SIZE jobs against as many live ones, none of which differs, and says how long that took; and how long it took to
// write the live ones down as JSON and to read them again, which is what another machine or another day is told by.

import process from "node:process";
import { type Definition, parseDefinition } from "../../lib/definition/definition.ts";
import { featuresOf } from "../../lib/gateway/features.ts";
import type { LiveJob } from "../../lib/gateway/job.ts";
import { toJobSpec } from "../../lib/cron/job-spec.ts";
import { planCron } from "../../lib/cron/plan.ts";

const size = Number(process.argv[2]);
const features = featuresOf("2026.9.6", 4);
const definitions = Array.from({ length: size }, (_, index): Definition => {
  const schedule = `${index % 60} ${index % 24} * * *`;
  const parsed = parseDefinition({ name: `job-${index}`, schedule, command: `echo ${index}`, timeout: 300 });
  if (parsed.kind === "invalid") throw new Error("the definitions of the benchmark are wrong");
  return parsed.definition;
});
const live = definitions.map((definition, index): LiveJob => {
  const spec = toJobSpec(definition, features);
  const identity = { id: `id-${index}`, createdAtMs: index, declarationKey: `bench:${definition.name}` };
  return { ...spec, ...identity, enabled: true, configRevision: "1", state: { nextRunAtMs: index } };
});

const policy = { owner: "bench", features, prune: "owned", allowMassRemoval: false, nowMs: 0 } as const;
const [plan, planMs] = time(() => planCron(definitions, live, policy));
const [, copyMs] = time(() => JSON.parse(JSON.stringify(live)) as unknown);
if (plan.unchanged !== size) throw new Error("the plan is not empty");
console.log(JSON.stringify({ planMs, copyMs }));

function time<T>(work: () => T): [T, number] {
  const beganMs = performance.now();
  const result = work();
  return [result, performance.now() - beganMs];
}
