import { Hono } from "hono";
import { metricsAnswer, nowOf, type ApiDeps, type Env } from "./http.ts";

/** Never limited: a probe that gets 429 restarts the pod. */
export function probeRoutes(deps: ApiDeps): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get("/healthz", (c) => {
    c.set("route", "/healthz");
    return c.json({ status: "healthy", timestamp: nowOf(deps) });
  });
  routes.get("/readyz", async (c) => {
    c.set("route", "/readyz");
    const { isReady, checks } = await deps.readiness();
    const status = isReady ? "ready" : "not ready";
    return c.json({ status, timestamp: nowOf(deps), checks }, isReady ? 200 : 503);
  });
  routes.get("/metrics/prometheus", (c) => {
    c.set("route", "/metrics/prometheus");
    return metricsAnswer(c, deps);
  });
  return routes;
}
