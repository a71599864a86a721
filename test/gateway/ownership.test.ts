// Our jobs among everybody else's on one gateway: people's, the gateway's own, another manager's, our other half's.

import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { featuresOf } from "../../lib/gateway/features.ts";
import type { LiveJob } from "../../lib/gateway/job.ts";
import type { JsonObject } from "../../lib/json.ts";
import { isSince } from "../../lib/schema/rule.ts";
import { ODD_NAMES } from "../support/fakes.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { CRON_RELEASES } from "../support/release.ts";
import { type SharedGateway, borrowGateway } from "../support/shared-gateway.ts";
import { readMaybe, runBinary } from "../support/sidecar.ts";
import { until } from "../support/until.ts";

const COMPLETE = "Cron job sync complete";
const REGISTERED = "=== Cron job registration complete ===";
const CONNECTED = expect.stringMatching(/^Connected to gateway: /);

const job = (name: string, more: object = {}) => ({ name, schedule: "0 3 1 1 *", message: `Say ${name}`, ...more });
const byAge = (jobs: readonly LiveJob[]) => jobs.toSorted((a, b) => (a.id < b.id ? -1 : 1));

describe.each(CRON_RELEASES)("on OpenClaw %s", (version) => {
  let gateway: SharedGateway;
  const pods: Pod[] = [];

  beforeAll(async () => {
    gateway = await borrowGateway(version);
  });
  const { commandPayload: hasCommands } = featuresOf(version, 3);
  const ownOfGateway = isSince(version, "2026.8.1")
    ? ["heartbeat:main", "skill-collection-review:main", "memory-core:memory-dreaming-promotion"]
    : [];
  afterEach(async () => {
    for (const pod of pods.splice(0)) {
      await pod.mounts.publishJobs([]);
      await pod.sync("--only", "cron", "--allow-mass-removal");
      await pod.dispose();
    }
  });

  async function createPodOf(jobs: unknown): Promise<Pod> {
    const pod = await createPod(gateway);
    pods.push(pod);
    await pod.mounts.publishJobs(jobs);
    return pod;
  }

  async function makeEqual(pod: Pod, jobs: unknown): Promise<string[]> {
    await pod.mounts.publishJobs(jobs);
    return pod.sync("--only", "cron", "--allow-mass-removal");
  }

  async function addByHand(more: JsonObject): Promise<string> {
    const base = { schedule: { kind: "cron", expr: "5 4 1 1 *" }, sessionTarget: "isolated", wakeMode: "now" };
    const made = { ...base, payload: { kind: "agentTurn", message: "By hand" }, ...more };
    return (await gateway.rpc<{ id: string }>("cron.add", made)).id;
  }

  const namesOf = async (pod: Pod) => (await pod.ownJobs()).map(({ name }) => name).toSorted();

  test("what is not ours is there and unchanged, whatever becomes of our file", async () => {
    const other = await createPodOf([job("theirs"), job("shared name")]);
    await other.sync("--only", "cron");
    const reminder = { sessionTarget: "main", payload: { kind: "systemEvent", text: "Call Bob" } };
    const at = `${new Date().getFullYear() + 1}-01-31T09:00:00Z`;
    const byHand = [
      await addByHand({ name: "Remind Ann to call Bob", schedule: { kind: "at", at }, ...reminder }),
      await addByHand({ name: "marked", description: "By hand [managed-by=somebody-else]" }),
      await addByHand({ name: "switched off", enabled: false }),
    ];
    // They come a moment after the start.
    await until("the gateway's own jobs", async () => {
      const keys = new Set((await gateway.jobs()).map(({ declarationKey }) => declarationKey));
      return ownOfGateway.every((key) => keys.has(key));
    });
    const pod = await createPodOf([]);
    const foreign = async () => {
      const own = new Set((await pod.ownJobs()).map(({ id }) => id));
      return byAge((await gateway.jobs()).filter(({ id }) => !own.has(id)));
    };
    const before = await foreign();
    expect(before).toHaveLength(byHand.length + 2 + ownOfGateway.length); // two of the other manager's

    const states = [
      [job("first"), job("shared name"), job("marked"), job("third")],
      [job("first", { message: "Changed" }), job("shared name"), job("marked"), job("third", { enabled: false })],
      [job("renamed"), job("shared name", { description: "Ours" }), job("marked")],
      [],
    ];
    for (const jobs of states) {
      await makeEqual(pod, jobs);
      expect(await namesOf(pod)).toEqual(jobs.map(({ name }) => name).toSorted());
      expect(await foreign()).toEqual(before);
    }
    for (const id of byHand) await gateway.rpc("cron.remove", { id });
  });

  test("a job that is renamed is another job, and one that moves between files is the same", async () => {
    const pod = await createPodOf([]);
    await pod.mounts.cron.publish({
      "a.json": JSON.stringify([job("moves"), job("renamed")]),
      "b.yaml": "- name: stays\n  schedule: 0 3 1 1 *\n  message: Say stays\n",
    });
    await pod.sync("--only", "cron");
    const before = await pod.ownJobs();
    await pod.mounts.cron.publish({
      "a.json": JSON.stringify(job("other name")),
      "b.yaml":
        "- name: stays\n  schedule: 0 3 1 1 *\n  message: Say stays\n- { name: moves, schedule: 0 3 1 1 *, message: Say moves }\n",
    });
    expect((await pod.sync("--only", "cron")).slice(2)).toEqual([
      "Adding cron job: other name",
      "Removing cron job (no longer in ConfigMap): renamed",
      COMPLETE,
    ]);
    const after = await pod.ownJobs();
    const stamps = (jobs: readonly LiveJob[]) =>
      jobs.filter(({ name }) => name === "moves" || name === "stays").map(({ id, updatedAtMs }) => [id, updatedAtMs]);
    expect(stamps(after)).toEqual(stamps(before));
  });

  test("of several that nobody claims, the oldest is adopted and the others are reported", async () => {
    const ids = [await addByHand({ name: "report" }), await addByHand({ name: "report" })];
    const pod = await createPodOf([job("report")]);
    const messages = await pod.sync("--only", "cron");
    expect(messages).toContain("Adopting cron job: report");
    expect(messages).toContain(`WARNING: Not touching other jobs named report, which nobody claims: ${ids[1]}`);
    expect((await pod.ownJobs()).map(({ id }) => id)).toEqual([ids[0] ?? ""]);
    expect(await pod.sync("--only", "cron")).toEqual([CONNECTED, COMPLETE]);
    await gateway.rpc("cron.remove", { id: ids[1] });
  });

  test("of two that are ours, the oldest stays", async () => {
    const pod = await createPodOf([job("twice")]);
    const description = `By two at once [managed-by=${pod.owner}]`;
    const [older, newer] = [
      await addByHand({ name: "twice", description }),
      await addByHand({ name: "twice", description }),
    ];
    expect(newer).not.toBe(older);
    expect((await pod.sync("--only", "cron")).slice(2)).toEqual([
      "Updating cron job: twice",
      "Removing cron job (an older one of the same name is ours): twice",
      COMPLETE,
    ]);
    expect((await pod.ownJobs()).map(({ id }) => id)).toEqual([older]);
  });

  test("a pass that would remove most of ours removes none of them until it is let, and does the rest", async () => {
    const many = Array.from({ length: 12 }, (_, index) => job(`job ${index}`));
    const pod = await createPodOf(many);
    await pod.sync("--only", "cron");
    await pod.mounts.publishJobs([job("job 0", { message: "Changed" })]);
    const refused = await runBinary(["sync", "--only", "cron"], pod.environment());
    expect(refused.exitCode).toBe(1);
    expect(refused.messages.at(-1)).toMatch(/^WARNING: Cron jobs left as they are: 11 would be removed at once/);
    expect(refused.messages).toContain("Updating cron job: job 0");
    expect(await namesOf(pod)).toEqual(many.map(({ name }) => name).toSorted());
    const kept = await runBinary(["sync", "--only", "cron", "--prune", "none"], pod.environment());
    expect(kept.exitCode).toBe(0);
    expect(await pod.ownJobs()).toHaveLength(12);
    await pod.sync("--only", "cron", "--allow-mass-removal");
    expect(await namesOf(pod)).toEqual(["job 0"]);
  });

  test("a missing file or directory, and a broken one, remove nothing", async () => {
    const pod = await createPodOf([job("stays")]);
    await pod.sync("--only", "cron");
    for (const files of [{}, { "cron-jobs.json": "" }, { "cron-jobs.json": "[{}]" }, { "notes.txt": "[]" }]) {
      await pod.mounts.cron.publish(files);
      expect((await runBinary(["sync", "--only", "cron"], pod.environment())).exitCode).toBe(1);
      expect(await namesOf(pod)).toEqual(["stays"]);
    }
  });

  test("names that a shell, a log or a careless comparison would stumble over are names", async () => {
    const pairs = ["Case", "case", "CASE", "caf\u00e9", "cafe\u0301", "a b", "a  b"];
    const names = [...Object.values(ODD_NAMES), ...pairs].map((name) => name.trim());
    const jobs = names.map((name) => job(name, { description: name, message: name }));
    const pod = await createPodOf(jobs);
    await pod.sync("--only", "cron");
    const made = await pod.ownJobs();
    expect(made.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
    expect(new Set(made.map(({ payload }) => payload.message))).toEqual(new Set(names));
    expect(await pod.sync("--only", "cron")).toEqual([CONNECTED, COMPLETE]);

    await makeEqual(
      pod,
      names.map((name) => job(name, { description: name, message: name, schedule: "0 4 1 1 *" })),
    );
    expect((await pod.ownJobs()).map(({ id }) => id)).toEqual(made.map(({ id }) => id));
    await makeEqual(pod, [job("case")]);
    expect(await namesOf(pod)).toEqual(["case"]);
  });

  test("a job of one megabyte goes in, or is refused alone", async () => {
    const pod = await createPodOf([job("big", { message: "m".repeat(1_000_000) }), job("small")]);
    const { exitCode, messages } = await runBinary(["sync", "--only", "cron"], pod.environment());
    const isTooBig = version === "2026.2.9";
    expect(await namesOf(pod)).toEqual(isTooBig ? ["small"] : ["big", "small"]);
    expect(exitCode).toBe(isTooBig ? 1 : 0);
    const warnings = messages.filter((line) => line.startsWith("WARNING"));
    const refusal = /^WARNING: Failed to add cron job: big: cron\.add of \d+ bytes; this gateway takes 524288 at once$/;
    expect(warnings).toEqual(isTooBig ? [expect.stringMatching(refusal)] : []);
  });

  describe("register", () => {
    /** Stages these for it, as an init container does. */
    async function stage(pod: Pod, jobs: unknown): Promise<void> {
      await pod.mounts.publishJobs(jobs);
      await pod.publishConfig();
      expect((await runBinary(["init"], pod.environment())).exitCode).toBe(0);
    }
    const register = (pod: Pod, ...args: string[]) => runBinary(["register", ...args], pod.environment());

    test("adds and updates what is staged, and removes nothing", async () => {
      const pod = await createPodOf([job("old"), job("changed")]);
      await pod.sync("--only", "cron");
      await stage(pod, [job("changed", { message: "Changed" }), job("new")]);
      const { exitCode, messages } = await register(pod);
      expect(messages).toEqual([
        "=== Registering cron jobs from staged config ===",
        "Waiting for openclaw main process to start...",
        CONNECTED,
        "Main process detected",
        "Updating cron job: changed",
        "Adding cron job: new",
        REGISTERED,
      ]);
      expect(exitCode).toBe(0);
      expect(await namesOf(pod)).toEqual(["changed", "new", "old"]);
      expect((await register(pod)).messages.slice(-2)).toEqual(["Main process detected", REGISTERED]);
    });

    test("says what is wrong with what is staged, and has nothing to do where nothing is", async () => {
      const pod = await createPodOf([]);
      const nothing = await register(pod);
      expect(nothing).toMatchObject({ exitCode: 0, messages: ["=== No cron config found, skipping ==="] });
      await Bun.write(join(pod.mounts.staging, "cron-jobs.json"), '[{"name": "x", "shedule": "* * * * *"}]');
      const broken = await register(pod);
      expect(broken.exitCode).toBe(1);
      expect(broken.messages).toContain(
        "WARNING: Cron config rejected: cron-jobs.json: x: shedule: unknown field, did you mean schedule?",
      );
      expect(broken.messages).not.toContain(REGISTERED);
    });

    test("gives up when the gateway is not there in time", async () => {
      const pod = await createPodOf([]);
      await stage(pod, [job("late")]);
      const environment = pod.environment({ OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" });
      const { exitCode, messages } = await runBinary(["register", "--wait", "1.5"], environment);
      expect(exitCode).toBe(1);
      expect(messages.at(-1)).toMatch(/^WARNING: Failed to register cron jobs: the gateway at .* cannot be reached/);
    });

    test("beside a sidecar that does the same at the same moment: each job once in the end", async () => {
      const names = Array.from({ length: 8 }, (_, index) => `job ${index}`);
      const pod = await createPodOf([]);
      await stage(
        pod,
        names.map((name) => job(name)),
      );
      const sidecar = pod.start();
      const registrations = await Promise.all([register(pod), register(pod)]);
      expect(registrations.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
      await sidecar.waitFor(COMPLETE);
      const from = sidecar.messages().length;
      sidecar.signal("SIGHUP");
      // Whatever was left of the race goes by itself, and then there is nothing to do.
      await pod.mounts.publishJobs([...names.map((name) => job(name)), job("last")]);
      await sidecar.waitFor(COMPLETE, from);
      sidecar.signal("SIGTERM");
      await sidecar.exited;
      expect(await namesOf(pod)).toEqual([...names, "last"].toSorted());
      expect(await pod.sync("--only", "cron")).toEqual([CONNECTED, COMPLETE]);
    });
  });

  describe("export", () => {
    const exportJobs = async (pod: Pod) => {
      const { exitCode, stdout, stderr } = await runBinary(["export"], pod.environment());
      return { exitCode, stderr, definitions: JSON.parse(stdout) as { name: string }[] };
    };

    test("writes down a gateway that was set up by hand, so that a sync adopts it and changes nothing else", async () => {
      const at = `${new Date().getFullYear() + 1}-01-31T09:00:00Z`;
      const route = { mode: "announce", channel: "telegram", to: "123", bestEffort: true };
      const payload = { kind: "agentTurn", message: "Report", model: "a/b", thinking: "low", timeoutSeconds: 60 };
      await addByHand({ name: "plain" });
      await addByHand({ name: "full", description: "Said by hand", payload, delivery: route, enabled: false });
      await addByHand({ name: "zone", schedule: { kind: "cron", expr: "0 7 * * *", tz: "Asia/Tokyo" } });
      await addByHand({ name: "hourly", schedule: { kind: "cron", expr: "0 * * * *" }, enabled: false });
      await addByHand({ name: "every", schedule: { kind: "every", everyMs: 86_400_000 }, wakeMode: "next-heartbeat" });
      const event = { sessionTarget: "main", payload: { kind: "systemEvent", text: "Call Bob" } };
      await addByHand({ name: "once", schedule: { kind: "at", at }, ...event });
      await addByHand({ name: "seven", schedule: { kind: "cron", expr: "0 0 7 * * * 2030" } });
      if (hasCommands) {
        const command = { kind: "command", argv: ["sh", "-lc", "echo 'hi' $HOME"], env: { A: "1" }, cwd: "/tmp" };
        await addByHand({ name: "command", payload: command });
        await addByHand({ name: "argv", payload: { kind: "command", argv: ["echo", "hi"] } });
      }
      const other = await createPodOf([job("theirs")]);
      await other.sync("--only", "cron");

      const pod = await createPodOf([]);
      const before = await gateway.jobs();
      const { exitCode, stderr, definitions } = await exportJobs(pod);
      const warning = "warning: written down with its env: command; take secrets out before it goes into Git\n";
      expect(stderr).toBe(hasCommands ? warning : "");
      expect(exitCode).toBe(0);
      expect(definitions.map(({ name }) => name)).not.toContain("theirs");
      const messages = await makeEqual(pod, definitions);
      expect(messages.slice(2)).toEqual([...definitions.map(({ name }) => `Adopting cron job: ${name}`), COMPLETE]);

      const unmarked = ({ description, updatedAtMs: _u, configRevision: _c, ...rest }: LiveJob) => {
        const text = description?.replace(`[managed-by=${pod.owner}]`, "").trim();
        return text ? { ...rest, description: text } : rest;
      };
      expect(byAge(await gateway.jobs()).map(unmarked)).toEqual(byAge(before).map(unmarked));
      // And what is ours by now is written down the same.
      expect((await exportJobs(pod)).definitions).toEqual(definitions);
      expect(await pod.sync("--only", "cron")).toEqual([CONNECTED, COMPLETE]);
    });

    test("gives back what was declared", async () => {
      const jobs = [
        {
          name: "command",
          schedule: "0 3 1 1 *",
          command: "echo 'a' \"b\" $C",
          retry: 2,
          timeout: 60,
          description: "Ours",
        },
        { name: "message", schedule: "0 3 1 1 *", tz: "Asia/Tokyo", message: "Hello", delivery: { mode: "announce" } },
        { name: "event", schedule: "@yearly", systemEvent: "Hello", enabled: false },
      ];
      // Where there are no command jobs, an agent turn is what there is to be told.
      const pod = await createPodOf(jobs);
      await pod.sync("--only", "cron");
      const { definitions } = await exportJobs(pod);
      const own = definitions.filter(({ name }) => jobs.some((each) => each.name === name));
      expect(hasCommands ? own : own.slice(1)).toEqual(hasCommands ? jobs : jobs.slice(1));
    });
  });

  const testWithDevice = /^2026\.[34]\./.test(version) ? test : () => undefined;
  testWithDevice("the device key that it wants is made once, for nobody else to read", async () => {
    const pod = await createPodOf([job("x")]);
    const key = join(pod.mounts.root, "config-manager-device.pem");
    expect(await readMaybe(key)).toBeUndefined();
    const messages = await pod.sync("--only", "cron");
    const made = await readFile(key, "utf8");
    expect((await Bun.file(key).stat()).mode & 0o777).toBe(0o600);
    expect(messages.join("\n")).not.toContain("device");
    await makeEqual(pod, [job("x"), job("y")]);
    expect(await readFile(key, "utf8")).toBe(made);
    expect(await namesOf(pod)).toEqual(["x", "y"]);
  });
});
