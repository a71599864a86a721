// A real Prometheus scrapes the sidecar beside a real gateway, and is asked what the dashboard and the alerts ask.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as yaml from "yaml";
import { findFreePort } from "../support/free-port.ts";
import { type TestGateway, createGateway } from "../support/gateway.ts";
import { type Pod, createPod } from "../support/pod.ts";
import { type Running, start } from "../support/process.ts";
import { getPrometheus } from "../support/prometheus.ts";
import { listAlertQueries, listMetrics, listPanelQueries } from "../support/queries.ts";
import { getRelease } from "../support/release.ts";
import { REPOSITORY } from "../support/repository.ts";
import { type Sidecar } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import { createVolume } from "../support/volume.ts";

const LABELS = { namespace: "openclaw", pod: "openclaw-0" };

const panelQueries = await listPanelQueries();
const alertQueries = await listAlertQueries();
const programs = await getPrometheus();

type Series = { metric: Record<string, string>; value: [number, string] }[];

describe.skipIf(programs === undefined)("Prometheus beside the sidecar", () => {
  let gateway: TestGateway;
  let pod: Pod;
  let sidecar: Sidecar;
  let prometheus: Running;
  let url: string;

  beforeAll(async () => {
    gateway = await createGateway(await getRelease("2026.9.6"));
    await gateway.start();
    pod = await createPod(gateway);
    const { root, config } = pod.mounts;
    const secrets = await createVolume(join(root, "secrets.d"));
    const workspace = await createVolume(join(root, "workspace.d"));
    await secrets.publish({ "api-key": "a value" });
    await workspace.publish({ "AGENTS.md": "# Rules\n" });
    const approvals = { version: 1, agents: { main: { allowlist: [{ pattern: "/usr/bin/git" }] } } };
    await config.publish({ "openclaw.json": gateway.config(), "exec-approvals.json": JSON.stringify(approvals) });
    await pod.mounts.publishJobs([{ name: "one", schedule: "0 3 * * *", command: "true" }]);
    const target = join(root, "secrets");
    await mkdir(target);
    const [port, own] = [await findFreePort(), await findFreePort()];
    sidecar = pod.start({
      CONFIG_MANAGER_HTTP_PORT: String(port),
      WORKSPACE_DIR: workspace.path,
      SECRETS_DIR: secrets.path,
      SECRETS_TARGET_DIR: target,
    });

    const configFile = join(root, "prometheus.yml");
    await writeFile(configFile, yaml.stringify(await readScrapeConfig(`127.0.0.1:${port}`)));
    const listen = `127.0.0.1:${own}`;
    url = `http://${listen}`;
    prometheus = start(programs?.prometheus ?? "", [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(root, "prometheus")}`,
      `--web.listen-address=${listen}`,
    ]);
    await until("Prometheus to be ready", () => isOk(`${url}/-/ready`), { explain: prometheus.output });
    const isSettled = async () => (await ask(`config_manager_last_pass_result{result="equal"} == 1`)).length === 5;
    await until("all five kinds to be in force", isSettled, { explain: () => sidecar.messages().join("\n") });
  });
  afterAll(async () => {
    prometheus?.kill("SIGKILL");
    await prometheus?.exited;
    await pod?.dispose();
    await gateway?.dispose();
  });

  /** @throws with Prometheus's own words if it does not take the query */
  async function ask(query: string): Promise<Series> {
    const response = await fetch(`${url}/api/v1/query`, { method: "POST", body: new URLSearchParams({ query }) });
    const answer = (await response.json()) as { error?: string; data?: { result: Series } };
    if (!answer.data) throw new Error(`${query}: ${answer.error}`);
    return answer.data.result;
  }

  const exprOf = (alert: string) => alertQueries.find(({ who }) => who === alert)?.expr ?? "";
  /** Waits until an alert has a reason. @returns the series that it has then */
  async function waitForReason(alert: string): Promise<Series> {
    let found: Series = [];
    await until(`a reason for ${alert}`, async () => (found = await ask(exprOf(alert))).length > 0);
    return found;
  }

  test("every metric that is named is scraped", async () => {
    const answer = await fetch(`${url}/api/v1/label/__name__/values`);
    const { data: names } = (await answer.json()) as { data: string[] };
    const named = new Set([...panelQueries, ...alertQueries].flatMap(({ expr }) => listMetrics(expr)));
    expect([...named].filter((metric) => !names.includes(metric))).toEqual([]);
  });

  test("the scrape config of the document takes the sidecar's port alone", async () => {
    expect(await ask("up")).toEqual([seriesOf({ job: "config-manager" })]);
  });

  test("every panel has something to draw", async () => {
    for (const query of panelQueries) {
      // A rate needs two scrapes.
      await until(`${query.who} to have data`, async () => (await ask(query.expr)).length > 0, {
        explain: () => query.expr,
      });
    }
  });

  test("the panels by kind have a series for each kind", async () => {
    const kindsOf = async (who: string) => {
      const query = panelQueries.find((each) => each.who === `panel ${who}`);
      return (await ask(query?.expr ?? "")).map(({ metric }) => metric.reconciler ?? "").toSorted();
    };
    expect(await kindsOf("What Git says")).toEqual(["approvals", "config", "cron", "secrets", "workspace"]);
    expect(await kindsOf("Drift by kind")).toEqual(["approvals", "config", "workspace"]);
    expect(await kindsOf("Wrong by kind")).toEqual(["approvals", "config", "definitions", "secrets", "workspace"]);
  });

  test("no alert has a reason while all is as in Git", async () => {
    for (const { who, expr } of alertQueries) expect({ who, found: await ask(expr) }).toEqual({ who, found: [] });
  });

  test("a wrong definition is a reason to alert, of that kind and no other", async () => {
    await pod.mounts.publishJobs([{ nme: "typo" }]);
    const found = await waitForReason("ConfigManagerRejected");
    expect(found).toEqual([seriesOf({ reconciler: "cron", result: "rejected" })]);
  });

  test("an edited workspace file is a reason to alert, of that kind and no other", async () => {
    await writeFile(join(gateway.home, ".openclaw/workspace/AGENTS.md"), "# The agent's own\n");
    sidecar.signal("SIGHUP");
    const found = await waitForReason("ConfigManagerDrift");
    expect(found).toEqual([seriesOf({ reconciler: "workspace" })]);
  });
});

/**
 * The scrape config of the document, with what Kubernetes would have discovered: Debian's Prometheus is built without that.
 * Beside the sidecar, the Pod has another container, where nobody listens.
 */
async function readScrapeConfig(address: string) {
  const document = await readFile(join(REPOSITORY, "docs/monitoring.md"), "utf8");
  const [, text = ""] = /^```yaml\n(scrape_configs:\n[^`]*)```$/m.exec(document) ?? [];
  const { scrape_configs } = yaml.parse(text) as { scrape_configs: Record<string, unknown>[] };
  const discover = (container: string, port: string, target: string) => ({
    targets: [target],
    labels: {
      __meta_kubernetes_namespace: LABELS.namespace,
      __meta_kubernetes_pod_name: LABELS.pod,
      __meta_kubernetes_pod_container_name: container,
      __meta_kubernetes_pod_container_port_name: port,
    },
  });
  const static_configs = [
    discover("config-manager-sidecar", "metrics", address),
    discover("openclaw", "gateway", "127.0.0.1:1"),
  ];
  const [job] = scrape_configs;
  expect(job?.kubernetes_sd_configs).toEqual([{ role: "pod" }]);
  return { scrape_configs: [{ ...job, kubernetes_sd_configs: undefined, scrape_interval: "1s", static_configs }] };
}

/** A series of the sidecar whose value is 1. */
function seriesOf(labels: Record<string, string>): Series[number] {
  return { metric: expect.objectContaining({ ...LABELS, ...labels }), value: [expect.any(Number), "1"] };
}

async function isOk(page: string): Promise<boolean> {
  return fetch(page).then(
    ({ ok }) => ok,
    () => false,
  );
}
