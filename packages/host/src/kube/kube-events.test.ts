import { expect, test } from "vitest";
import { promMetrics } from "../metrics.ts";
import { recordingLog } from "../testing/index.ts";
import { KubeEvents } from "./kube-events.ts";
import type { Resource } from "./object.ts";

const gateway = (plural: string) =>
  ({ group: "gateway.networking.k8s.io", version: "v1", plural }) as Resource;

test("resources that a cluster does not have are one line for each API, not one for each of them", () => {
  const log = recordingLog();
  const { watch } = new KubeEvents(log, promMetrics());
  const all = ["gateways", "httproutes", "grpcroutes"].map(gateway);
  for (const resource of all) watch({ kind: "absent", resource });
  watch({ kind: "absent", resource: { ...all[0]!, group: "serving.knative.dev" } });
  const said = log.lines.filter(({ level }) => level === "info");
  expect(said.map(({ fields }) => fields["api"])).toEqual([
    "gateway.networking.k8s.io",
    "serving.knative.dev",
  ]);
});

test("Events that may not be written are counted one by one, and one line", async () => {
  const log = recordingLog();
  const metrics = promMetrics();
  const { events } = new KubeEvents(log, metrics);
  for (let n = 0; n < 3; n++) events({ kind: "forbidden", error: new Error("no rule") });
  expect(log.lines).toHaveLength(1);
  expect(await metrics.text()).toMatch(/^kube_events_unwritten_total{reason="forbidden"} 3$/m);
});
