// What many routes that change at once cost the turn in which they are heard of.
import { virtualClock } from "@warren/host/testing";
import { expect, test, vi } from "vitest";
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
import type {
  BackendTlsPolicy,
  Gateway,
  GatewayClass,
  ListenerSet,
  RouteObject,
} from "../src/kube/gateway-api/objects.ts";
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
      policies: cache<BackendTlsPolicy>(),
      listenerSets: cache<ListenerSet>(),
    },
    feed: feedOf(cache(service("web"), service("web", { namespace: "late" }))),
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
  gateways.put(gateway([http({ allowedRoutes: { namespaces: { from: "All" } } })]));
  await controller.synced;
  const hosts = () => [...published.routes()].map(({ host }) => host);
  return { clock, controller, gateways, routes, hosts, count: () => hosts().length };
}

/** All that is done in this turn. */
const endOfTurn = async () => {
  for (let n = 0; n < 100; n++) await Promise.resolve();
};

test("routes of many new hosts leave traffic its turn", async () => {
  const { routes, hosts, count } = await started();
  for (let n = 0; n < 500; n++) {
    const one = route({ hostnames: [`h${n}.test`] });
    routes.put({ ...one, metadata: meta(`r${n}`) });
  }
  const parentRefs = [{ name: "edge", namespace: "infra" }];
  routes.put(route({ hostnames: ["late.test"], parentRefs }, { namespace: "late" }));
  await endOfTurn();
  expect(count()).toBe(200);
  // Namespaces take turns.
  expect(hosts()).toContain("late.test");
  await expect.poll(count, { interval: 1 }).toBe(501);
});

test("routes that take long to translate leave traffic its turn", async () => {
  const { clock, routes, count } = await started();
  let now = 0;
  vi.spyOn(clock, "now").mockImplementation(() => (now += 3));
  for (let n = 0; n < 10; n++)
    routes.put({ ...route({ hostnames: [`h${n}.test`] }), metadata: meta(`r${n}`) });
  await endOfTurn();
  expect(count()).toBeGreaterThan(0);
  expect(count()).toBeLessThan(10);
  await expect.poll(count, { interval: 1 }).toBe(10);
});

test("Gateways of many listeners leave traffic its turn", async () => {
  const { controller, gateways } = await started();
  const judged = () => controller.model.counts().Gateway;
  const listeners = Array.from({ length: 64 }, (_one, n) => http({ name: `l${n}`, port: 1 + n }));
  for (let n = 0; n < 20; n++) gateways.put(gateway(listeners, {}, { name: `g${n}` }));
  await endOfTurn();
  expect(judged()).toBe(1 + 4);
  await expect.poll(judged, { interval: 1 }).toBe(1 + 20);
});
