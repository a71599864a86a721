import { join } from "node:path";
import { approvalsOf } from "../test/support/approvals.ts";
import { VARIABLES, realConfig } from "../test/support/real-config.ts";
import { type Volume, createVolume } from "../test/support/volume.ts";
import { type Scene, defineJobs, formatJobs, withScene } from "./scene.ts";

/** How much of each kind Git has. What is left out is not declared at all, but for the usual jobs. */
export interface Amounts {
  jobs?: number;
  files?: number;
  approvals?: number;
  secrets?: number;
}

/** What people have: some jobs, a few skills, what an agent may run, the keys of some providers. */
export const USUAL = { jobs: 10, files: 20, approvals: 20, secrets: 5 } as const satisfies Amounts;

/** A scene with all five kinds of settings. */
export interface FiveKinds extends Scene {
  workspace: Volume;
  secrets: Volume;
  /** Publishes so much of each kind, and a config as people have it. */
  publish: (amounts: Amounts) => Promise<void>;
}

/** Sets a scene beside a gateway with a config as people have it, and lets Git say something of all five kinds. */
export async function withFiveKinds<T>(work: (scene: FiveKinds) => Promise<T>): Promise<T> {
  const begin = async (scene: Scene) => {
    const { gateway, mounts } = scene;
    const [workspace, secrets] = [
      await createVolume(join(mounts.root, "workspace.d")),
      await createVolume(join(mounts.root, "secrets.d")),
    ];
    const env = {
      ...scene.env,
      OPENCLAW_GATEWAY_TOKEN: gateway.token, // the config refers to it
      WORKSPACE_DIR: workspace.path,
      SECRETS_DIR: secrets.path,
      SECRETS_TARGET_DIR: join(mounts.root, "secrets"),
    };
    const publish = async ({ jobs = USUAL.jobs, files = 0, approvals, secrets: keys = 0 }: Amounts) => {
      const patterns = count(approvals ?? 0).map((index) => `/usr/bin/tool-${index}`);
      await mounts.config.publish({
        "openclaw.json": realConfig(gateway),
        ...(approvals !== undefined && { "exec-approvals.json": approvalsOf(patterns) }),
      });
      await mounts.cron.publish(formatJobs(defineJobs(jobs)));
      await workspace.publish(defineFiles(files));
      await secrets.publish(
        Object.fromEntries(count(keys).map((index) => [`key-${index}`, `secret-${index}-`.repeat(4)])),
      );
    };
    return work({ ...scene, env, workspace, secrets, publish });
  };
  return withScene(begin, { config: (gateway) => realConfig(gateway), variables: VARIABLES });
}

/** Skills of ten files, each of 2 KB, as an agent's workspace has them. */
function defineFiles(amount: number): Record<string, string> {
  const files = count(amount).map((index): [string, string] => {
    const skill = `skill-${Math.floor(index / 10)}`;
    const isFirst = index % 10 === 0;
    const head = `---\nname: ${skill}\ndescription: Does what number ${index} does.\n---\n\n`;
    const path = isFirst ? "SKILL.md" : `references/part-${index % 10}.md`;
    return [`skills/${skill}/${path}`, `${isFirst ? head : ""}${`Line of part ${index}.\n`.repeat(100)}`];
  });
  return Object.fromEntries(files);
}

const count = (length: number) => Array.from({ length }, (_, index) => index);
