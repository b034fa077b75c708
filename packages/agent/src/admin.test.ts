import { promMetrics } from "@warren/host";
import { expect, test } from "vitest";
import { startAgentAdmin } from "./admin.ts";

test.each([
  { path: "/healthz", isReady: false, status: 200, body: "ok\n" },
  { path: "/readyz", isReady: false, status: 503, body: "not connected\n" },
  { path: "/readyz?x=1", isReady: true, status: 200, body: "ready\n" },
  { path: "/metrics", isReady: true, status: 200, body: "seen 1" },
  { path: "/other", isReady: true, status: 404, body: "try /healthz" },
])("$path answers $status when ready is $isReady", async ({ path, isReady, status, body }) => {
  const metrics = promMetrics();
  metrics.gauge({ name: "seen", help: "-", labels: [] }).with().set(1);
  await using admin = await startAgentAdmin({
    host: "127.0.0.1",
    port: 0,
    metrics,
    ready: () => isReady,
  });
  const answer = await fetch(`http://127.0.0.1:${admin.port}${path}`);
  expect(answer.status).toBe(status);
  expect(await answer.text()).toContain(body);
});
