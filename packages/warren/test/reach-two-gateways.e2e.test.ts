// Filters, endpoints and a roll-out where a request enters at another gateway than the tunnel's.
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { programPath } from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, served } from "./_kit/ask.ts";
import { TwoGateways } from "./_kit/two-gateways.ts";

const redis = programPath("redis-server");
/** Served at 25 percent, and not. */
const EARLY = "00000000-0000-4000-8000-000000000001";
const LATE = "00000000-0000-4000-8000-000000000003";

/** Says what it was asked. */
async function mirror() {
  const server = createServer((request, response) => {
    response.setHeader("server", "mirror");
    response.end(JSON.stringify({ url: request.url, headers: request.headers }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe.skipIf(redis === undefined)("at either of two gateways", () => {
  const owned = new AsyncDisposableStack();
  let two: TwoGateways;
  let service: Awaited<ReturnType<typeof mirror>>;

  beforeAll(async () => {
    service = owned.use(await mirror());
    const { port } = service;
    const more = ["--rollout-percent", "25", "--direct-allow", "127.0.0.1/32"];
    two = owned.use(await TwoGateways.start(redis!, more));
    const filters = `{ rewrite = { host = "inner.test", path = { type = "prefix", value = "/v1" } }, response_headers = { remove = ["server"] } }`;
    const endpoint = `{ scheme = "http", host = "127.0.0.1", port = ${port} }`;
    const early = await two.fleet.token({ uuid: EARLY, group: "early", directPorts: [port] });
    const late = await two.fleet.token({ uuid: LATE, group: "late" });
    await two.agentOf(two.first, {
      token: early.file,
      services: two.services(
        "early",
        `host = "filtered.test"\npath = "/api"\nto = "${port}"\nfilters = ${filters}`,
        `host = "direct.test"\nto = "1"\nmode = "direct"\nendpoint = ${endpoint}`,
      ),
    });
    await two.agentOf(two.first, {
      token: late.file,
      services: two.services("late", `host = "late.test"\nto = "${port}"`),
    });
  });
  afterAll(() => owned.disposeAsync());

  const ports = () => [two.first.port, two.second.port];

  test("filters change what the service hears and the client reads", async () => {
    for (const port of ports()) {
      await served(port, "filtered.test", "/api");
      const { body, headers } = await ask({ port, host: "filtered.test", path: "/api/a%2Eb?q" });
      expect(JSON.parse(body)).toMatchObject({
        url: "/v1/a%2Eb?q",
        headers: { host: "inner.test", "x-forwarded-host": "filtered.test" },
      });
      expect(headers["server"]).toBeUndefined();
    }
  });

  test("a cluster's own endpoint is dialled from there", async () => {
    for (const port of ports()) {
      await served(port, "direct.test");
      const { body } = await ask({ port, host: "direct.test", path: "/x" });
      expect(JSON.parse(body)).toMatchObject({ url: "/x", headers: { "cdn-loop": "warren" } });
    }
  });

  test("the same clusters are served", async () => {
    for (const port of ports()) {
      await served(port, "filtered.test", "/api");
      const { status, body } = await ask({ port, host: "late.test" });
      expect([status, JSON.parse(body)]).toMatchObject([404, { error: { code: "not_enabled" } }]);
    }
  });
});
