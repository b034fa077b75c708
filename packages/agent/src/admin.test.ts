import { promMetrics } from "@warren/host";
import { expect, test } from "vitest";
import { startAgentAdmin } from "./admin.ts";

test.each([
  { path: "/healthz", unready: "not connected", status: 200, body: "ok\n" },
  { path: "/readyz", unready: "not connected", status: 503, body: "not connected\n" },
  { path: "/readyz?x=1", unready: undefined, status: 200, body: "ready\n" },
  { path: "/metrics", unready: undefined, status: 200, body: "seen 1" },
  { path: "/other", unready: undefined, status: 404, body: "try /healthz" },
  {
    path: "/readyz",
    unready: "the cluster is not known yet",
    status: 503,
    body: "the cluster is not known yet\n",
  },
])("$path answers $status: $body", async ({ path, unready, status, body }) => {
  const metrics = promMetrics();
  metrics.gauge({ name: "seen", help: "-", labels: [] }).with().set(1);
  await using admin = await startAgentAdmin({
    host: "127.0.0.1",
    port: 0,
    metrics,
    unready: () => unready,
  });
  const answer = await fetch(`http://127.0.0.1:${admin.port}${path}`);
  expect(answer.status).toBe(status);
  expect(await answer.text()).toContain(body);
});
