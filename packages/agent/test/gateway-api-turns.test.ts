// What many routes that change at once cost the turn in which they are heard of.
import { virtualClock } from "@warren/host/testing";
import { expect, test } from "vitest";
import { Published } from "../src/published.ts";
import { STRICT_TLS } from "../src/target.ts";
import { clockVoice } from "../src/voice.ts";
import { HostOwners } from "../src/kube/host-owners.ts";
import type { ObjectMeta } from "../src/kube/objects.ts";
import {
  CONTROLLER_NAME,
  gateway,
  gatewayClass,
  http,
  meta,
  route,
  service,
} from "../src/kube/gateway-api/_kit.ts";
import { GatewayApiController } from "../src/kube/gateway-api/controller.ts";
import type { Gateway, GatewayClass, RouteObject } from "../src/kube/gateway-api/objects.ts";
import { feedOf } from "./_gateway-api-kit.ts";
import { MemoryObjects } from "./ingress/_objects.ts";

const cache = <T extends { metadata: ObjectMeta }>(...all: T[]) => {
  const objects = Object.assign(new MemoryObjects<T>(all), { resource: undefined });
  objects.sync();
  return objects;
};

async function started() {
  const clock = virtualClock();
  const published = new Published(clockVoice(() => clock.now()));
  const routes = cache<RouteObject>();
  const classes = cache<GatewayClass>();
  const gateways = cache<Gateway>();
  const others = {
    GRPCRoute: cache<RouteObject>(),
    TLSRoute: cache<RouteObject>(),
    TCPRoute: cache<RouteObject>(),
    UDPRoute: cache<RouteObject>(),
  };
  const controller = new GatewayApiController({
    sources: {
      classes,
      gateways,
      routes: { HTTPRoute: routes, ...others },
      grants: cache(),
      namespaces: cache(),
      policies: cache(),
    },
    feed: feedOf(cache(service("web"))),
    names: { names: [], onChange: () => () => {} },
    published,
    hosts: new HostOwners(),
    tls: STRICT_TLS,
    connectTimeoutMs: 1_000,
    controllerName: CONTROLLER_NAME,
    ports: { http: 80, tls: 443 },
    clock,
    random: () => 0.5,
    told: () => {},
    failed: (_object, error) => {
      throw error;
    },
  });
  classes.put(gatewayClass());
  gateways.put(gateway([http()]));
  await controller.synced;
  return { routes, count: () => [...published.routes()].length };
}

test("routes of many new hosts leave traffic its turn", async () => {
  const { routes, count } = await started();
  for (let n = 0; n < 500; n++) {
    const one = route({ hostnames: [`h${n}.test`] });
    routes.put({ ...one, metadata: meta(`r${n}`) });
  }
  // All that is done in this turn.
  for (let n = 0; n < 100; n++) await Promise.resolve();
  expect(count()).toBe(200);
  await expect.poll(count, { interval: 1 }).toBe(500);
});
